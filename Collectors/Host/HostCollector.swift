import CollectorKit
import Platform
import TelemetryModel

/// CPU, load, memory, disks, file systems, network, pressure, processes and uptime of the host that the agent runs on.
///
/// It reads `/proc` and calls statvfs(3), on a thread of its own because a disk that hangs lets both hang. Files that this
/// kernel does not have are left out. Where there is no `/proc/stat` at all nothing is collected.
public struct HostCollector: Collector {
    /// `host`.
    public let name = "host"
    /// How far the runs are apart, in nanoseconds.
    public let intervalNanoseconds: UInt64
    private let probe: HostProbe
    private let pool: BlockingPool

    /// A collector that reads what `probe` offers.
    public init(intervalNanoseconds: UInt64 = 10_000_000_000, probe: HostProbe = .live) {
        self.intervalNanoseconds = intervalNanoseconds
        self.probe = probe
        pool = BlockingPool(name: "host-collector", threadCount: 1, queueLimit: 1)
    }

    /// Everything that the host says about itself.
    public func collect(at time: UInt64) async throws -> [ResourceMetrics] {
        let probe = probe
        return try await pool.run { try Self.collect(probe) }
    }

    static func collect(_ probe: HostProbe) throws(CollectorError) -> [ResourceMetrics] {
        guard let stat = probe.read("stat") else { return [] }
        let cpu = CPUTimes(parsing: stat)
        if cpu.cpus.isEmpty { throw .malformed(source: "/proc/stat", reason: "it has no line for a CPU") }
        let boot = cpu.bootNanoseconds
        let resources = ["cpu", "io", "memory"].compactMap { resource in
            probe.read("pressure/\(resource)").map { PressureStall(resource, parsing: $0) }
        }
        let processCount = probe.processCount()
        var metrics = cpu.metrics(ticksPerSecond: probe.ticksPerSecond)
        metrics += LoadAndUptime.loadMetrics(parsing: probe.read("loadavg") ?? [])
        metrics += LoadAndUptime.uptimeMetrics(parsing: probe.read("uptime") ?? [])
        metrics += MemoryUsage(meminfo: probe.read("meminfo") ?? [], vmstat: probe.read("vmstat") ?? []).metrics(since: boot)
        metrics += DiskCounters(parsing: probe.read("diskstats") ?? []).metrics(since: boot)
        metrics += MountTable(parsing: probe.read("self/mountinfo") ?? []).metrics(usage: probe.usage)
        metrics += NetworkCounters(parsing: probe.read("self/net/dev") ?? []).metrics(since: boot)
        metrics += PressureStall.metrics(resources, since: boot)
        metrics.append(
            CollectedMetric(
                "system.process.count", unit: "{process}", .upDownCounter, "Processes that exist.",
                points: processCount > 0 ? [MetricPoint(MetricValue(clamping: processCount))] : []))
        return [ResourceMetrics(metrics: metrics.filter { !$0.points.isEmpty })]
    }
}
