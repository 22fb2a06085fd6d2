import TelemetryModel

/// Answers questions about what metrics are. Calls block and may come from several threads at once.
///
/// A store keeps what was said last of each metric, of a bounded number of metrics; longer help texts may be cut at a named
/// length, and metrics beyond the bound are refused.
public protocol MetadataReader: Sendable {
    /// What is known of one metric, or of all in the order of their names (by bytes), at most `limit`.
    func metadata(metric: String?, limit: Int) throws -> [MetricMetadata]
}
