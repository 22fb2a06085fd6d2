import ByteCoding
import TelemetryModel

/// Makes Prometheus series of OTLP's data points.
///
/// Names follow ``PrometheusNaming``. Labels are the point's attributes, `job`, `instance` and the promoted resource
/// attributes; where two attributes get one label name their values are joined by `;` in the order of their keys. A
/// histogram becomes `_bucket` series with cumulative counts, `_sum` and `_count`; a summary `quantile` series, `_sum`
/// and `_count`. Delta values are marked as increments. A point flagged "no recorded value" becomes a staleness marker.
struct OTLPSeriesBuilder {
    let limits: DecodeLimits
    private(set) var batch = MetricBatch()
    private(set) var metricName = ""
    private var isDelta = false
    private var resource = OTLPResourceLabels([], promoted: [])
    /// The latest time among the resource's points, milliseconds; nil before the first one.
    private var latest: Int64?
    /// The labels of the point at hand, without its name, as ``MetricBatch`` holds them.
    private var pointLabels: [UInt8] = []

    init(limits: DecodeLimits) {
        self.limits = limits
    }

    // MARK: - Resource and metric

    mutating func begin(_ resource: OTLPResourceLabels) {
        self.resource = resource
        latest = nil
    }

    mutating func begin(metric name: String, isDelta: Bool) {
        metricName = name
        self.isDelta = isDelta
    }

    /// Writes `target_info` for the resource if it has points and more attributes than its series show.
    mutating func endResource() {
        guard let latest, !resource.rest.isEmpty, !resource.job.isEmpty || !resource.instance.isEmpty else { return }
        var labels = merged(resource.rest)
        add("job", resource.job, to: &labels)
        add("instance", resource.instance, to: &labels)
        guard (try? encode(labels)) != nil else { return }
        append("target_info", Sample(timestamp: latest, value: 1))
    }

    // MARK: - Points

    /// Adds the series of one point, or nothing of it.
    mutating func append(_ point: OTLPPointReader) throws(OTLPPointError) {
        guard point.time > 0 else { throw OTLPPointError(.malformed, "it has no time") }
        let time = Int64(point.time / 1_000_000)
        try encodeLabels(of: point)
        if batch.samples.count > limits.sampleCount {
            throw OTLPPointError(.tooLarge, "the request has more than \(limits.sampleCount) samples")
        }
        switch point.kind {
        case .number:
            guard point.value != nil || point.isWithoutValue else { throw OTLPPointError(.malformed, "it has no value") }
            append("", point, time, point.value ?? 0)
        case .histogram: try appendHistogram(point, time)
        case .exponentialHistogram: try appendExponentialHistogram(point, time)
        case .summary:
            for pair in point.quantiles {
                append("", point, time, pair.value, ("quantile", DecimalText.text(pair.quantile)))
            }
            appendSumAndCount(point, time)
        }
        latest = max(latest ?? time, time)
    }

    private mutating func appendHistogram(_ point: OTLPPointReader, _ time: Int64) throws(OTLPPointError) {
        let bounds = point.bounds
        guard point.bucketCounts.isEmpty && bounds.isEmpty || point.bucketCounts.count == bounds.count + 1 else {
            throw OTLPPointError(
                .malformed, "it has \(point.bucketCounts.count) bucket counts and \(bounds.count) bounds, which must be one fewer")
        }
        guard bounds.allSatisfy(\.isFinite), zip(bounds, bounds.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw OTLPPointError(.malformed, "its bucket bounds are not rising finite numbers")
        }
        appendBuckets(point, time, zip(bounds, point.bucketCounts).map { ($0, $1) })
    }

    private mutating func appendExponentialHistogram(_ point: OTLPPointReader, _ time: Int64) throws(OTLPPointError) {
        guard let buckets = ExponentialBuckets.classic(point), buckets.count <= limits.bucketCount else {
            throw OTLPPointError(.malformed, "its scale or bucket offsets are out of range")
        }
        appendBuckets(point, time, buckets)
    }

    /// Writes `_bucket` with counts added up from below, then `_sum` and `_count`.
    private mutating func appendBuckets(_ point: OTLPPointReader, _ time: Int64, _ buckets: [(bound: Double, count: UInt64)]) {
        var total: UInt64 = 0
        for bucket in buckets {
            total &+= bucket.count
            append("_bucket", point, time, Double(total), ("le", DecimalText.text(bucket.bound)))
        }
        append("_bucket", point, time, Double(point.count), ("le", "+Inf"))
        appendSumAndCount(point, time)
    }

    private mutating func appendSumAndCount(_ point: OTLPPointReader, _ time: Int64) {
        if point.sum != nil || point.isWithoutValue { append("_sum", point, time, point.sum ?? 0) }
        append("_count", point, time, Double(point.count))
    }

    // MARK: - Series

    private mutating func append(
        _ suffix: String, _ point: OTLPPointReader, _ time: Int64, _ value: Double, _ label: (name: String, value: String)? = nil
    ) {
        let value = point.isWithoutValue ? Sample.staleMarker : value
        append(metricName + suffix, Sample(timestamp: time, value: value), label, isDelta: isDelta && !point.isWithoutValue)
    }

    private mutating func append(
        _ name: String, _ sample: Sample, _ label: (name: String, value: String)? = nil, isDelta: Bool = false
    ) {
        let labelStart = batch.labelBytes.count
        let sampleStart = batch.samples.count
        Self.appendLabel(Labels.nameLabel, name, &batch.labelBytes)
        batch.labelBytes.append(contentsOf: pointLabels)
        if let label { Self.appendLabel(label.name, label.value, &batch.labelBytes) }
        batch.samples.append(sample)
        batch.endSeries(labelStart: labelStart, sampleStart: sampleStart, isDelta: isDelta)
    }

    /// Static, because a method would need a copy of `self` while one of its arrays is being changed.
    private static func appendLabel(_ name: String, _ value: String, _ bytes: inout [UInt8]) {
        var writer = ByteWriter(capacity: name.utf8.count + value.utf8.count + 4)
        writer.writeString(name)
        writer.writeString(value)
        bytes.append(contentsOf: writer.bytes)
    }

    // MARK: - Labels

    private mutating func encodeLabels(of point: OTLPPointReader) throws(OTLPPointError) {
        var labels = merged(point.attributes)
        for label in resource.promoted where !labels.contains(where: { $0.name == label.name }) { labels.append(label) }
        add("job", resource.job, to: &labels)
        add("instance", resource.instance, to: &labels)
        try encode(labels)
    }

    private func add(_ name: String, _ value: String, to labels: inout [Label]) {
        if value.isEmpty { return }
        labels.removeAll { $0.name == name }
        labels.append(Label(name, value))
    }

    /// The labels of attributes, those of equal names joined.
    private func merged(_ attributes: [Attribute]) -> [Label] {
        var labels: [Label] = []
        labels.reserveCapacity(attributes.count + 4)
        for attribute in attributes.sorted(by: { $0.key < $1.key }) where !attribute.key.isEmpty {
            let name = PrometheusNaming.labelName(attribute.key)
            if Self.reserved.contains(name) { continue }
            if let index = labels.firstIndex(where: { $0.name == name }) {
                labels[index].value += ";" + attribute.value.text
            } else {
                labels.append(Label(name, attribute.value.text))
            }
        }
        return labels
    }

    /// Labels that a series gets from its metric: attributes of these names would make one label twice.
    private static let reserved: Set<String> = [Labels.nameLabel, "le", "quantile"]

    /// Encodes the labels of the point at hand, under the rules for labels.
    private mutating func encode(_ labels: [Label]) throws(OTLPPointError) {
        pointLabels.removeAll(keepingCapacity: true)
        if labels.count > limits.labelCount {
            throw OTLPPointError(.invalidLabels, "its labels must not be more than \(limits.labelCount)")
        }
        for label in labels where !label.value.isEmpty {
            if label.name.utf8.count > limits.labelNameByteCount || label.value.utf8.count > limits.labelValueByteCount {
                throw OTLPPointError(.invalidLabels, "its label \"\(label.name.prefix(64))\" is too long")
            }
            Self.appendLabel(label.name, label.value, &pointLabels)
        }
    }
}
