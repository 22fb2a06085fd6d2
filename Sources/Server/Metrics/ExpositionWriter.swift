/// Writes Prometheus's text exposition format 0.0.4.
struct ExpositionWriter {
    /// The types of metric families.
    enum Kind: String {
        case counter, gauge, histogram
    }

    /// What has been written.
    private(set) var text = ""
    private var name = ""

    /// Begins a family of metrics. The help must be one line.
    mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        self.name = name
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    /// One sample of the family.
    mutating func sample(_ labels: [(String, String)], _ value: Double, suffix: String = "") {
        text += name + suffix
        if !labels.isEmpty {
            text += "{" + labels.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }.joined(separator: ",") + "}"
        }
        text += " \(Self.number(value))\n"
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

    private static func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }

    /// Whole numbers without a fraction, as people expect of counters.
    private static func number(_ value: Double) -> String {
        if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 { return String(whole) }
        return String(describing: value)
    }
}
