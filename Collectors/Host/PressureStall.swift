import CollectorKit
import TelemetryModel

/// `/proc/pressure/{cpu,io,memory}`: how much work waited for a resource (Documentation/accounting/psi.rst of the kernel).
struct PressureStall {
    struct Line {
        /// `some` work waited, or `full`: all of it did.
        var kind: String
        /// Shares of the last 10, 60 and 300 seconds, in percent.
        var averages: [(window: String, percent: Double)]
        /// Microseconds since the boot.
        var total: UInt64
    }

    var resource: String
    var lines: [Line] = []

    /// Reads `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`, and the same for `full`.
    init(_ resource: String, parsing bytes: [UInt8]) {
        self.resource = resource
        for text in TextFields.lines(bytes, limit: 8) {
            let fields = TextFields.fields(text, limit: 8)
            guard let kind = fields.first, kind.equals("some") || kind.equals("full") else { continue }
            var line = Line(kind: kind.text, averages: [], total: 0)
            for field in fields.dropFirst() {
                guard let (key, value) = TextFields.pair(field, "=") else { continue }
                if key.equals("total") {
                    line.total = value.unsigned ?? 0
                } else if key.begins(with: "avg"), let seconds = key.dropFirst(3).unsigned, let percent = value.finiteNumber {
                    line.averages.append(("\(seconds)s", percent))
                }
            }
            lines.append(line)
        }
    }

    /// The metrics of several resources; OpenTelemetry has no names for them yet.
    static func metrics(_ resources: [PressureStall], since boot: UInt64) -> [CollectedMetric] {
        var totals: [MetricPoint] = []
        var averages: [MetricPoint] = []
        for resource in resources {
            for line in resource.lines {
                let attributes = [Attribute("system.psi.resource", resource.resource), Attribute("system.psi.kind", line.kind)]
                totals.append(MetricPoint(.double(Double(line.total) / 1e6), attributes, since: boot))
                for (window, percent) in line.averages {
                    averages.append(
                        MetricPoint(.double(percent / 100), attributes + [Attribute("system.psi.window", window)]))
                }
            }
        }
        return [
            CollectedMetric(
                "system.psi.time", unit: "s", .counter, "Time in which some work, or all of it, waited for the resource.",
                points: totals),
            CollectedMetric(
                "system.psi.average", unit: "1", .gauge, "The share of such time in the window, as the kernel averages it.",
                points: averages),
        ]
    }
}
