import EmbeddedStorage
import FaultLoad
import Platform
import Storage
import TelemetryModel
import TestSupport
import TraceAnalysis

/// A folder with every kind of file of the spans. The service of each span is named for the file that holds it, so that it is
/// known what damage to a file may cost; some traces have spans in several files.
struct DamagedSpans {
    /// Who has the spans: two blocks and two segments of the log.
    static let parts = ["block1", "block2", "log1", "log2"]

    let files: StoreFiles
    /// What must be there, by part.
    let written: [String: [Span]]

    init() throws {
        let system = FaultFileSystem(seed: 0)
        var generator = RandomSpans(seed: 1)
        let traces = (0..<12).map { _ in generator.trace(spanCount: 8) }
        var written: [String: [Span]] = [:]
        var store = try Self.open(system)
        for (number, part) in Self.parts.enumerated() {
            if number >= 2 {
                // The end of the process ends a segment.
                system.endProcess()
                store = try Self.open(system)
            }
            for (trace, spans) in traces.enumerated() {
                // Every third trace is in all files, the others are in one.
                let own = trace % 3 == 0 ? Array(spans[(number * 2)..<(number * 2 + 2)]) : trace % 4 == number ? spans : []
                let renamed = own.map { Self.renamed($0, part) }
                written[part, default: []] += renamed
                _ = try store.write(SpanBatch(renamed))
            }
            if number < 2 { try store.flush() }
        }
        self.written = written.mapValues(Self.sorted)
        files = try StoreFiles(system, "/store")
    }

    static func open(_ system: FaultFileSystem) throws -> EmbeddedStore {
        try EmbeddedStore.open(directory: "/store", fileSystem: system, time: ManualTime(now: FaultClock.now))
    }

    /// The span as one of the service `part`.
    static func renamed(_ span: Span, _ part: String) -> Span {
        var span = span
        span.resource.attributes.removeAll { $0.key == "service.name" }
        span.resource.attributes.append(Attribute("service.name", .string(part)))
        return span
    }

    static func sorted(_ spans: [Span]) -> [Span] {
        spans.sorted { ($0.traceID, $0.spanID, $0.side.rawValue) < ($1.traceID, $1.spanID, $1.side.rawValue) }
    }

    /// Everything that a store still has, by part; damage that is met on the way ends a scan once.
    static func spans(_ store: EmbeddedStore) throws -> [String: [Span]] {
        try patiently {
            var found: [Span] = []
            try store.scan(from: 0, through: .max) { found += $0.spans }
            return Dictionary(grouping: sorted(found)) { $0.resource.serviceName }
        }
    }

    /// Does something again after damage has been met, which is set aside then.
    static func patiently<Result>(_ body: () throws -> Result) throws -> Result {
        for _ in 0..<parts.count {
            do { return try body() } catch let error as StorageError where error.kind == .corrupt {}
        }
        return try body()
    }

    /// What the rollups say of the operations of each part, without what depends on other parts.
    static func sums(_ table: RollupTable) -> [String: [OperationKey: OperationRollup]] {
        var sums: [String: [OperationKey: OperationRollup]] = [:]
        for (key, row) in table.operations {
            var row = row
            row.entryCalls = 0
            sums[key.service, default: [:]][key] = row
        }
        return sums
    }

    /// The part whose spans a file has.
    func part(of path: String) -> String? {
        if path.contains("/spans/blocks/0000000000000001/") { return "block1" }
        if path.contains("/spans/blocks/0000000000000002/") { return "block2" }
        let segments = files.paths.filter { $0.contains("/spans/log/") }
        return segments.firstIndex(of: path).map { Self.parts[2 + $0] }
    }
}
