import ByteCoding
import TelemetryModel

/// Makes Prometheus series of OTLP's data points.
///
/// Names follow ``PrometheusNaming``, labels ``OTLPLabelSet``. A histogram becomes `_bucket` series with cumulative counts,
/// `_sum` and `_count`; a summary `quantile` series, `_sum` and `_count`. Delta values are marked as increments. A point
/// flagged "no recorded value" becomes a staleness marker. Exemplars go to the series that counts them.
struct OTLPSeriesBuilder {
    let limits: DecodeLimits
    private(set) var decoded = DecodedMetrics()
    private(set) var metricName = ""
    private var isDelta = false
    private var names = OTLPSeriesNames()
    private var resource = OTLPResourceLabels([], promoted: [])
    /// The earliest and the latest time among the resource's points, milliseconds; nil before the first one.
    private var times: ClosedRange<Int64>?
    private var labels: OTLPLabelSet
    /// The labels of bounds and quantiles, which repeat from point to point, by the bits of their values.
    private var numberLabels: [UInt64: [UInt8]] = [:]

    /// So many bounds and quantiles are remembered.
    private static let numberLabelLimit = 4_096

    init(limits: DecodeLimits) {
        self.limits = limits
        labels = OTLPLabelSet(limits: limits)
    }

    /// Counts points that are not taken.
    mutating func refuse(_ reason: WireRefusalReason, count: Int = 1, _ example: @autoclosure () -> String) {
        decoded.refusals.add(reason, count: count, example())
    }

    // MARK: - Resource and metric

    mutating func begin(_ resource: OTLPResourceLabels) {
        self.resource = resource
        times = nil
    }

    mutating func begin(_ metadata: MetricMetadata, _ kind: OTLPPointKind, isDelta: Bool) {
        metricName = metadata.metric
        self.isDelta = isDelta
        names = OTLPSeriesNames(metadata.metric, kind)
        numberLabels.removeAll(keepingCapacity: true)
        decoded.batch.metadata.append(metadata)
    }

    /// Writes `target_info` for the resource if it has points and more attributes than its series show: at the latest time,
    /// and before it so often from the earliest on that a query finds it at any time between.
    mutating func endResource() {
        guard let times, !resource.rest.isEmpty, !resource.overriding.isEmpty else { return }
        let attributes = resource.rest.map { attribute -> [UInt8] in
            var message = ProtobufWriter()
            AttributeValueCoding.write(attribute, &message)
            return message.bytes
        }
        names = OTLPSeriesNames(Self.targetInfo.metric, .number)
        let span = Self.targetInfoInterval * Self.targetInfoLimit
        let first = times.upperBound - times.lowerBound > span ? times.upperBound - span : times.lowerBound
        do throws(OTLPPointError) {
            try build(attributes)
            try requireRoom(seriesCount: 1, sampleCount: Int((times.upperBound - first) / Self.targetInfoInterval) + 2)
        } catch {
            return refuse(error.reason, "\"target_info\" cannot be made of a resource: \(error.message).")
        }
        let labelStart = decoded.batch.labelBytes.count
        let sampleStart = decoded.batch.samples.count
        for time in stride(from: first, to: times.upperBound, by: Int64.Stride(Self.targetInfoInterval)) {
            decoded.batch.samples.append(Sample(timestamp: time, value: 1))
        }
        decoded.batch.samples.append(Sample(timestamp: times.upperBound, value: 1))
        Self.append(labels, names.plain, nil, to: &decoded.batch.labelBytes)
        decoded.batch.endSeries(labelStart: labelStart, sampleStart: sampleStart)
        decoded.batch.metadata.append(Self.targetInfo)
    }

    /// Half of the time that queries look back, milliseconds.
    private static let targetInfoInterval: Int64 = 150_000
    /// So many samples of `target_info` stand before the last one at most.
    private static let targetInfoLimit: Int64 = 1_000
    private static let targetInfo = MetricMetadata(metric: "target_info", type: .gauge, help: "Target metadata", unit: "")

    // MARK: - Points

    /// Adds the series of one point, or nothing of it.
    mutating func append(_ point: OTLPPointReader) throws(OTLPPointError) {
        guard point.time > 0 else { throw OTLPPointError(.malformed, "it has no time") }
        try labels.build(attributes: point.attributes, resource: resource, extra: names.extra)
        switch point.kind {
        case .number:
            guard point.value != nil || point.isWithoutValue else { throw OTLPPointError(.malformed, "it has no value") }
            try requireRoom(seriesCount: 1)
            append(names.plain, point, point.value ?? 0)
            appendExemplars(point, to: names.plain) { _ in nil }
        case .histogram: try appendBuckets(point, try OTLPBuckets.explicit(point))
        case .exponentialHistogram:
            let buckets = isDelta ? ExponentialBuckets.fixed(point) : ExponentialBuckets.growing(point)
            guard let buckets, buckets.count <= limits.bucketCount else {
                throw OTLPPointError(.malformed, "its scale or bucket offsets are out of range")
            }
            try appendBuckets(point, buckets)
        case .summary:
            try requireRoom(seriesCount: point.quantiles.count + 2)
            for pair in point.quantiles { append(names.plain, point, pair.value, extra: pair.quantile) }
            append(names.sum, point, point.sum ?? 0)
            append(names.count, point, Double(point.count))
        }
        let time = Self.milliseconds(point)
        times = min(times?.lowerBound ?? time, time)...max(times?.upperBound ?? time, time)
    }

    private static func milliseconds(_ point: OTLPPointReader) -> Int64 { Int64(point.time / 1_000_000) }

    private mutating func build(_ attributes: [[UInt8]]) throws(OTLPPointError) {
        // The messages stand one behind the other in one array, so that they can be pointed to.
        let all = Array(attributes.joined())
        var failure: OTLPPointError?
        all.withUnsafeBytes { raw in
            var start = 0
            let slices = attributes.map { attribute in
                defer { start += attribute.count }
                return UnsafeRawBufferPointer(rebasing: raw[start..<(start + attribute.count)])
            }
            do throws(OTLPPointError) {
                try labels.build(attributes: slices, resource: resource.withoutPromoted, extra: nil)
            } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Throws unless there is room for so many series with the labels at hand.
    private func requireRoom(seriesCount: Int, sampleCount: Int = 0) throws(OTLPPointError) {
        if decoded.batch.samples.count + max(seriesCount, sampleCount) > limits.sampleCount {
            throw OTLPPointError(.tooLarge, "the request has more than \(limits.sampleCount) samples")
        }
        let byteCount = seriesCount * (labels.bytes.count + names.byteCount + Self.numberLabelByteCount)
        if decoded.batch.labelBytes.count + byteCount > limits.labelByteCount {
            throw OTLPPointError(.tooLarge, "the labels of the request's series have more than \(limits.labelByteCount) bytes")
        }
    }

    /// A label of a bound or quantile has at most so many bytes: doubles have up to 325 digits.
    private static let numberLabelByteCount = 340

    /// Writes `_bucket` with counts added up from below, then `_sum` and `_count`.
    private mutating func appendBuckets(
        _ point: OTLPPointReader, _ buckets: [(bound: Double, count: UInt64)]
    ) throws(OTLPPointError) {
        try requireRoom(seriesCount: buckets.count + 3)
        var total: UInt64 = 0
        for bucket in buckets {
            total &+= bucket.count
            append(names.bucket, point, Double(total), extra: bucket.bound)
        }
        append(names.bucket, point, Double(point.count), extra: .infinity)
        if point.sum != nil || point.isWithoutValue { append(names.sum, point, point.sum ?? 0) }
        append(names.count, point, Double(point.count))
        appendExemplars(point, to: names.bucket) { value in
            buckets.first { value <= $0.bound }?.bound ?? .infinity
        }
    }

    // MARK: - Series

    private mutating func append(_ name: [UInt8], _ point: OTLPPointReader, _ value: Double, extra: Double? = nil) {
        let labelStart = decoded.batch.labelBytes.count
        let sampleStart = decoded.batch.samples.count
        let label = extra.map { numberLabel($0) }
        Self.append(labels, name, label, to: &decoded.batch.labelBytes)
        let value = point.isWithoutValue ? Sample.staleMarker : value
        decoded.batch.samples.append(Sample(timestamp: Self.milliseconds(point), value: value))
        decoded.batch.endSeries(labelStart: labelStart, sampleStart: sampleStart, isDelta: isDelta && !point.isWithoutValue)
    }

    /// Static, because a method would need a copy of `self` while one of its arrays is being changed.
    private static func append(_ labels: OTLPLabelSet, _ name: [UInt8], _ extra: [UInt8]?, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: labels.bytes[..<labels.namePlace])
        bytes.append(contentsOf: name)
        guard let extra else { return bytes.append(contentsOf: labels.bytes[labels.namePlace...]) }
        bytes.append(contentsOf: labels.bytes[labels.namePlace..<labels.extraPlace])
        bytes.append(contentsOf: extra)
        bytes.append(contentsOf: labels.bytes[labels.extraPlace...])
    }

    /// The label of a bound or quantile.
    private mutating func numberLabel(_ number: Double) -> [UInt8] {
        if let known = numberLabels[number.bitPattern] { return known }
        let label = OTLPLabelBytes.label(names.extra?.description ?? "", DecimalText.text(number))
        if numberLabels.count < Self.numberLabelLimit { numberLabels[number.bitPattern] = label }
        return label
    }

    // MARK: - Exemplars

    /// Adds the exemplars of a point to the series of a name; `bound` gives the bucket of a value.
    private mutating func appendExemplars(_ point: OTLPPointReader, to name: [UInt8], bound: (Double) -> Double?) {
        for bytes in point.exemplars {
            do throws(ByteCodingError) {
                let exemplar = try OTLPExemplarReader.read(bytes, fallback: point.time)
                if decoded.batch.exemplarBytes.count > limits.labelByteCount {
                    throw ByteCodingError(.tooLarge, "the exemplars of the request have more than \(limits.labelByteCount) bytes")
                }
                var series: [UInt8] = []
                let label = bound(exemplar.value).map { numberLabel($0) }
                Self.append(labels, name, label, to: &series)
                decoded.batch.append(exemplar, of: Labels(canonicalBytes: series))
            } catch {
                decoded.exemplarRefusals.add(WireRefusalReason(error), "An exemplar of \"\(metricName)\": \(error.message).")
            }
        }
    }
}

/// The label `__name__` of each series of a metric, as bytes.
struct OTLPSeriesNames {
    /// Of a number, or of a summary's quantiles.
    private(set) var plain: [UInt8] = []
    private(set) var bucket: [UInt8] = []
    private(set) var sum: [UInt8] = []
    private(set) var count: [UInt8] = []
    /// The name of the other label that series of the metric have.
    private(set) var extra: StaticString?

    /// Nothing to name.
    init() {}

    init(_ metric: String, _ kind: OTLPPointKind) {
        func label(_ suffix: String) -> [UInt8] { OTLPLabelBytes.label(Labels.nameLabel, metric + suffix) }
        switch kind {
        case .number: plain = label("")
        case .histogram, .exponentialHistogram:
            bucket = label("_bucket")
            extra = "le"
        case .summary:
            plain = label("")
            extra = "quantile"
        }
        if kind == .number { return }
        sum = label("_sum")
        count = label("_count")
    }

    /// The bytes of the longest of them.
    var byteCount: Int { max(plain.count, bucket.count, count.count) }
}
