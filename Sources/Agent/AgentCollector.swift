import CollectorKit
import Forwarding
import Platform
import TelemetryModel

/// What the agent says about itself: the spool, the way to the server, what it uses of the machine.
struct AgentCollector: Collector {
    let name = "agent"
    let intervalNanoseconds: UInt64 = 10_000_000_000
    let startTime: UInt64
    let forwarder: Forwarder

    func collect(at time: UInt64) async throws -> [ResourceMetrics] { [ResourceMetrics(metrics: metrics)] }

    /// The metrics, also for `GET /metrics`.
    var metrics: [CollectedMetric] {
        let spool = forwarder.spoolStatus
        let sent = forwarder.statistics
        let usage = ProcessUsage.current()
        return [
            gauge("headrope.agent.spool.size", "By", "Bytes of the spool on disk.", spool.byteCount),
            gauge("headrope.agent.spool.requests", "{request}", "Requests that wait for the server.", spool.requestCount),
            counter("headrope.agent.spool.dropped", "{request}", "Requests that made room for newer ones.", spool.droppedCount),
            counter("headrope.agent.spool.damaged", "{request}", "Requests that could not be read back.", spool.damagedCount),
            counter("headrope.agent.forwarding.sent", "{request}", "Requests that the server took.", sent.sentCount),
            counter("headrope.agent.forwarding.retries", "{request}", "Attempts that had to be made again.", sent.retryCount),
            counter(
                "headrope.agent.forwarding.refused", "{request}", "Requests that the server will never take.", sent.refusedCount),
            counter(
                "headrope.agent.forwarding.rejected", "{item}", "Spans and data points refused in requests that were taken.",
                sent.rejectedItemCount),
            CollectedMetric(
                "process.cpu.time", unit: "s", .counter, "CPU time of the agent.",
                points: [MetricPoint(.double(usage.cpuSeconds), since: startTime)]),
            gauge("process.memory.usage", "By", "Resident memory of the agent.", usage.residentBytes),
        ]
    }

    private func gauge(_ name: String, _ unit: String, _ text: String, _ value: Int) -> CollectedMetric {
        CollectedMetric(name, unit: unit, .upDownCounter, text, points: [MetricPoint(MetricValue(clamping: value))])
    }

    private func counter(_ name: String, _ unit: String, _ text: String, _ value: UInt64) -> CollectedMetric {
        CollectedMetric(name, unit: unit, .counter, text, points: [MetricPoint(MetricValue(clamping: value), since: startTime)])
    }
}
