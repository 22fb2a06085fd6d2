import CollectorKit
import TelemetryModel

/// `/proc/loadavg` and `/proc/uptime` (proc(5)).
enum LoadAndUptime {
    /// The load averages of one, five and fifteen minutes.
    static func loadMetrics(parsing bytes: [UInt8]) -> [CollectedMetric] {
        guard let line = TextFields.lines(bytes, limit: 1).first else { return [] }
        return zip(TextFields.fields(line, limit: 3), ["1m", "5m", "15m"]).compactMap { field, window in
            guard let value = field.finiteNumber else { return nil }
            return CollectedMetric(
                "system.cpu.load_average.\(window)", unit: "{thread}", .gauge,
                "Threads that ran or waited for a CPU or a disk, averaged over \(window).", points: [MetricPoint(.double(value))])
        }
    }

    /// How long the system has been running.
    static func uptimeMetrics(parsing bytes: [UInt8]) -> [CollectedMetric] {
        guard let line = TextFields.lines(bytes, limit: 1).first,
            let seconds = TextFields.fields(line, limit: 1).first?.finiteNumber
        else { return [] }
        return [
            CollectedMetric(
                "system.uptime", unit: "s", .gauge, "How long the system has been running.", points: [MetricPoint(.double(seconds))]
            )
        ]
    }
}
