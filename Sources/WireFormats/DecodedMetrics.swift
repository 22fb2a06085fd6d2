import TelemetryModel

/// Samples of a body with what came along with them, and what was not taken of it.
public struct DecodedMetrics: Sendable {
    /// The samples.
    public var batch = MetricBatch()
    /// What was refused: samples of remote write, data points of OTLP.
    public var refusals = WireRefusals()
    /// The exemplars that were refused.
    public var exemplarRefusals = WireRefusals()
    /// The entries of metadata that were refused.
    public var metadataRefusals = WireRefusals()

    /// Puts both together; by default nothing decoded yet.
    public init(batch: MetricBatch = MetricBatch(), refusals: WireRefusals = WireRefusals()) {
        self.batch = batch
        self.refusals = refusals
    }
}
