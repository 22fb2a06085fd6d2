import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing

@testable import EmbeddedStorage

/// Opens a store of exemplars on files that can fail.
private struct ExemplarFiles {
    static let path = "/store/exemplars"
    let system: FaultFileSystem
    let time = ManualTime(now: 1_763_683_200_000_000_000)
    var options = ExemplarStoreOptions()

    /// The folder itself is durable.
    init(seed: UInt64 = 0) throws {
        system = FaultFileSystem(seed: seed)
        try system.makeDirectory("/store")
        try system.syncDirectory("/")
    }

    func open() throws -> ExemplarStore {
        try ExemplarStore.open(directory: Self.path, options: options, fileSystem: system, time: time)
    }

    static func series(_ number: Int) -> Labels { Labels(["__name__": "m", "i": "\(number)"]) }

    static func batch(_ rows: [(series: Int, time: Int64, value: Double)]) -> MetricBatch {
        var batch = MetricBatch()
        for row in rows {
            let labels = Labels(["trace_id": String(row.time, radix: 16)])
            batch.append(Exemplar(labels: labels, value: row.value, timestamp: row.time), of: series(row.series))
        }
        return batch
    }

    static func all(_ store: some ExemplarReader) throws -> [SeriesExemplars] {
        try store.exemplars([[try LabelMatcher("i", .notEqual, "")]], from: .min, through: .max, limit: .max)
    }

    static func times(_ store: ExemplarStore) throws -> [Int64] { try all(store).flatMap(\.exemplars).map(\.timestamp) }
}

@Suite("Exemplars on disk")
struct ExemplarStoreTests {
    @Test("after any mixture of writes, restarts and upkeep the engine holds what the reference holds", arguments: 0..<12)
    func differential(round: Int) throws {
        // The first seed sends an exemplar twice in a batch whose newer ones push it out in between.
        let fixed: [UInt64] = [8_064_553_719_063_066_231, 1, 2, 3, 4, 5, 6, 7]
        let seed = round < fixed.count ? fixed[round] : UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        var files = try ExemplarFiles(seed: seed)
        files.options.seriesExemplarLimit = 7
        let reference = InMemoryStore(time: files.time, seriesExemplarLimit: 7)
        var engine = try files.open()
        for step in 0..<80 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0: engine = try files.open()
            case 1: try engine.sync()
            case 2: try engine.maintain()
            default:
                let rows = (0..<Int.random(in: 1...9, using: &random)).map { _ in
                    (
                        series: Int.random(in: 0..<5, using: &random),
                        time: Int64(step) * 400_000 + Int64.random(in: -5...5, using: &random) * 1_000_000,
                        value: Double(Int.random(in: 0..<2, using: &random))
                    )
                }
                let batch = ExemplarFiles.batch(rows)
                let receipt = try engine.write(batch)
                let expected = try reference.write(batch).exemplars
                #expect(
                    receipt.stored == expected.stored && receipt.duplicates == expected.duplicates, "seed \(seed), step \(step)")
                #expect(
                    receipt.refusals.map(\.reason.rawValue).sorted() == expected.refusals.map(\.reason.rawValue).sorted()
                        && receipt.refusedCount == expected.refusedCount, "seed \(seed), step \(step)")
            }
            #expect(try ExemplarFiles.all(engine) == ExemplarFiles.all(reference), "seed \(seed), step \(step)")
        }
    }

    @Test("after a loss of power everything synced is there, and nothing that was not written", arguments: 0..<30)
    func powerLoss(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let files = try ExemplarFiles(seed: seed)
        var time: Int64 = 0
        for _ in 0..<3 {
            let store = try files.open()
            var synced = try ExemplarFiles.times(store).count
            time = Int64(synced)
            for _ in 0..<Int.random(in: 1..<30, using: &random) {
                _ = try store.write(ExemplarFiles.batch([(1, time, 1)]))
                time += 1
                if Int.random(in: 0..<5, using: &random) == 0 {
                    try store.sync()
                    synced = Int(time)
                }
            }
            files.system.powerLoss()
            let found = try ExemplarFiles.times(try files.open())
            #expect(found == (0..<Int64(found.count)).map { $0 } && found.count >= synced, "seed \(seed)")
        }
    }

    @Test("above the limit of bytes the oldest segments go, the same before and after a restart")
    func byteLimit() throws {
        var files = try ExemplarFiles()
        files.options.byteLimit = 8_000
        var store = try files.open()
        for time in 0..<1_000 {
            _ = try store.write(ExemplarFiles.batch([(time % 3, Int64(time), 1)]))
            var status = StoreStatus()
            store.report(to: &status)
            #expect(status.byteCount <= 8_000 + 1_200)
        }
        let found = try ExemplarFiles.all(store)
        let times = found.flatMap(\.exemplars).map(\.timestamp).sorted()
        #expect(times.count > 50 && times == (1_000 - Int64(times.count)..<1_000).map { $0 })
        store = try files.open()
        #expect(try ExemplarFiles.all(store) == found)
    }

    @Test("what is older than the retention is forgotten, its segments deleted")
    func retention() throws {
        var files = try ExemplarFiles()
        files.options.retentionTime = 1_000_000
        files.options.outOfOrderWindow = .max / 2
        let now = files.time.nowMilliseconds()
        let store = try files.open()
        _ = try store.write(ExemplarFiles.batch([(1, 5, 1), (1, now - 999_000, 1), (2, 7, 1)]))
        try store.maintain()
        #expect(try ExemplarFiles.times(store) == [now - 999_000])
        files.time.advance(nanoseconds: 2_000_000_000)
        try store.maintain()
        #expect(try ExemplarFiles.times(store).isEmpty)
        #expect(try files.system.list(ExemplarFiles.path).isEmpty)
        // Intake of old exemplars goes on, and series are defined anew.
        #expect(try store.write(ExemplarFiles.batch([(1, 9, 1)])).stored == 1)
        #expect(try ExemplarFiles.times(try files.open()) == [9])
    }

    @Test("a full disk refuses exemplars and forgets nothing; later ones are coded so that they can be read")
    func fullDisk() throws {
        let files = try ExemplarFiles()
        let store = try files.open()
        _ = try store.write(ExemplarFiles.batch([(1, 1, 1)]))
        files.system.setCapacity(0)
        let error = #expect(throws: StorageError.self) { try store.write(ExemplarFiles.batch([(1, 2, 1), (2, 2, 1)])) }
        #expect(error?.kind == .unavailable)
        #expect(try ExemplarFiles.times(store) == [1])
        files.system.setCapacity(nil)
        #expect(try store.write(ExemplarFiles.batch([(2, 2, 1), (1, 2, 1)])).stored == 2)
        #expect(try ExemplarFiles.times(try files.open()) == [1, 2, 2])
    }

    @Test("any bytes in place of the log are passed over and named, never more is read than was written")
    func mutations() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        let files = try ExemplarFiles()
        let store = try files.open()
        for time in 0..<20 { _ = try store.write(ExemplarFiles.batch([(time % 3, Int64(time), 1)])) }
        try store.sync()
        let name = try #require(try files.system.list(ExemplarFiles.path).first)
        let original = try files.system.readAll("\(ExemplarFiles.path)/\(name)", limit: 1 << 20)
        for _ in 0..<300 {
            var bytes = original
            bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
            if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 1...bytes.count, using: &random)) }
            let damaged = bytes
            try files.system.create("\(ExemplarFiles.path)/\(name)").append(damaged)
            let opened = try files.open()
            // Checksums: whatever is read is what was written.
            for series in try ExemplarFiles.all(opened) {
                for exemplar in series.exemplars {
                    #expect((0..<20).contains(exemplar.timestamp) && exemplar.value == 1, "seed \(seed)")
                    #expect(series.labels == ExemplarFiles.series(Int(exemplar.timestamp) % 3), "seed \(seed)")
                }
            }
            try files.system.remove("\(ExemplarFiles.path)/\(name)")
        }
        // Payloads behind a right checksum are not believed either.
        let payload = Array(original[(28 + 22)...])
        for _ in 0..<2_000 {
            var bytes = payload
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            var decoder = ExemplarLogDecoder()
            let rows = bytes.withUnsafeBytes { raw in try? decoder.decode(raw, segment: 1) }
            #expect((rows?.found.count ?? 0) <= bytes.count / 11, "seed \(seed)")
        }
    }
}
