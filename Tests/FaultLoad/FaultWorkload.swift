import Platform
import Storage
import TelemetryModel

/// What one writer does to its own series, action by action; everything follows from the seed, so that whoever knows how many
/// actions were acknowledged knows what must be there.
public struct FaultWorkload: Sendable {
    /// One call of the store.
    public enum Action: Sendable {
        /// Writes samples.
        case write(MetricBatch)
        /// Deletes samples.
        case delete(SeriesQuery)
    }

    /// The first moment, milliseconds: 2023-11-14.
    public static let start: Int64 = 1_700_000_000_000
    /// How far apart the actions of steady writing are, milliseconds.
    public static let steadyStep: Int64 = 60_000
    /// The clock of the store, unless the test moves it, nanoseconds.
    public static let now = UInt64(start + 100_000_000) * 1_000_000

    private let seed: UInt64
    private let writer: Int
    private let isSteady: Bool

    /// `isSteady` writers write only ever newer samples, a step each, and delete nothing.
    public init(seed: UInt64, writer: Int, isSteady: Bool = false) {
        self.seed = seed
        self.writer = writer
        self.isSteady = isSteady
    }

    /// Matches everything that this writer writes.
    public var matchers: [LabelMatcher] { get throws { [try LabelMatcher("writer", .equal, "w\(writer)")] } }

    /// The action with a number.
    public func action(_ index: Int) throws -> Action {
        var random = SeededRandom(seed: seed &+ UInt64(writer) &* 1_000_003 &+ UInt64(index) &* 0x9E37_79B9)
        if isSteady { return .write(steady(index, &random)) }
        if Int.random(in: 0..<20, using: &random) == 0 { return .delete(try deletion(index, &random)) }
        return .write(batch(index, &random))
    }

    private func steady(_ index: Int, _ random: inout SeededRandom) -> MetricBatch {
        var batch = MetricBatch()
        for host in 0..<3 {
            let sample = Sample(timestamp: Self.start + Int64(index) * Self.steadyStep, value: Self.value(&random))
            batch.append(labels(host, index), [sample])
        }
        return batch
    }

    /// Samples that go on, come late, repeat or contradict what is there, lie too far in the past or in the future.
    private func batch(_ index: Int, _ random: inout SeededRandom) -> MetricBatch {
        var batch = MetricBatch()
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let host = Int.random(in: 0..<6, using: &random)
            var timestamp = Self.start + Int64(index) * 10_000
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
        let from = Self.start + (Int64(index) - Int64.random(in: 0..<100, using: &random)) * 10_000
        let through = Bool.random(using: &random) ? .max : from + Int64.random(in: 0..<500, using: &random) * 1_000
        return SeriesQuery(try matchers + [host], from: max(0, from), through: through)
    }
}
