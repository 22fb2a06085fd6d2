import CollectorKit
import TelemetryModel

/// `/proc/meminfo` and the paging counters of `/proc/vmstat` (proc(5)).
struct MemoryUsage: Equatable {
    /// Bytes by the name that the file gives them.
    private(set) var byteCounts: [String: UInt64] = [:]
    /// Counters of `/proc/vmstat` that are used here.
    private(set) var counters: [String: UInt64] = [:]

    private static let counterNames: Set<String> = ["pgfault", "pgmajfault", "pswpin", "pswpout", "oom_kill"]

    init(meminfo: [UInt8], vmstat: [UInt8]) {
        for line in TextFields.lines(meminfo, limit: 256) {
            let fields = TextFields.fields(line, limit: 3)
            guard fields.count >= 2, fields[0].last == UInt8(ascii: ":"), let value = fields[1].unsigned else { continue }
            let unit: UInt64 = fields.count == 3 && fields[2].equals("kB") ? 1024 : 1
            let (bytes, overflow) = value.multipliedReportingOverflow(by: unit)
            if !overflow { byteCounts[fields[0].dropLast().text] = bytes }
        }
        for line in TextFields.lines(vmstat, limit: 1024) {
            let fields = TextFields.fields(line, limit: 2)
            guard fields.count == 2, let value = fields[1].unsigned else { continue }
            let name = fields[0].text
            if Self.counterNames.contains(name) { counters[name] = value }
        }
    }

    /// The states add up to the total: what is neither free nor a cache that the kernel gives back is used.
    private var states: [(String, UInt64)] {
        guard let total = byteCounts["MemTotal"], let free = byteCounts["MemFree"] else { return [] }
        let buffers = byteCounts["Buffers"] ?? 0
        let cached = (byteCounts["Cached"] ?? 0).clampedAdding(byteCounts["SReclaimable"] ?? 0)
        let used = total.clampedSubtracting(free).clampedSubtracting(buffers).clampedSubtracting(cached)
        return [("used", used), ("free", free), ("buffers", buffers), ("cached", cached)]
    }

    func metrics(since boot: UInt64) -> [CollectedMetric] {
        var pagingUsage: [MetricPoint] = []
        if let total = byteCounts["SwapTotal"], let free = byteCounts["SwapFree"] {
            pagingUsage = [("used", total.clampedSubtracting(free)), ("free", free)].map { state, bytes in
                MetricPoint(MetricValue(clamping: bytes), [Attribute("system.paging.state", state)])
            }
        }
        let major = counters["pgmajfault"]
        let minor = major.flatMap { major in counters["pgfault"].map { $0.clampedSubtracting(major) } }
        return [
            CollectedMetric(
                "system.memory.usage", unit: "By", .upDownCounter, "Memory by state; the states add up to the limit.",
                points: states.map { MetricPoint(MetricValue(clamping: $1), [Attribute("system.memory.state", $0)]) }),
            CollectedMetric(
                "system.memory.limit", unit: "By", .upDownCounter, "Memory that the system has.", points: point("MemTotal")),
            CollectedMetric(
                "system.linux.memory.available", unit: "By", .upDownCounter,
                "Memory that new work can have without swapping, as the kernel estimates.", points: point("MemAvailable")),
            CollectedMetric(
                "system.linux.memory.dirty", unit: "By", .upDownCounter, "Memory that waits to be written to disk.",
                points: point("Dirty")),
            CollectedMetric("system.paging.usage", unit: "By", .upDownCounter, "Swap space by state.", points: pagingUsage),
            CollectedMetric(
                "system.paging.faults", unit: "{fault}", .counter, "Page faults; major ones had to read from disk.",
                points: counter([("major", major), ("minor", minor)], key: "system.paging.fault.type", since: boot)),
            CollectedMetric(
                "system.paging.operations", unit: "{operation}", .counter, "Pages moved from and to swap.",
                points: counter(
                    [("in", counters["pswpin"]), ("out", counters["pswpout"])], key: "system.paging.direction", since: boot)),
            CollectedMetric(
                "system.linux.memory.oom_kills", unit: "{process}", .counter, "Processes killed because memory ran out.",
                points: counters["oom_kill"].map { [MetricPoint(MetricValue(clamping: $0), since: boot)] } ?? []),
        ]
    }

    private func point(_ name: String) -> [MetricPoint] {
        byteCounts[name].map { [MetricPoint(MetricValue(clamping: $0))] } ?? []
    }

    private func counter(_ values: [(String, UInt64?)], key: String, since boot: UInt64) -> [MetricPoint] {
        values.compactMap { name, value in
            value.map { MetricPoint(MetricValue(clamping: $0), [Attribute(key, name)], since: boot) }
        }
    }
}

extension UInt64 {
    /// The sum, or the largest number when it does not fit.
    func clampedAdding(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }

    /// The difference, or 0 when it would be negative.
    func clampedSubtracting(_ other: UInt64) -> UInt64 { self > other ? self - other : 0 }

    /// The product, or the largest number when it does not fit.
    func clampedMultiplying(_ other: UInt64) -> UInt64 {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? .max : product
    }
}
