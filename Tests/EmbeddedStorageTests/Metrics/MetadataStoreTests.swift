import Platform
import Storage
import TelemetryModel
import Testing

@testable import EmbeddedStorage

/// Opens a store of metadata on files that can fail.
private struct MetadataFiles {
    static let path = "/store/metadata"
    let system: FaultFileSystem
    var options = MetadataStoreOptions()

    /// The folder itself is durable.
    init(seed: UInt64 = 0) throws {
        system = FaultFileSystem(seed: seed)
        try system.makeDirectory("/store")
        try system.syncDirectory("/")
    }

    func open() throws -> MetadataStore {
        try MetadataStore.open(directory: Self.path, options: options, fileSystem: system)
    }

    static func batch(_ names: [String], _ help: String) -> MetricBatch {
        var batch = MetricBatch()
        batch.metadata = names.map { MetricMetadata(metric: $0, type: .gauge, help: help, unit: "s") }
        return batch
    }

    static func all(_ store: MetadataStore) throws -> [String] {
        try store.metadata(metric: nil, limit: .max).map { "\($0.metric) \($0.help)" }
    }
}

@Suite("Metadata on disk")
struct MetadataStoreTests {
    @Test("what keeps changing does not make the log grow; what is known stays the same, also after a restart")
    func rewriting() throws {
        var files = try MetadataFiles()
        files.options.garbageByteLimit = 1_000
        let store = try files.open()
        for round in 0..<200 {
            #expect(try store.write(MetadataFiles.batch(["a", "b"], "help \(round)")).stored == 2)
            try store.maintain()
            var status = StoreStatus()
            store.report(to: &status)
            #expect(status.byteCount < 1_500)
        }
        #expect(try MetadataFiles.all(store) == ["a help 199", "b help 199"])
        #expect(try MetadataFiles.all(try files.open()) == ["a help 199", "b help 199"])
    }

    @Test("after a loss of power at any moment the last synced or a later help is there", arguments: 0..<30)
    func powerLoss(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var files = try MetadataFiles(seed: seed)
        files.options.garbageByteLimit = 300
        let store = try files.open()
        var synced = -1
        for round in 0..<Int.random(in: 1..<60, using: &random) {
            _ = try store.write(MetadataFiles.batch(["a"], "\(round)"))
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                try store.sync()
                synced = round
            case 1: try store.maintain()
            default: break
            }
        }
        files.system.powerLoss()
        let found = try MetadataFiles.all(try files.open()).first.flatMap { Int($0.dropFirst(2)) } ?? -1
        #expect(found >= synced, "seed \(seed)")
    }

    @Test("metrics beyond the limits are refused, long texts cut at a whole character")
    func limits() throws {
        var files = try MetadataFiles()
        files.options.metricLimit = 2
        files.options.helpByteLimit = 5
        files.options.nameByteLimit = 8
        let store = try files.open()
        #expect(try store.write(MetadataFiles.batch(["a", "b"], "ééé")).stored == 2)
        let receipt = try store.write(MetadataFiles.batch(["c", "a", "too_long_a_name"], "new"))
        #expect(receipt.stored == 1 && Set(receipt.refusals.map(\.reason)) == [.seriesLimit, .tooLarge])
        #expect(try MetadataFiles.all(store) == ["a new", "b éé"])
        files.options.byteLimit = 12
        let small = try files.open()
        #expect(try small.write(MetadataFiles.batch(["a"], "other")).refusals.map(\.reason) == [.seriesLimit])
        #expect(try MetadataFiles.all(small) == ["a new", "b éé"])
    }

    @Test("mutated records throw or give entries that fit into them, and never trap")
    func mutations() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        let files = try MetadataFiles()
        _ = try files.open().write(MetadataFiles.batch(["a", "b", "c"], "help"))
        let name = try #require(try files.system.list(MetadataFiles.path).first)
        let record = try files.system.readAll("\(MetadataFiles.path)/\(name)", limit: 1 << 20)[(28 + 22)...]
        #expect(try Array(record).withUnsafeBytes { try MetadataLogFormat.decode($0) }.count == 3)
        for _ in 0..<3_000 {
            var bytes = Array(record)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0...bytes.count, using: &random)) }
            let entries = bytes.withUnsafeBytes { try? MetadataLogFormat.decode($0) } ?? []
            let byteCount = entries.reduce(0) { $0 + 4 + $1.metric.utf8.count + $1.help.utf8.count + $1.unit.utf8.count }
            #expect(byteCount <= bytes.count, "seed \(seed)")
        }
    }
}
