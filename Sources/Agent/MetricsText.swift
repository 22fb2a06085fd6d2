import CollectorKit

/// The agent's own metrics in Prometheus's text exposition format, version 0.0.4. They have no attributes.
enum MetricsText {
    private static let unitSuffixes = ["s": "_seconds", "By": "_bytes"]

    static func text(_ metrics: [CollectedMetric]) -> String {
        var text = ""
        for metric in metrics {
            let isCounter = metric.kind == .counter
            let name = metric.name.replacing(".", with: "_") + (unitSuffixes[metric.unit] ?? "") + (isCounter ? "_total" : "")
            text += "# HELP \(name) \(metric.description)\n# TYPE \(name) \(isCounter ? "counter" : "gauge")\n"
            for point in metric.points {
                switch point.value {
                case .int(let value): text += "\(name) \(value)\n"
                case .double(let value): text += "\(name) \(value)\n"
                }
            }
        }
        return text
    }
}
