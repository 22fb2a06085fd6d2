import ByteCoding
import TelemetryModel

/// Reads OTLP's `ExportMetricsServiceRequest` (opentelemetry.proto.collector.metrics.v1) into the series of a
/// ``MetricBatch``, named and labelled as ``OTLPSeriesBuilder`` says. Refusals count data points.
public enum OTLPMetricsDecoder {
    /// Decodes a request. Bytes whose outer framing is broken are thrown back whole; a data point that cannot be read, or
    /// whose resource or metric cannot, is refused alone. `promoted` names the resource attributes that become labels.
    public static func decode(
        _ bytes: UnsafeRawBufferPointer, limits: DecodeLimits = DecodeLimits(),
        promoted: [String] = OTLPResourceLabels.defaultPromoted
    ) throws(ByteCodingError) -> DecodedMetrics {
        var assembly = MetricAssembly(limits: limits, promoted: promoted)
        var request = ProtobufReader(bytes)
        while try request.nextField() {
            if request.fieldNumber == 1 {
                try assembly.readResourceMetrics(try request.bytes())
            } else {
                try request.skipValue()
            }
        }
        return assembly.builder.decoded
    }
}

/// The state of decoding one request.
private struct MetricAssembly {
    var builder: OTLPSeriesBuilder
    private var point: OTLPPointReader
    private let promoted: [String]

    init(limits: DecodeLimits, promoted: [String]) {
        builder = OTLPSeriesBuilder(limits: limits)
        point = OTLPPointReader(limits: limits)
        self.promoted = promoted
    }

    // MARK: - Down to the metric

    mutating func readResourceMetrics(_ bytes: UnsafeRawBufferPointer) throws(ByteCodingError) {
        // The resource may legally stand behind its metrics: look for it first.
        var attributes: [Attribute] = []
        var problem: ByteCodingError?
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            guard fields.fieldNumber == 1 else {
                try fields.skipValue()
                continue
            }
            let resource = try fields.bytes()
            do throws(ByteCodingError) {
                attributes = try readAttributes(1, in: resource)
            } catch {
                problem = error
            }
        }
        builder.begin(OTLPResourceLabels(attributes, promoted: promoted))
        fields = ProtobufReader(bytes)
        while try fields.nextField() {
            if fields.fieldNumber == 2 {
                try readScopeMetrics(try fields.bytes(), problem)
            } else {
                try fields.skipValue()
            }
        }
        builder.endResource()
    }

    private mutating func readScopeMetrics(
        _ bytes: UnsafeRawBufferPointer, _ problem: ByteCodingError?
    ) throws(ByteCodingError) {
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            guard fields.fieldNumber == 2 else {
                try fields.skipValue()
                continue
            }
            let metric = try fields.bytes()
            if let problem {
                refuse(metric, problem, "The resource of a metric cannot be read")
                continue
            }
            do throws(ByteCodingError) {
                try readMetric(metric)
            } catch {
                refuse(metric, error, "A metric cannot be read")
            }
        }
    }

    private mutating func readMetric(_ bytes: UnsafeRawBufferPointer) throws(ByteCodingError) {
        var name = ""
        var unit = ""
        var description = ""
        var data: (kind: UInt32, bytes: UnsafeRawBufferPointer)?
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            switch fields.fieldNumber {
            case 1: name = try fields.string()
            case 2: description = try fields.string()
            case 3: unit = try fields.string()
            case 5, 7, 9, 10, 11: data = (fields.fieldNumber, try fields.bytes())
            default: try fields.skipValue()
            }
        }
        guard let data else { return }
        let header = try readHeader(data.bytes)
        let isDelta = header.temporality == Self.delta
        if [7, 9, 10].contains(data.kind), !isDelta, header.temporality != Self.cumulative {
            throw ByteCodingError(.malformed, "\"\(name)\" does not say whether it is cumulative or delta")
        }
        let naming: PrometheusNaming.Kind =
            data.kind == 5 ? .gauge : data.kind == 7 && header.isMonotonic ? .monotonicSum : .other
        let translated = PrometheusNaming.metricName(name, unit: unit, kind: naming)
        if translated.isEmpty { throw ByteCodingError(.malformed, "a metric has no name") }
        let metadata = MetricMetadata(
            metric: translated, type: Self.type(data.kind, isMonotonic: header.isMonotonic), help: description,
            unit: PrometheusNaming.unitName(unit))
        let kind = OTLPPointKind(data.kind)
        builder.begin(metadata, kind, isDelta: isDelta)
        try readPoints(data.bytes, kind)
    }

    /// What a metric is in Prometheus. Increments are added up, so they make counters and histograms as others do.
    private static func type(_ field: UInt32, isMonotonic: Bool) -> MetricType {
        switch field {
        case 7: isMonotonic ? .counter : .gauge
        case 9, 10: .histogram
        case 11: .summary
        default: .gauge
        }
    }

    private static let delta: UInt64 = 1
    private static let cumulative: UInt64 = 2

    /// Aggregation temporality and monotony, which stand behind the points.
    private func readHeader(
        _ bytes: UnsafeRawBufferPointer
    ) throws(ByteCodingError) -> (temporality: UInt64, isMonotonic: Bool) {
        var temporality: UInt64 = 0
        var isMonotonic = false
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            switch fields.fieldNumber {
            case 2: temporality = try fields.varint()
            case 3: isMonotonic = try fields.varint() != 0
            default: try fields.skipValue()
            }
        }
        return (temporality, isMonotonic)
    }

    // MARK: - Points

    private mutating func readPoints(_ bytes: UnsafeRawBufferPointer, _ kind: OTLPPointKind) throws(ByteCodingError) {
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            guard fields.fieldNumber == 1 else {
                try fields.skipValue()
                continue
            }
            let bytes = try fields.bytes()
            do throws(OTLPPointError) {
                do throws(ByteCodingError) {
                    try point.read(bytes, kind)
                } catch {
                    throw OTLPPointError(WireRefusalReason(error), error.message)
                }
                try builder.append(point)
            } catch {
                let name = builder.metricName
                builder.refuse(error.reason, "A data point of \"\(name)\" cannot be taken: \(error.message).")
            }
        }
    }

    private func readAttributes(_ number: UInt32, in bytes: UnsafeRawBufferPointer) throws(ByteCodingError) -> [Attribute] {
        var attributes: [Attribute] = []
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            if fields.fieldNumber == number {
                if attributes.count >= builder.limits.attributeCount {
                    throw ByteCodingError(.tooLarge, "a resource has more than \(builder.limits.attributeCount) attributes")
                }
                attributes.append(try AttributeValueCoding.decodePair(try fields.bytes()))
            } else {
                try fields.skipValue()
            }
        }
        return attributes
    }

    /// Counts the data points of a metric that cannot be read as far as they can be found, at least one.
    private mutating func refuse(_ metric: UnsafeRawBufferPointer, _ error: ByteCodingError, _ what: String) {
        var count = 0
        var fields = ProtobufReader(metric)
        while (try? fields.nextField()) == true {
            guard [5, 7, 9, 10, 11].contains(fields.fieldNumber), let data = try? fields.bytes() else {
                if (try? fields.skipValue()) == nil { break }
                continue
            }
            var points = ProtobufReader(data)
            while (try? points.nextField()) == true {
                if points.fieldNumber == 1 { count += 1 }
                if (try? points.skipValue()) == nil { break }
            }
        }
        builder.refuse(WireRefusalReason(error), count: max(count, 1), "\(what): \(error.message).")
    }
}

/// Why one data point is not taken.
struct OTLPPointError: Error {
    var reason: WireRefusalReason
    var message: String

    init(_ reason: WireRefusalReason, _ message: String) {
        self.reason = reason
        self.message = message
    }
}
