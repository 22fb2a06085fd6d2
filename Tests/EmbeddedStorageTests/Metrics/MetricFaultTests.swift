import Platform
import Storage
import TelemetryModel
import Testing

@testable import EmbeddedStorage

/// Opens the metrics of a store on these files and reads what is there.
private struct MetricFiles {
    let system: FaultFileSystem
    let time = ManualTime(now: 1_763_683_200_000_000_000)
    var options = MetricStoreOptions()

    /// The folder itself is durable, as the store's directory sees to it.
    init(seed: UInt64 = 0) throws {
        system = FaultFileSystem(seed: seed)
        try system.makeDirectory("/store/metrics")
        try system.syncDirectory("/store")
        try system.syncDirectory("/")
    }

    func open() throws -> MetricStore {
        try MetricStore.open(directory: "/store/metrics", options: options, fileSystem: system, time: time)
    }

    static func batch(_ step: Int, seriesCount: Int = 3) -> MetricBatch {
        var batch = MetricBatch()
        for index in 0..<seriesCount {
            let labels = Labels(["__name__": "load", "host": "h\(index)"])
            batch.append(labels, [Sample(timestamp: Int64(step) * 1_000, value: Double(step * 10 + index) / 8)])
        }
        return batch
    }

    /// The timestamps of each series.
    static func timestamps(_ store: MetricStore) throws -> [[Int64]] {
        var found: [[Int64]] = []
        let matcher = try LabelMatcher("__name__", .equal, "load")
        try store.scan(SeriesQuery([matcher], from: 0, through: .max)) { series in
            let host = Int(series.labels["host"]?.dropFirst() ?? "") ?? -1
            #expect(zip(series.timestamps, series.values).allSatisfy { Double($0 / 100 + Int64(host)) / 8 == $1 })
            found.append(Array(series.timestamps))
        }
        return found
    }
}

@Suite("Metrics under faults")
struct MetricFaultTests {
    @Test("after a loss of power everything synced is there, and nothing else than what was written", arguments: 0..<40)
    func powerLoss(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let files = try MetricFiles(seed: seed)
        var step = 0
        for _ in 0..<3 {
            let store = try files.open()
            var synced = try MetricFiles.timestamps(store).first?.last.map { Int($0 / 1_000) } ?? -1
            step = synced + 1
            for _ in 0..<Int.random(in: 1..<30, using: &random) {
                _ = try store.write(MetricFiles.batch(step))
                switch Int.random(in: 0..<8, using: &random) {
                case 0:
                    try store.sync()
                    synced = step
                case 1:
                    try store.flush()
                    synced = step
                case 2:
                    try store.compact()
                    synced = step
                default: break
                }
                step += 1
            }
            files.system.powerLoss()
            let found = try MetricFiles.timestamps(try files.open())
            for timestamps in found {
                #expect(timestamps == (0..<timestamps.count).map { Int64($0) * 1_000 }, "seed \(seed)")
                #expect(timestamps.count > synced, "seed \(seed): synced up to \(synced)")
            }
            #expect(synced < 0 || found.count == 3, "seed \(seed)")
        }
    }

    @Test("with durability always, what was acknowledged survives failing syncs and a loss of power", arguments: 0..<40)
    func failingSyncs(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var files = try MetricFiles(seed: seed)
        files.options.durability = .synced
        let store = try files.open()
        var refusedCount = 0
        for step in 0..<30 {
            if Int.random(in: 0..<4, using: &random) == 0 { files.system.failSyncs(Int.random(in: 1...3, using: &random)) }
            // As a sender does: again until it is acknowledged.
            while true {
                do {
                    let receipt = try store.write(MetricFiles.batch(step))
                    #expect(receipt.stored + receipt.duplicates == 3 && receipt.durability == .synced, "seed \(seed)")
                    break
                } catch let error as StorageError {
                    #expect(error.kind == .unavailable, "seed \(seed)")
                    refusedCount += 1
                    try? store.sync()
                }
            }
        }
        files.system.powerLoss()
        let times = (0..<30).map { Int64($0) * 1_000 }
        #expect(try MetricFiles.timestamps(try files.open()) == [times, times, times], "seed \(seed), \(refusedCount) refused")
    }

    @Test("a full disk refuses writes while reads go on, and writes resume when there is room")
    func fullDisk() throws {
        let files = try MetricFiles()
        let store = try files.open()
        _ = try store.write(MetricFiles.batch(0))
        files.system.setCapacity(0)
        let error = #expect(throws: StorageError.self) { try store.write(MetricFiles.batch(1)) }
        #expect(error?.kind == .unavailable)
        #expect(throws: StorageError.self) { try store.flush() }
        #expect(store.status().writeRefusal != nil)
        #expect(try MetricFiles.timestamps(store) == [[0], [0], [0]])
        files.system.setCapacity(nil)
        try store.maintain()
        #expect(store.status().writeRefusal == nil)
        #expect(try store.write(MetricFiles.batch(1)).stored == 3)
        try store.flush()
        #expect(try MetricFiles.timestamps(try files.open()) == [[0, 1_000], [0, 1_000], [0, 1_000]])
    }

    @Test("a flush that fails loses nothing, and the next one writes both heads")
    func failedFlush() throws {
        let files = try MetricFiles()
        let store = try files.open()
        _ = try store.write(MetricFiles.batch(0))
        files.system.setCapacity(files.system.byteCount + 20)
        #expect(throws: StorageError.self) { try store.flush() }
        files.system.setCapacity(nil)
        _ = try store.write(MetricFiles.batch(1))
        #expect(try store.write(MetricFiles.batch(0)).duplicates == 3)
        #expect(try MetricFiles.timestamps(store).first == [0, 1_000])
        try store.flush()
        #expect(store.status().metricBlocks == 2 && store.status().headSamples == 0)
        #expect(try MetricFiles.timestamps(try files.open()).first == [0, 1_000])
    }

    @Test(
        "a damaged block is named and not used, the others go on; checking names it too",
        arguments: ["meta", "index", "chunks", "times"])
    func damagedBlock(file: String) throws {
        let files = try MetricFiles()
        var store = try files.open()
        for step in 0..<2 {
            _ = try store.write(MetricFiles.batch(step))
            try store.flush()
        }
        // The middle of the file: neither length nor magic give it away.
        try files.system.corrupt("/store/metrics/blocks/block-0000000001/\(file)") { $0[$0.count / 2] ^= 0x10 }
        store = try files.open()
        #expect(try MetricFiles.timestamps(store) == [[1_000], [1_000], [1_000]])
        let status = store.status()
        #expect(status.damages.count == 1 && status.damages.allSatisfy { $0.contains("block-0000000001") })
        #expect(status.metricBlocks == 1)
        #expect(try store.write(MetricFiles.batch(2)).stored == 3)
    }

    @Test("a flipped byte in the log costs no sample of another segment, invents none, and the segment is kept", arguments: 0..<30)
    func damagedLog(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let files = try MetricFiles()
        for step in 0..<8 { _ = try files.open().write(MetricFiles.batch(step)) }
        let names = try files.system.list("/store/metrics/log")
        #expect(names.count == 8)
        let damaged = names[3]
        let count = try files.system.readAll("/store/metrics/log/\(damaged)", limit: 1 << 20).count
        let (place, change) = (Int.random(in: 28..<count, using: &random), UInt8.random(in: 1...255, using: &random))
        try files.system.corrupt("/store/metrics/log/\(damaged)") { $0[place] ^= change }
        let store = try files.open()
        let expected = (0..<8).filter { $0 != 3 }.map { Int64($0) * 1_000 }
        #expect(try MetricFiles.timestamps(store) == [expected, expected, expected], "seed \(seed)")
        #expect(store.status().damages.count == 1)
        try store.flush()
        #expect(try files.system.list("/store/metrics/log") == ["damaged-\(damaged)"])
        #expect(try MetricFiles.timestamps(files.open()) == [expected, expected, expected])
    }

    @Test("any bytes in place of a block's files are refused or read, and never trap")
    func mutatedBlock() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        let files = try MetricFiles()
        let store = try files.open()
        for step in 0..<30 { _ = try store.write(MetricFiles.batch(step)) }
        try store.flush()
        let path = "/store/metrics/blocks/block-0000000001"
        for _ in 0..<150 {
            let name = ["meta", "index", "chunks", "times"].randomElement(using: &random) ?? "index"
            let original = try files.system.readAll("\(path)/\(name)", limit: 1 << 20)
            var bytes = original
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
            }
            if Int.random(in: 0..<4, using: &random) == 0 { bytes.removeLast(Int.random(in: 1...bytes.count, using: &random)) }
            let damaged = bytes
            try files.system.corrupt("\(path)/\(name)") { $0 = damaged }
            // Damage may show when some series have been passed on already.
            #expect(try MetricFiles.timestamps(try files.open()).count <= 3, "seed \(seed)")
            try files.system.corrupt("\(path)/\(name)") { $0 = original }
        }
        #expect(try MetricFiles.timestamps(try files.open()).count == 3)
    }

    @Test("blocks whose newest sample is old enough are deleted, intake of old samples goes on")
    func retention() throws {
        var files = try MetricFiles()
        files.options.retentionTime = 1_000_000
        let store = try files.open()
        _ = try store.write(MetricFiles.batch(5))
        try store.flush()
        var recent = MetricBatch()
        recent.append(
            Labels(["__name__": "load", "host": "h7"]), [Sample(timestamp: files.time.nowMilliseconds() - 999_000, value: 1)])
        _ = try store.write(recent)
        try store.flush()
        try store.maintain()
        #expect(store.status().metricBlocks == 1)
        files.time.advance(nanoseconds: 2_000_000_000)
        try store.maintain()
        #expect(store.status().metricBlocks == 0)
        #expect(try files.system.list("/store/metrics/blocks").isEmpty)
        #expect(try store.write(MetricFiles.batch(6)).stored == 3)
    }

    @Test("more samples than the head may hold are refused until they are flushed")
    func backPressure() throws {
        var files = try MetricFiles()
        files.options.headSampleLimit = 3
        let store = try files.open()
        // As long as a merge has the blocks, nobody flushes.
        try store.workshop.withLock { _ in
            for step in 0..<2 { _ = try store.write(MetricFiles.batch(step)) }
            let error = #expect(throws: StorageError.self) { try store.write(MetricFiles.batch(2)) }
            #expect(error?.kind == .unavailable)
        }
        try store.maintain()
        #expect(store.status().headSamples == 0 && store.status().metricBlocks == 1)
        // Otherwise whoever fills the head writes it to a block.
        #expect(try store.write(MetricFiles.batch(2)).stored == 3)
        #expect(store.status().headSamples == 0 && store.status().metricBlocks == 2)
    }
}
