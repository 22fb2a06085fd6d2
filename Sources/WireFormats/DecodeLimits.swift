import TelemetryModel

/// What a decoder takes at most. Items beyond a limit are refused one by one, the rest of the body is kept.
public struct DecodeLimits: Sendable, Equatable {
    /// Attributes of one span, resource, scope, event, link or data point.
    public var attributeCount = 1024
    /// Events of one span.
    public var eventCount = 4096
    /// Links of one span.
    public var linkCount = 4096
    /// Attributes, events and links of one body together: bounds the memory that a small body can ask for.
    public var poolRowCount = 4_000_000
    /// Labels of one series.
    public var labelCount = 128
    /// UTF-8 bytes of a label's name.
    public var labelNameByteCount = 1024
    /// UTF-8 bytes of a label's value.
    public var labelValueByteCount = 16384
    /// Buckets or quantiles of one histogram or summary.
    public var bucketCount = 4096
    /// Texts in the symbol table of one body.
    public var symbolCount = 4_000_000
    /// Bytes of the labels of one body, which repeat in OTLP's histograms: bounds the memory that a small body can ask for.
    public var labelByteCount = 256 << 20
    /// Samples of one body.
    public var sampleCount = 8_000_000

    /// The limits of labels together.
    public var labels: LabelLimits {
        LabelLimits(labelCount: labelCount, nameByteCount: labelNameByteCount, valueByteCount: labelValueByteCount)
    }

    /// The defaults.
    public init() {}
}
