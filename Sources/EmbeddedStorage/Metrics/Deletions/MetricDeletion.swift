import TelemetryModel

/// An order to delete samples, as it is kept until everything that it concerns has been rewritten.
///
/// It concerns the blocks that were there when it was given, and the log records that had been written. A block that is
/// made later, by a flush or a merge, is free of what was deleted.
struct MetricDeletion: Equatable, Sendable {
    /// The last log record that it concerns.
    var sequence: UInt64
    /// It concerns the blocks with lower numbers.
    var blockLimit: UInt64
    /// The first millisecond that is deleted.
    var from: Int64
    /// The last millisecond that is deleted.
    var through: Int64
    /// All of them hold for the series concerned.
    var matchers: [LabelMatcher]

    /// Whether it concerns a series.
    func concerns(_ labels: Labels) -> Bool { matchers.allSatisfy { $0.matches(labels[$0.name] ?? "") } }

    /// Whether it concerns a moment.
    func covers(_ timestamp: Int64) -> Bool { from <= timestamp && timestamp <= through }
}
