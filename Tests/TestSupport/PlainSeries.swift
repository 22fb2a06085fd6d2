import Storage
import TelemetryModel

/// A series whose samples are compared bit by bit.
public struct PlainSeries: Equatable, Sendable {
    /// The labels as text.
    public var labels: String
    /// Milliseconds since 1970.
    public var timestamps: [Int64]
    /// The bit patterns of the values.
    public var bits: [UInt64]

    /// What a store has read.
    public init(_ samples: SeriesView) {
        labels = samples.labels.description
        timestamps = Array(samples.timestamps)
        bits = samples.values.map(\.bitPattern)
    }

    /// What a test expects.
    public init(_ labels: Labels, _ samples: [Sample]) {
        self.labels = labels.description
        timestamps = samples.map(\.timestamp)
        bits = samples.map(\.value.bitPattern)
    }

    /// Everything that a store has in a range for these conditions.
    public static func all(
        _ store: any MetricReader, _ matchers: [LabelMatcher], from: Int64 = 0, through: Int64 = .max
    ) throws -> [PlainSeries] {
        var found: [PlainSeries] = []
        try store.scan(SeriesQuery(matchers, from: from, through: through)) { found.append(PlainSeries($0)) }
        return found
    }

    /// The first place where two answers differ, as a sentence.
    public static func difference(_ found: [PlainSeries], _ expected: [PlainSeries]) -> String {
        for (a, b) in zip(found, expected) where a != b {
            let rows = zip(zip(a.timestamps, a.bits), zip(b.timestamps, b.bits))
            guard let (x, y) = rows.first(where: { $0 != $1 }) else {
                return "\(a.labels) has \(a.timestamps.count) samples, expected \(b.labels) with \(b.timestamps.count)"
            }
            return "\(a.labels): \(x.0) \(Double(bitPattern: x.1)), expected \(b.labels): \(y.0) \(Double(bitPattern: y.1))"
        }
        return "\(found.count) series, expected \(expected.count)"
    }
}
