import Logging
import Platform

/// What one run of one collector brought.
public struct Collection: Sendable {
    /// The name of the collector.
    public var collector: String
    /// The time of all points, nanoseconds since 1970.
    public var time: UInt64
    /// What was found, and how the collector does.
    public var groups: [ResourceMetrics]

    /// Puts together what a run brought.
    public init(collector: String, time: UInt64, groups: [ResourceMetrics]) {
        self.collector = collector
        self.time = time
        self.groups = groups
    }
}

/// Runs collectors at whole multiples of their intervals, each in a lane of its own: one that fails or hangs stops no other.
///
/// There is no random delay: two agents with the same interval sample at the same moments, which makes hosts comparable.
/// A lane has at most one run at a time; while one hangs, the following are left out and counted as errors.
public struct CollectorScheduler: Sendable {
    /// How many collectors one agent may have.
    public static let collectorLimit = 64

    private let collectors: [any Collector]
    private let time: any TimeSource
    private let timeoutNanoseconds: UInt64
    private let logger: Logger
    private let deliver: @Sendable (Collection) async -> Void

    /// A scheduler for `collectors`. A run is given up after `timeoutNanoseconds`, or its interval if that is shorter.
    /// `deliver` is called once per run, also for those that failed, and a lane waits for it.
    public init(
        collectors: [any Collector], time: any TimeSource, timeoutNanoseconds: UInt64 = 10_000_000_000, logger: Logger,
        deliver: @escaping @Sendable (Collection) async -> Void
    ) {
        precondition(collectors.count <= Self.collectorLimit, "more collectors than an agent may have")
        precondition(collectors.allSatisfy { $0.intervalNanoseconds > 0 }, "an interval must be longer than nothing")
        self.collectors = collectors
        self.time = time
        self.timeoutNanoseconds = timeoutNanoseconds
        self.logger = logger
        self.deliver = deliver
    }

    /// Runs every collector at once and then at its interval, until the task is cancelled.
    public func run() async {
        await withTaskGroup { group in
            for collector in collectors { group.addTask { await runLane(collector) } }
        }
    }

    private func runLane(_ collector: any Collector) async {
        var health = CollectorHealth(name: collector.name, startTime: time.now())
        var unfinished: CollectorRun?
        while !Task.isCancelled {
            let start = time.now()
            let startMonotonic = time.monotonic()
            let outcome: Result<[ResourceMetrics], any Error>
            if let earlier = unfinished, !earlier.hasEnded {
                outcome = .failure(CollectorError.stillRunning(collector: collector.name))
            } else {
                let run = CollectorRun(collector)
                outcome = await run.result(
                    at: start, time: time, timeoutNanoseconds: min(timeoutNanoseconds, collector.intervalNanoseconds))
                unfinished = run
            }
            if Task.isCancelled { return }
            note(outcome, after: time.monotonic() &- startMonotonic, in: &health)
            var groups = Self.groups(of: outcome)
            if !health.metrics.isEmpty { groups.append(ResourceMetrics(metrics: health.metrics)) }
            if !groups.isEmpty { await deliver(Collection(collector: collector.name, time: start, groups: groups)) }
            let pause = collector.intervalNanoseconds &- time.now() % collector.intervalNanoseconds
            do { try await time.sleep(nanoseconds: pause) } catch { return }
        }
    }

    /// What was found, also by a run that failed in part.
    private static func groups(of outcome: Result<[ResourceMetrics], any Error>) -> [ResourceMetrics] {
        switch outcome {
        case .success(let groups): groups
        case .failure(let error): (error as? PartialCollection)?.groups ?? []
        }
    }

    /// Counts the outcome, and says in the log when it is another than last time.
    private func note(
        _ outcome: Result<[ResourceMetrics], any Error>, after nanoseconds: UInt64, in health: inout CollectorHealth
    ) {
        let before = health.isUp
        switch outcome {
        case .success(let groups):
            health.succeeded(isPresent: !groups.isEmpty, after: nanoseconds)
            if before == false { logger.notice("The collector \(health.name) works again.") }
        case .failure(let error):
            health.failed(after: nanoseconds)
            if before != false { logger.warning("\(error)", metadata: ["collector": "\(health.name)"]) }
        }
    }
}
