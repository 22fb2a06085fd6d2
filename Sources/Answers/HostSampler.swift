import Storage
import TelemetryModel

/// Reads what an agent measured on a host, at equally spaced times.
struct HostSampler {
    /// A value older than this says nothing about now: five minutes, as in PromQL.
    static let lookback: Int64 = 300_000

    let axis: TimeAxis
    private let metrics: any MetricReader
    private let times: [Int64]
    private let step: Int64

    /// The times are whole minutes and lie in the window, which is divided into at most ``AnswerEngine/axisLimit`` parts.
    init(_ metrics: any MetricReader, _ window: AnswerWindow) throws {
        let minutes = window.minutes
        let length = minutes.upperBound - minutes.lowerBound + 1
        let limit = Int64(AnswerEngine.axisLimit)
        let minutesPerStep = max(1, (length + limit - 1) / limit)
        let count = Int((length + minutesPerStep - 1) / minutesPerStep)
        step = minutesPerStep * 60_000
        times = (0..<count).map { (minutes.lowerBound + Int64($0) * minutesPerStep) * 60_000 }
        axis = TimeAxis(
            from: AnswerEngine.time(minute: minutes.lowerBound), stepSeconds: Double(minutesPerStep) * 60, count: count)
        self.metrics = metrics
    }

    /// The series of a host; those of which nothing was measured are left out. A value stands for the step that begins at
    /// its time.
    func series(host: String) throws -> [ResourceSeries] {
        guard let query = try query(host: host) else { return [] }
        var columns = HostMetric.all.map { _ in HostColumn(count: times.count) }
        try metrics.scan(query) { samples in
            let name = samples.labels.metricName
            for (index, metric) in HostMetric.all.enumerated() where metric.metric == name {
                let isPart = metric.isPart(samples.labels)
                if isPart || metric.isShare {
                    columns[index].add(values(samples, isCounter: metric.isCounter), isPart: isPart, takesMaximum: metric.isMaximum)
                }
            }
        }
        return zip(HostMetric.all, columns).compactMap { metric, column in
            let values = column.values(isShare: metric.isShare)
            if values.allSatisfy({ $0 == nil }) { return nil }
            return ResourceSeries(resource: metric.resource, name: metric.name, unit: metric.unit, values: values)
        }
    }

    /// Whether all samples of a host in the window are kept as they came.
    func isWhole(host: String) throws -> Bool {
        guard let query = try query(host: host) else { return true }
        return try metrics.coarseRanges(query).isEmpty
    }

    private func query(host: String) throws -> SeriesQuery? {
        guard let first = times.first, let last = times.last else { return nil }
        let names = Set(HostMetric.all.map(\.metric)).sorted().joined(separator: "|")
        return SeriesQuery(
            [try LabelMatcher(Labels.nameLabel, .matches, names), try LabelMatcher("host_name", .equal, host)],
            from: max(0, first - Self.lookback), through: last + step)
    }

    /// Gauges: the last value of each step. Counters: their rise within it, a second.
    private func values(_ samples: SeriesView, isCounter: Bool) -> [Double?] {
        var next = 0
        func last(through time: Int64) -> Double? {
            while next < samples.timestamps.count, samples.timestamps[next] <= time { next += 1 }
            guard next > 0, samples.timestamps[next - 1] > time - Self.lookback else { return nil }
            let value = samples.values[next - 1]
            return value.isFinite ? value : nil
        }
        if !isCounter { return times.map { last(through: $0 + step - 1) } }
        var before = times.first.flatMap { last(through: $0 - 1) }
        return times.map { time in
            let after = last(through: time + step - 1)
            defer { before = after }
            guard let before, let after else { return nil }
            // A counter that fell began anew from zero.
            return (after >= before ? after - before : after) * 1000 / Double(step)
        }
    }
}

/// One number for each step, gathered from several series.
private struct HostColumn {
    private var part: [Double?]
    private var whole: [Double?]

    init(count: Int) {
        part = [Double?](repeating: nil, count: count)
        whole = part
    }

    mutating func add(_ values: [Double?], isPart: Bool, takesMaximum: Bool) {
        for (index, value) in values.enumerated() {
            guard let value else { continue }
            whole[index] = (whole[index] ?? 0) + value
            if isPart { part[index] = takesMaximum ? max(part[index] ?? value, value) : (part[index] ?? 0) + value }
        }
    }

    /// The values; what grew beyond all numbers is as good as not measured, and JSON could not hold it.
    func values(isShare: Bool) -> [Double?] { finished(isShare: isShare).map { $0.flatMap { $0.isFinite ? $0 : nil } } }

    private func finished(isShare: Bool) -> [Double?] {
        guard isShare else { return part }
        return zip(part, whole).map { part, whole in
            guard let whole, whole > 0 else { return nil }
            return (part ?? 0) / whole
        }
    }
}

/// A number that is made of the series of one metric of the host agent.
struct HostMetric {
    var resource: String
    var name: String
    var unit: String
    /// The name in Prometheus's form.
    var metric: String
    var isCounter = true
    /// The part of the whole metric that the chosen series have.
    var isShare = false
    /// The largest of the chosen series instead of their sum.
    var isMaximum = false
    /// Which series are chosen: those whose label has, or has not, one of these values.
    var label = ""
    var values: Set<String> = []
    var isInverted = false

    func isPart(_ labels: Labels) -> Bool {
        label.isEmpty || values.contains(labels[label] ?? "") != isInverted
    }

    /// Everything that is read of a host, by OpenTelemetry's system metrics.
    static let all: [HostMetric] = [
        HostMetric(
            resource: "cpu", name: "utilization", unit: "1", metric: "system_cpu_time_seconds_total", isShare: true,
            label: "cpu_mode", values: ["idle", "iowait"], isInverted: true),
        HostMetric(
            resource: "cpu", name: "inputOutputWait", unit: "1", metric: "system_cpu_time_seconds_total", isShare: true,
            label: "cpu_mode", values: ["iowait"]),
        HostMetric(
            resource: "memory", name: "utilization", unit: "1", metric: "system_memory_usage_bytes", isCounter: false,
            isShare: true,
            label: "system_memory_state", values: ["used"]),
        HostMetric(
            resource: "memory", name: "usedBytes", unit: "By", metric: "system_memory_usage_bytes", isCounter: false,
            label: "system_memory_state", values: ["used"]),
        HostMetric(
            resource: "disk", name: "readBytesPerSecond", unit: "By/s", metric: "system_disk_io_bytes_total",
            label: "disk_io_direction", values: ["read"]),
        HostMetric(
            resource: "disk", name: "writeBytesPerSecond", unit: "By/s", metric: "system_disk_io_bytes_total",
            label: "disk_io_direction", values: ["write"]),
        HostMetric(
            resource: "disk", name: "utilization", unit: "1", metric: "system_disk_io_time_seconds_total", isMaximum: true),
        HostMetric(
            resource: "network", name: "receiveBytesPerSecond", unit: "By/s", metric: "system_network_io_bytes_total",
            label: "network_io_direction", values: ["receive"]),
        HostMetric(
            resource: "network", name: "transmitBytesPerSecond", unit: "By/s", metric: "system_network_io_bytes_total",
            label: "network_io_direction", values: ["transmit"]),
        HostMetric(resource: "load", name: "average1m", unit: "1", metric: "system_cpu_load_average_1m", isCounter: false),
        pressure("cpu"), pressure("memory"), pressure("io"),
    ]

    /// The share of time in which some work waited for a resource.
    private static func pressure(_ resource: String) -> HostMetric {
        HostMetric(
            resource: "pressure", name: resource, unit: "1", metric: "system_psi_time_seconds_total", isMaximum: true,
            label: "system_psi_resource", values: [resource])
    }
}
