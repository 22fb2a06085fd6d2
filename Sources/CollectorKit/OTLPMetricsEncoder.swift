import ByteCoding
import TelemetryModel

/// Collected metrics as the body of an OTLP request (`ExportMetricsServiceRequest`).
///
/// Field numbers are those of opentelemetry-proto 1.x, metrics/v1/metrics.proto. A request has one repeated field only,
/// so bodies may be put one behind the other and are a valid body again.
public enum OTLPMetricsEncoder {
    /// The name of the instrumentation scope of everything that an agent collects.
    public static let scopeName = "headrope-agent"

    private static let cumulative: UInt64 = 2

    /// The body for `groups`, all points of which were taken at `time`, nanoseconds since 1970.
    public static func encode(_ groups: [ResourceMetrics], at time: UInt64) -> [UInt8] {
        var request = ProtobufWriter(capacity: 4096)
        for group in groups {
            request.message(1) { resourceMetrics in
                resourceMetrics.message(1) { resource in
                    for attribute in group.resource { resource.message(1) { AttributeValueCoding.write(attribute, &$0) } }
                }
                resourceMetrics.message(2) { scopeMetrics in
                    scopeMetrics.message(1) { $0.string(1, scopeName) }
                    for metric in group.metrics where !metric.points.isEmpty {
                        scopeMetrics.message(2) { write(metric, at: time, &$0) }
                    }
                }
            }
        }
        return request.bytes
    }

    private static func write(_ metric: CollectedMetric, at time: UInt64, _ message: inout ProtobufWriter) {
        message.string(1, metric.name)
        message.stringUnlessEmpty(2, metric.description)
        message.stringUnlessEmpty(3, metric.unit)
        message.message(metric.kind == .gauge ? 5 : 7) { data in
            for point in metric.points { data.message(1) { write(point, at: time, &$0) } }
            if metric.kind != .gauge {
                data.varint(2, cumulative)
                data.varintUnlessZero(3, metric.kind == .counter ? 1 : 0)
            }
        }
    }

    private static func write(_ point: MetricPoint, at time: UInt64, _ message: inout ProtobufWriter) {
        if point.startTime != 0 { message.fixed64(2, point.startTime) }
        message.fixed64(3, time)
        switch point.value {
        case .double(let value): message.double(4, value)
        case .int(let value): message.fixed64(6, UInt64(bitPattern: value))
        }
        for attribute in point.attributes { message.message(7) { AttributeValueCoding.write(attribute, &$0) } }
    }
}
