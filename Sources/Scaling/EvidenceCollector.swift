import Answers

/// Gathers what a decision rests on from the same answers that people see. It blocks.
struct EvidenceCollector {
    let answers: AnswerEngine

    /// How many entry operations are looked at, the busiest first.
    static let entryLimit = 5

    /// What is known about the policy's service in the window that ends at `now`, milliseconds since 1970.
    func collect(_ policy: ScalingPolicy, now: Int64) throws -> ScalingEvidence {
        var evidence = ScalingEvidence()
        let window = request(to: now, length: policy.window)
        let before = request(to: now - policy.window, length: policy.window)
        guard let answer = try found({ try answers.service(policy.service, window) }) else { return evidence }
        let entries = answer.operations.filter(\.isEntry)
        evidence.requests = entries.reduce(0) { $0 + $1.calls }
        evidence.errors = entries.reduce(0) { $0 + $1.errors }
        evidence.instances = answer.instances.count
        // The slowest of the entry operations that matter: a goal is missed if any of them misses it.
        let busy = entries.sorted { $0.totalSeconds > $1.totalSeconds }.prefix(Self.entryLimit)
        evidence.p95Seconds = busy.map(\.p95Seconds).max()
        evidence.traceIDs = busy.flatMap { $0.exemplarTraceIDs.prefix(1) }
        if let previous = try found({ try answers.service(policy.service, before) }) {
            let entries = previous.operations.filter(\.isEntry)
            evidence.baselineRequests = entries.reduce(0) { $0 + $1.calls }
            evidence.baselineP95Seconds = entries.map(\.p95Seconds).max()
        }
        try addPaths(busy.map(\.operation), policy, window, &evidence)
        try addStatements(policy, window, before, entries.reduce(0) { $0 + $1.totalSeconds }, &evidence)
        try addHosts(policy, window, &evidence)
        return evidence
    }

    private func request(to end: Int64, length: Int64) -> AnswerRequest {
        let to = UInt64(max(end, 0)) * 1_000_000
        return AnswerRequest(from: to - min(to, UInt64(length) * 1_000_000), to: to)
    }

    /// The answer, or nil when the range has nothing of the service.
    private func found<Value>(_ question: () throws -> Value) throws -> Value? {
        do {
            return try question()
        } catch let error as AnswerError where error.kind == .notFound {
            return nil
        }
    }

    /// Whose work the critical path is, over the entry operations, weighted by their time.
    private func addPaths(
        _ operations: [String], _ policy: ScalingPolicy, _ window: AnswerRequest, _ evidence: inout ScalingEvidence
    ) throws {
        var total = 0.0
        var own = 0.0
        var others: [String: Double] = [:]
        for operation in operations {
            guard let root = try found({ try answers.callChain(service: policy.service, operation: operation, window) })?.root
            else { continue }
            var stack = [root]
            while let node = stack.popLast() {
                let seconds = node.criticalShare * root.totalSeconds
                total += seconds
                // A call that leaves the service and has no span on the other side is waiting, not work.
                let isWaiting = node.kind == "client" && node.children.isEmpty
                if node.service == policy.service, !isWaiting {
                    own += seconds
                } else if node.service != policy.service {
                    others[node.service, default: 0] += seconds
                }
                stack += node.children
            }
        }
        guard total > 0 else { return }
        evidence.selfShare = own / total
        evidence.downstream = others.map { .init(service: $0.key, share: $0.value / total) }
            .sorted { ($0.share, $1.service) > ($1.share, $0.service) }
    }

    private func addStatements(
        _ policy: ScalingPolicy, _ window: AnswerRequest, _ before: AnswerRequest, _ totalSeconds: Double,
        _ evidence: inout ScalingEvidence
    ) throws {
        guard totalSeconds > 0 else { return }
        let earlier = try answers.statements(service: policy.service, before).statements
        let p95 = Dictionary(earlier.map { ($0.fingerprint, $0.p95Seconds) }, uniquingKeysWith: max)
        evidence.statements = try answers.statements(service: policy.service, window).statements.map { statement in
            ScalingEvidence.Statement(
                fingerprint: statement.fingerprint, system: statement.system, host: statement.host,
                share: statement.totalSeconds / totalSeconds,
                p95Seconds: statement.p95Seconds, baselineP95Seconds: p95[statement.fingerprint],
                traceIDs: Array(statement.exemplarTraceIDs.prefix(3)))
        }.sorted { ($0.share, $1.fingerprint) > ($1.share, $0.fingerprint) }
    }

    private func addHosts(_ policy: ScalingPolicy, _ window: AnswerRequest, _ evidence: inout ScalingEvidence) throws {
        guard let resources = try found({ try answers.resources(service: policy.service, window) }) else { return }
        for host in resources.hosts {
            guard let cpu = mean(host.series.first { $0.resource == "cpu" && $0.name == "utilization" }) else { continue }
            if cpu > evidence.cpuUtilization ?? -1 {
                evidence.cpuUtilization = cpu
                evidence.busiestHost = host.host
                evidence.cpuPressure = mean(host.series.first { $0.resource == "pressure" && $0.name == "cpu" })
            }
        }
    }

    private func mean(_ series: ResourceSeries?) -> Double? {
        let values = (series?.values ?? []).compactMap { $0 }.filter(\.isFinite)
        return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
}
