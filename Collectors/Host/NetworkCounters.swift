import CollectorKit
import TelemetryModel

/// `/proc/net/dev`: one line an interface, eight columns received and eight sent (proc(5)).
struct NetworkCounters: Equatable {
    /// How many interfaces are reported.
    static let interfaceLimit = 512

    struct Interface: Equatable {
        var name: String
        var columns: [UInt64]
    }

    var interfaces: [Interface] = []

    init(parsing bytes: [UInt8]) {
        for line in TextFields.lines(bytes, limit: 4096) where interfaces.count < Self.interfaceLimit {
            // A name may hold a colon itself, as aliases do; the numbers never do.
            guard let colon = line.lastIndex(of: UInt8(ascii: ":")) else { continue }
            let columns = TextFields.fields(line[(colon + 1)...], limit: 16).compactMap(\.unsigned)
            let name = TextFields.fields(line[..<colon], limit: 1)
            if columns.count == 16, let name = name.first { interfaces.append(Interface(name: name.text, columns: columns)) }
        }
    }

    func metrics(since boot: UInt64) -> [CollectedMetric] {
        func points(_ receive: Int, _ transmit: Int) -> [MetricPoint] {
            interfaces.flatMap { interface in
                [("receive", receive), ("transmit", transmit)].map { direction, column in
                    MetricPoint(
                        MetricValue(clamping: interface.columns[column]),
                        [Attribute("network.interface.name", interface.name), Attribute("network.io.direction", direction)],
                        since: boot)
                }
            }
        }
        return [
            CollectedMetric("system.network.io", unit: "By", .counter, "Bytes received and sent.", points: points(0, 8)),
            CollectedMetric(
                "system.network.packets", unit: "{packet}", .counter, "Packets received and sent.", points: points(1, 9)),
            CollectedMetric(
                "system.network.errors", unit: "{error}", .counter, "Packets that were damaged or could not be sent.",
                points: points(2, 10)),
            CollectedMetric(
                "system.network.dropped", unit: "{packet}", .counter, "Packets dropped although nothing was wrong with them.",
                points: points(3, 11)),
        ]
    }
}
