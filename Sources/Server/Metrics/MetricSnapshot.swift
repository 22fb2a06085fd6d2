import TelemetryModel
import WireFormats

/// The server's own metrics at one moment, on their way to `/metrics` or to the store.
struct MetricSnapshot {
    /// The types of metric families.
    enum Kind: String {
        case counter, gauge, histogram

        /// The type as the store keeps it.
        var type: MetricType {
            switch self {
            case .counter: .counter
            case .gauge: .gauge
            case .histogram: .histogram
            }
        }
    }

    private struct Family {
        var name: String
        var kind: Kind
        var help: String
        var samples: [(name: String, labels: [Label], value: Double)] = []
    }

    private var families: [Family] = []

    /// Begins a family of metrics; the samples that follow belong to it. The help must be one line.
    mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        families.append(Family(name: name, kind: kind, help: help))
    }

    /// One sample of the family.
    mutating func sample(_ labels: [(String, String)], _ value: Double, suffix: String = "") {
        precondition(!families.isEmpty, "a sample belongs to a family")
        let name = families[families.count - 1].name + suffix
        families[families.count - 1].samples.append((name, labels.map { Label($0.0, $0.1) }, value))
    }

    /// All samples of a histogram.
    mutating func histogram(_ labels: [(String, String)], _ histogram: DurationHistogram) {
        var total = 0
        for (index, count) in histogram.counts.enumerated() {
            total += count
            let bound = index < DurationHistogram.bounds.count ? Self.number(DurationHistogram.bounds[index]) : "+Inf"
            sample(labels + [("le", bound)], Double(total), suffix: "_bucket")
        }
        sample(labels, histogram.sum, suffix: "_sum")
        sample(labels, Double(total), suffix: "_count")
    }

    /// The form of ``text``.
    static let format = ExpositionFormat()

    /// The text that is scraped.
    var text: String {
        var writer = ExpositionWriter(Self.format)
        for family in families {
            writer.family(family.name, family.kind.type, help: family.help)
            for sample in family.samples { writer.sample(sample.name, sample.labels, sample.value) }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// The samples at a time (milliseconds since 1970), with further labels on each, and what the metrics are.
    func batch(timestamp: Int64, labels more: [Label]) -> MetricBatch {
        var batch = MetricBatch()
        for (name, labels, value) in families.flatMap(\.samples) {
            batch.append(
                Labels(labels + more + [Label(Labels.nameLabel, name)]), [Sample(timestamp: timestamp, value: value)])
        }
        batch.metadata = families.map { MetricMetadata(metric: $0.name, type: $0.kind.type, help: $0.help, unit: "") }
        return batch
    }

    /// Whole numbers without a fraction, as people expect of counters.
    private static func number(_ value: Double) -> String {
        if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 { return String(whole) }
        return String(describing: value)
    }
}
