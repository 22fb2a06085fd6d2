/// The messages of OTLP 1 with the numbers and types of their fields, as far as JSON needs them to become protobuf
/// (opentelemetry-proto 1.x: common, resource, trace, metrics and the three collector services).
enum OTLPMessage: Sendable {
    case tracesRequest, resourceSpans, scopeSpans, span, event, link, status
    case metricsRequest, resourceMetrics, scopeMetrics, metric
    case points(OTLPPoint)
    case point(OTLPPoint)
    case buckets, quantile, exemplar
    case logsRequest, resourceLogs, scopeLogs, logRecord
    case resource, scope, keyValue, anyValue, arrayValue, keyValueList
}

/// The kinds of data points; gauges and sums share theirs.
enum OTLPPoint: Sendable {
    case number, histogram, exponentialHistogram, summary
}

/// One field of a message.
struct OTLPField: Sendable {
    /// How the value is written.
    enum Form: Sendable {
        case text, base64, hexadecimal
        case bool, unsigned, signed, zigzag
        case fixed32, fixed64, signedFixed64, double
        case enumeration([StaticString])
        case message(OTLPMessage)
    }

    let number: UInt32
    /// The lowerCamelCase name.
    let name: StaticString
    let form: Form
    let isRepeated: Bool

    init(_ number: UInt32, _ name: StaticString, _ form: Form, repeated isRepeated: Bool = false) {
        self.number = number
        self.name = name
        self.form = form
        self.isRepeated = isRepeated
    }
}

extension OTLPMessage {
    /// Whether a message of this type that cannot be transcoded is refused alone: spans, data points, log records.
    var isItem: Bool {
        switch self {
        case .span, .point, .logRecord: true
        default: false
        }
    }

    /// What an item is called in a sentence.
    var itemName: String {
        switch self {
        case .span: "span"
        case .logRecord: "log record"
        default: "data point"
        }
    }

    /// The fields; fields of JSON that are not among them are skipped.
    var fields: [OTLPField] {
        switch self {
        case .tracesRequest: Self.tracesRequestFields
        case .resourceSpans: Self.resourceSpansFields
        case .scopeSpans: Self.scopeSpansFields
        case .span: Self.spanFields
        case .event: Self.eventFields
        case .link: Self.linkFields
        case .status: Self.statusFields
        case .metricsRequest: Self.metricsRequestFields
        case .resourceMetrics: Self.resourceMetricsFields
        case .scopeMetrics: Self.scopeMetricsFields
        case .metric: Self.metricFields
        case .points(let point): Self.pointsFields(point)
        case .point(.number): Self.numberPointFields
        case .point(.histogram): Self.histogramPointFields
        case .point(.exponentialHistogram): Self.exponentialPointFields
        case .point(.summary): Self.summaryPointFields
        case .buckets: Self.bucketsFields
        case .quantile: Self.quantileFields
        case .exemplar: Self.exemplarFields
        case .logsRequest: Self.logsRequestFields
        case .resourceLogs: Self.resourceLogsFields
        case .scopeLogs: Self.scopeLogsFields
        case .logRecord: []
        case .resource: Self.resourceFields
        case .scope: Self.scopeFields
        case .keyValue: Self.keyValueFields
        case .anyValue: Self.anyValueFields
        case .arrayValue: Self.arrayValueFields
        case .keyValueList: Self.keyValueListFields
        }
    }

    // MARK: - Common

    private static let resourceFields = [attributes(1), OTLPField(2, "droppedAttributesCount", .unsigned)]
    private static let scopeFields = [
        OTLPField(1, "name", .text), OTLPField(2, "version", .text), attributes(3),
        OTLPField(4, "droppedAttributesCount", .unsigned),
    ]
    private static let keyValueFields = [OTLPField(1, "key", .text), OTLPField(2, "value", .message(.anyValue))]
    private static let anyValueFields = [
        OTLPField(1, "stringValue", .text), OTLPField(2, "boolValue", .bool), OTLPField(3, "intValue", .signed),
        OTLPField(4, "doubleValue", .double), OTLPField(5, "arrayValue", .message(.arrayValue)),
        OTLPField(6, "kvlistValue", .message(.keyValueList)), OTLPField(7, "bytesValue", .base64),
    ]
    private static let arrayValueFields = [OTLPField(1, "values", .message(.anyValue), repeated: true)]
    private static let keyValueListFields = [OTLPField(1, "values", .message(.keyValue), repeated: true)]

    private static func attributes(_ number: UInt32, _ name: StaticString = "attributes") -> OTLPField {
        OTLPField(number, name, .message(.keyValue), repeated: true)
    }

    private static func resourceGroup(_ scopeName: StaticString, _ scope: OTLPMessage) -> [OTLPField] {
        [
            OTLPField(1, "resource", .message(.resource)), OTLPField(2, scopeName, .message(scope), repeated: true),
            OTLPField(3, "schemaUrl", .text),
        ]
    }

    private static func scopeGroup(_ itemName: StaticString, _ item: OTLPMessage) -> [OTLPField] {
        [
            OTLPField(1, "scope", .message(.scope)), OTLPField(2, itemName, .message(item), repeated: true),
            OTLPField(3, "schemaUrl", .text),
        ]
    }

    // MARK: - Traces

    private static let tracesRequestFields = [OTLPField(1, "resourceSpans", .message(.resourceSpans), repeated: true)]
    private static let resourceSpansFields = resourceGroup("scopeSpans", .scopeSpans)
    private static let scopeSpansFields = scopeGroup("spans", .span)
    private static let spanFields = [
        OTLPField(1, "traceId", .hexadecimal), OTLPField(2, "spanId", .hexadecimal), OTLPField(3, "traceState", .text),
        OTLPField(4, "parentSpanId", .hexadecimal), OTLPField(5, "name", .text),
        OTLPField(
            6, "kind",
            .enumeration([
                "SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER", "SPAN_KIND_CLIENT", "SPAN_KIND_PRODUCER",
                "SPAN_KIND_CONSUMER",
            ])),
        OTLPField(7, "startTimeUnixNano", .fixed64), OTLPField(8, "endTimeUnixNano", .fixed64), attributes(9),
        OTLPField(10, "droppedAttributesCount", .unsigned), OTLPField(11, "events", .message(.event), repeated: true),
        OTLPField(12, "droppedEventsCount", .unsigned), OTLPField(13, "links", .message(.link), repeated: true),
        OTLPField(14, "droppedLinksCount", .unsigned), OTLPField(15, "status", .message(.status)),
        OTLPField(16, "flags", .fixed32),
    ]
    private static let eventFields = [
        OTLPField(1, "timeUnixNano", .fixed64), OTLPField(2, "name", .text), attributes(3),
        OTLPField(4, "droppedAttributesCount", .unsigned),
    ]
    private static let linkFields = [
        OTLPField(1, "traceId", .hexadecimal), OTLPField(2, "spanId", .hexadecimal), OTLPField(3, "traceState", .text),
        attributes(4), OTLPField(5, "droppedAttributesCount", .unsigned), OTLPField(6, "flags", .fixed32),
    ]
    private static let statusFields = [
        OTLPField(2, "message", .text),
        OTLPField(3, "code", .enumeration(["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"])),
    ]

    // MARK: - Metrics

    private static let metricsRequestFields = [OTLPField(1, "resourceMetrics", .message(.resourceMetrics), repeated: true)]
    private static let resourceMetricsFields = resourceGroup("scopeMetrics", .scopeMetrics)
    private static let scopeMetricsFields = scopeGroup("metrics", .metric)
    private static let metricFields = [
        OTLPField(1, "name", .text), OTLPField(2, "description", .text), OTLPField(3, "unit", .text),
        OTLPField(5, "gauge", .message(.points(.number))), OTLPField(7, "sum", .message(.points(.number))),
        OTLPField(9, "histogram", .message(.points(.histogram))),
        OTLPField(10, "exponentialHistogram", .message(.points(.exponentialHistogram))),
        OTLPField(11, "summary", .message(.points(.summary))), attributes(12, "metadata"),
    ]

    private static func pointsFields(_ point: OTLPPoint) -> [OTLPField] {
        [
            OTLPField(1, "dataPoints", .message(.point(point)), repeated: true),
            OTLPField(
                2, "aggregationTemporality",
                .enumeration([
                    "AGGREGATION_TEMPORALITY_UNSPECIFIED", "AGGREGATION_TEMPORALITY_DELTA", "AGGREGATION_TEMPORALITY_CUMULATIVE",
                ])),
            OTLPField(3, "isMonotonic", .bool),
        ]
    }

    private static let pointTimes = [OTLPField(2, "startTimeUnixNano", .fixed64), OTLPField(3, "timeUnixNano", .fixed64)]
    private static let countAndSum = [OTLPField(4, "count", .fixed64), OTLPField(5, "sum", .double)]
    private static let numberPointFields =
        pointTimes + [
            OTLPField(4, "asDouble", .double), exemplars(5), OTLPField(6, "asInt", .signedFixed64), attributes(7),
            OTLPField(8, "flags", .unsigned),
        ]
    private static let histogramPointFields =
        pointTimes + countAndSum + [
            OTLPField(6, "bucketCounts", .fixed64, repeated: true), OTLPField(7, "explicitBounds", .double, repeated: true),
            exemplars(8), attributes(9), OTLPField(10, "flags", .unsigned), OTLPField(11, "min", .double),
            OTLPField(12, "max", .double),
        ]
    private static let exponentialPointFields =
        pointTimes + countAndSum + [
            attributes(1), OTLPField(6, "scale", .zigzag), OTLPField(7, "zeroCount", .fixed64),
            OTLPField(8, "positive", .message(.buckets)), OTLPField(9, "negative", .message(.buckets)),
            OTLPField(10, "flags", .unsigned), exemplars(11), OTLPField(12, "min", .double), OTLPField(13, "max", .double),
            OTLPField(14, "zeroThreshold", .double),
        ]
    private static let summaryPointFields =
        pointTimes + countAndSum + [
            OTLPField(6, "quantileValues", .message(.quantile), repeated: true), attributes(7), OTLPField(8, "flags", .unsigned),
        ]
    private static let bucketsFields = [
        OTLPField(1, "offset", .zigzag), OTLPField(2, "bucketCounts", .unsigned, repeated: true),
    ]
    private static let quantileFields = [OTLPField(1, "quantile", .double), OTLPField(2, "value", .double)]
    private static let exemplarFields = [
        OTLPField(2, "timeUnixNano", .fixed64), OTLPField(3, "asDouble", .double), OTLPField(4, "spanId", .hexadecimal),
        OTLPField(5, "traceId", .hexadecimal), OTLPField(6, "asInt", .signedFixed64), attributes(7, "filteredAttributes"),
    ]

    private static func exemplars(_ number: UInt32) -> OTLPField {
        OTLPField(number, "exemplars", .message(.exemplar), repeated: true)
    }

    // MARK: - Logs, which are only counted

    private static let logsRequestFields = [OTLPField(1, "resourceLogs", .message(.resourceLogs), repeated: true)]
    private static let resourceLogsFields = resourceGroup("scopeLogs", .scopeLogs)
    private static let scopeLogsFields = scopeGroup("logRecords", .logRecord)
}
