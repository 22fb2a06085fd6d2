import TelemetryModel

/// Asks for the spans that start in a range, added up by the value of an attribute.
public struct SpanValueQuery: Sendable {
    /// The keys. What counts of a span is the value of the first of them that it has; if it has none, that of the first one
    /// that its resource has.
    public var keys: [String]
    /// Whether the attributes of spans are looked at.
    public var looksAtSpans: Bool
    /// Whether the attributes of resources are looked at.
    public var looksAtResources: Bool
    /// Only spans of this service, if set.
    public var service: String?
    /// Only spans of this kind, if set.
    public var kind: SpanKind?
    /// The first start that is meant, nanoseconds since 1970.
    public var from: UInt64
    /// The last start that is meant.
    public var through: UInt64
    /// At most so many values; what is beyond is not counted, and the answer says so. Not above ``valueLimitLimit``.
    public var valueLimit: Int
    /// Called now and then by the thread that adds up; what it throws ends it and is thrown on.
    public var checkpoint: @Sendable () throws -> Void = {}

    /// The greatest limit of values.
    public static let valueLimitLimit = 500_000

    /// Describes spans of a closed range.
    public init(
        keys: [String], looksAtSpans: Bool = true, looksAtResources: Bool = true, service: String? = nil,
        kind: SpanKind? = nil, from: UInt64 = 0, through: UInt64 = .max, valueLimit: Int = 100_000
    ) {
        self.keys = keys
        self.looksAtSpans = looksAtSpans
        self.looksAtResources = looksAtResources
        self.service = service
        self.kind = kind
        self.from = from
        self.through = through
        self.valueLimit = min(valueLimit, Self.valueLimitLimit)
    }

    /// The parts of spans that are needed.
    public var projection: SpanProjection {
        var columns: SpanProjection.Columns = [.durations, .kinds]
        if looksAtResources { columns.insert(.resources) }
        if service != nil { columns.insert(.services) }
        if looksAtSpans { columns.insert(.attributes) }
        return SpanProjection(columns, attributeKeys: keys)
    }
}
