import EmbeddedStorage
import FaultLoad
import Platform
import Storage
import TelemetryModel
import TestSupport

/// A folder with every kind of file of the metrics. The samples of each file carry its name in the label `part`, so that it is
/// known what damage to a file may cost.
struct DamagedFolder {
    /// Who has the samples: two blocks and two segments of the log.
    static let parts = ["block1", "block2", "log1", "log2"]
    private static let time = ManualTime(now: FaultClock.now)

    let files: StoreFiles
    /// What must be there, by part.
    let written: [String: [PlainSeries]]
    /// What the deletion has hidden, which comes back when its file is damaged.
    let deleted: [PlainSeries]
    let metadata: [MetricMetadata]

    init() throws {
        let system = FaultFileSystem(seed: 0)
        var random = SeededRandom(seed: 1)
        var store = try Self.open(system)
        for part in ["block1", "block2"] {
            for step in 0..<30 { _ = try store.write(Self.batch(part, step, &random)) }
            try store.flush()
        }
        let query = SeriesQuery(
            [try LabelMatcher("part", .equal, "block2"), try LabelMatcher("host", .equal, "h1")], from: 0, through: .max)
        deleted = try PlainSeries.all(store, query.matchers)
        try store.delete(query)
        for part in ["log1", "log2"] {
            // The end of the process ends a segment.
            system.endProcess()
            store = try Self.open(system)
            for step in 0..<30 { _ = try store.write(Self.batch(part, step, &random)) }
        }
        var found: [String: [PlainSeries]] = [:]
        for part in Self.parts { found[part] = try Self.samples(store, part) }
        written = found
        metadata = try store.metadata(metric: nil, limit: .max)
        files = try StoreFiles(system, "/store")
    }

    static func open(_ system: FaultFileSystem) throws -> EmbeddedStore {
        try EmbeddedStore.open(directory: "/store", fileSystem: system, time: time)
    }

    static func samples(_ store: EmbeddedStore, _ part: String) throws -> [PlainSeries] {
        try PlainSeries.all(store, [try LabelMatcher("part", .equal, part)])
    }

    /// A step of a part: one record of the log.
    static func batch(_ part: String, _ step: Int, _ random: inout SeededRandom) -> MetricBatch {
        var batch = MetricBatch()
        for host in 0..<3 {
            let series = Labels(["__name__": "load", "part": part, "host": "h\(host)"])
            let value = host == 0 ? Double(step) : Double.random(in: 0..<1, using: &random)
            let time = FaultClock.start + Int64(step) * 1_000
            batch.append(series, [Sample(timestamp: time, value: value)])
            batch.append(Exemplar(labels: Labels(["trace_id": "\(step)"]), value: value, timestamp: time), of: series)
        }
        batch.metadata = [MetricMetadata(metric: "load_\(part)_\(step)", type: .gauge, help: "Load.", unit: "")]
        return batch
    }

    /// The part whose samples a file has.
    func part(of path: String) -> String? {
        if path.contains("/block-0000000001/") { return "block1" }
        if path.contains("/block-0000000002/") { return "block2" }
        let segments = files.paths.filter { $0.contains("/metrics/log/") }
        return segments.firstIndex(of: path).map { Self.parts[2 + $0] }
    }
}
