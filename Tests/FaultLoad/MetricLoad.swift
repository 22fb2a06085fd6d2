import EmbeddedStorage
import Platform
import Storage
import TelemetryModel
import TestSupport

/// What one writer does to its own series.
public struct MetricLoad: FaultSubject {
    private enum Action {
        case write(MetricBatch)
        case delete(SeriesQuery)
    }

    /// Metrics.
    public static let name = "metrics"
    /// The phases that the life of samples has.
    public static let phases: [KillPhase] = [
        .append, .roll, .blockWrite, .rename, .sourceDelete, .compaction, .retention, .snapshot, .recovery,
    ]
    /// The clock stands still.
    public static let tick: UInt64 = 0
    /// Long enough for the third thread to come in between.
    public static let pause: UInt32 = 300
    /// Deletions are not done twice.
    public static let retries = false
    /// Nothing need be small.
    public static func tune(_ options: inout EmbeddedStoreOptions, seed: UInt64) {}
    /// A flush.
    public static func cut(_ store: EmbeddedStore) throws { try store.flush() }
    /// Flushes whatever they are called, and syncs.
    public static let settlingOrders: [@Sendable (EmbeddedStore) throws -> Void] = [
        { try $0.sync() }, { try $0.flush() }, { try $0.compact() }, { try $0.purgeDeleted() }, { try $0.maintain() },
    ]

    private let seed: UInt64
    private let writer: Int
    private let isSteady: Bool

    /// A writer of a seed.
    public init(seed: UInt64, writer: Int, isSteady: Bool) {
        self.seed = seed
        self.writer = writer
        self.isSteady = isSteady
    }

    /// Writes or deletes.
    public func perform(_ index: Int, on store: any Store) throws -> [Int] {
        switch try action(index) {
        case .write(let batch): return FaultLine.counts(try store.write(batch))
        case .delete(let query):
            try store.delete(query)
            return []
        }
    }

    /// Deletions are durable at once.
    public func settles(_ index: Int) throws -> Bool {
        if case .delete = try action(index) { true } else { false }
    }

    /// The series of this writer.
    public func content(of store: any Store, from: Int64, through: Int64) throws -> [PlainSeries] {
        try PlainSeries.all(store, try matchers, from: from, through: through)
    }

    /// Samples.
    public static func count(_ content: [PlainSeries]) -> Int { content.reduce(0) { $0 + $1.bits.count } }

    /// The first sample that differs.
    public static func difference(_ found: [PlainSeries], _ expected: [PlainSeries]) -> String {
        PlainSeries.difference(found, expected)
    }

    /// Samples that were never written so.
    public static func strangers(_ found: [PlainSeries], known: [PlainSeries]) -> [String] {
        found.flatMap { series in
            let rows = known.filter { $0.labels == series.labels }.flatMap { zip($0.timestamps, $0.bits) }
            let bits = Dictionary(rows.map { ($0, Set([$1])) }) { $0.union($1) }
            return zip(series.timestamps, series.bits).filter { bits[$0]?.contains($1) != true }
                .map { "\(series.labels) at \($0.0) was never written so" }
        }
    }

    /// Nothing is kept beside the samples.
    public static func contradictions(in store: any Store, accepted: [[PlainSeries]], isCompacted: Bool) throws -> [String] { [] }

    private var matchers: [LabelMatcher] { get throws { [try LabelMatcher("writer", .equal, "w\(writer)")] } }

    private func action(_ index: Int) throws -> Action {
        var random = SeededRandom(seed: seed &+ UInt64(writer) &* 1_000_003 &+ UInt64(index) &* 0x9E37_79B9)
        if isSteady { return .write(steady(index, &random)) }
        if Int.random(in: 0..<20, using: &random) == 0 { return .delete(try deletion(index, &random)) }
        return .write(batch(index, &random))
    }

    private func steady(_ index: Int, _ random: inout SeededRandom) -> MetricBatch {
        var batch = MetricBatch()
        for host in 0..<3 {
            let sample = Sample(timestamp: FaultClock.start + Int64(index) * FaultClock.steadyStep, value: Self.value(&random))
            batch.append(labels(host, index), [sample])
        }
        return batch
    }

    /// Samples that go on, come late, repeat or contradict what is there, lie too far in the past or in the future.
    private func batch(_ index: Int, _ random: inout SeededRandom) -> MetricBatch {
        var batch = MetricBatch()
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let host = Int.random(in: 0..<6, using: &random)
            var timestamp = FaultClock.start + Int64(index) * 10_000
            if Int.random(in: 0..<4, using: &random) == 0 { timestamp -= Int64.random(in: 0..<1_000, using: &random) * 1_000 }
            if Int.random(in: 0..<40, using: &random) == 0 { timestamp -= 10_000_000 }
            if Int.random(in: 0..<40, using: &random) == 0 { timestamp += 200_000_000 }
            var samples: [Sample] = []
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                let value = host == 5 ? Double(Int.random(in: 0..<9, using: &random)) : Self.value(&random)
                samples.append(Sample(timestamp: timestamp, value: value))
                timestamp += [1_000, 1_000, 1_000, 0, -3_000].randomElement(using: &random) ?? 0
            }
            batch.append(labels(host, index), samples, isDelta: host == 5)
        }
        return batch
    }

    /// The fourth series ends and begins again, as those of short-lived containers do.
    private func labels(_ host: Int, _ index: Int) -> Labels {
        let name = host == 3 ? "h3-\(index / 40)" : "h\(host)"
        return Labels(["__name__": "load", "writer": "w\(writer)", "host": name])
    }

    private static func value(_ random: inout SeededRandom) -> Double {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: Double.random(in: 0..<1, using: &random)
        case 1: Sample.staleMarker
        case 2: -0.0
        case 3: Double(bitPattern: 0x7FF8_0000_0000_0000 | UInt64.random(in: 0..<1_000, using: &random))
        case 4: [.infinity, -.infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude].randomElement(using: &random) ?? 0
        default: (Double.random(in: 0..<100, using: &random) * 100).rounded() / 100
        }
    }

    private func deletion(_ index: Int, _ random: inout SeededRandom) throws -> SeriesQuery {
        let host = try LabelMatcher("host", .matches, "h\(Int.random(in: 0..<6, using: &random)).*")
        let from = FaultClock.start + (Int64(index) - Int64.random(in: 0..<100, using: &random)) * 10_000
        let through = Bool.random(using: &random) ? .max : from + Int64.random(in: 0..<500, using: &random) * 1_000
        return SeriesQuery(try matchers + [host], from: max(0, from), through: through)
    }
}
