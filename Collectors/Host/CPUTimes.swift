import CollectorKit
import TelemetryModel

/// `/proc/stat`: processor time by CPU and mode, boot time, processes created (proc(5)).
struct CPUTimes: Equatable {
    /// The modes in the order of the columns; `guest` times, which follow them, are contained in `user` and `nice`.
    static let modes = ["user", "nice", "system", "idle", "iowait", "interrupt", "softirq", "steal"]
    /// How many CPUs are reported.
    static let cpuLimit = 1024

    struct CPU: Equatable {
        var number: Int64
        /// Clock ticks by mode; older kernels have fewer columns.
        var ticks: [UInt64]
    }

    var cpus: [CPU] = []
    /// Seconds since 1970.
    var bootTime: UInt64 = 0
    var processesCreated: UInt64?

    init(parsing bytes: [UInt8]) {
        for line in TextFields.lines(bytes) {
            let fields = TextFields.fields(line, limit: 12)
            guard let name = fields.first, fields.count >= 2 else { continue }
            if name.equals("btime") {
                bootTime = fields[1].unsigned ?? 0
            } else if name.equals("processes") {
                processesCreated = fields[1].unsigned
            } else if name.begins(with: "cpu"), let number = name.dropFirst(3).unsigned, number < Self.cpuLimit {
                let ticks = fields.dropFirst().prefix(Self.modes.count).compactMap(\.unsigned)
                if ticks.count >= 4, cpus.count < Self.cpuLimit { cpus.append(CPU(number: Int64(number), ticks: ticks)) }
            }
        }
    }

    /// The boot in nanoseconds since 1970, from which most counters of the kernel count; 0 when it is not known.
    var bootNanoseconds: UInt64 {
        let (product, overflow) = bootTime.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? 0 : product
    }

    func metrics(ticksPerSecond: UInt64) -> [CollectedMetric] {
        var points: [MetricPoint] = []
        for cpu in cpus {
            for (mode, ticks) in zip(Self.modes, cpu.ticks) {
                points.append(
                    MetricPoint(
                        .double(Double(ticks) / Double(ticksPerSecond)),
                        [Attribute("cpu.logical_number", .int(cpu.number)), Attribute("cpu.mode", mode)], since: bootNanoseconds))
            }
        }
        return [
            CollectedMetric("system.cpu.time", unit: "s", .counter, "Time that each CPU spent in each mode.", points: points),
            CollectedMetric(
                "system.cpu.logical.count", unit: "{cpu}", .upDownCounter, "CPUs that the scheduler can use.",
                points: cpus.isEmpty ? [] : [MetricPoint(MetricValue(clamping: cpus.count))]),
            CollectedMetric(
                "system.process.created", unit: "{process}", .counter, "Processes and threads created since the boot.",
                points: processesCreated.map { [MetricPoint(MetricValue(clamping: $0), since: bootNanoseconds)] } ?? []),
        ]
    }
}
