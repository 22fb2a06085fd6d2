import Storage
import TelemetryModel
import TraceAnalysis

extension AnswerEngine {
    /// How many traces a call chain is made of at most; with more in the range, the latest are taken and the answer is not
    /// complete.
    public static let callChainTraceLimit = 2000

    /// What happens below an entry point, added up over its traces, with its change against the window of equal length
    /// before. Throws ``AnswerError`` of kind `notFound` when the range has no such requests.
    public func callChain(service: String, operation: String, _ request: AnswerRequest) throws -> CallChainAnswer {
        let window = try window(request)
        let now = try chain(service, operation, window)
        guard now.chain.requestCount > 0 else {
            throw AnswerError(
                .notFound,
                "No \(operation) of \(service) was seen from \(window.spanRange.from) to \(window.spanRange.to);"
                    + " /api/v1/services/{name} lists the operations of a service.", at: "operation")
        }
        let before = try chain(service, operation, window.previous)
        return CallChainAnswer(
            range: window.spanRange, complete: now.isComplete && before.isComplete, computedFrom: .spans, service: service,
            operation: operation, requests: now.chain.requestCount, previousRequests: before.chain.requestCount,
            root: CallChainWriter(now.chain, before: before.chain).root(),
            exampleTraceIDs: now.chain.slowest.map(\.traceID.description))
    }

    private func chain(
        _ service: String, _ operation: String, _ window: AnswerWindow
    ) throws -> (chain: CallChain, isComplete: Bool) {
        var chain = CallChain(service: service, operation: operation)
        let query = TraceQuery(
            service: service, operation: operation, from: window.from, through: window.through,
            limit: Self.callChainTraceLimit + 1)
        let ids = try traces.search(query)
        for chunk in Array(ids.prefix(Self.callChainTraceLimit)).chunks(of: Self.traceChunk) {
            for batch in try traces.traces(chunk) { chain.add(batch, startingIn: window.from...window.through) }
        }
        return (chain, ids.count <= Self.callChainTraceLimit && !chain.isCut)
    }
}

/// Writes a call chain down beside the one of the window before.
private struct CallChainWriter {
    private let now: CallChain
    private let before: CallChain
    private let totalNow: UInt64
    private let totalBefore: UInt64

    init(_ now: CallChain, before: CallChain) {
        self.now = now
        self.before = before
        totalNow = Self.total(now)
        totalBefore = Self.total(before)
    }

    private static func total(_ chain: CallChain) -> UInt64 { chain.nodes.reduce(UInt64(0)) { $0 &+ $1.criticalNanoseconds } }

    func root() -> CallChainNode? {
        now.nodes.isEmpty ? nil : node(0, before: before.nodes.isEmpty ? nil : 0)
    }

    // The depth is bounded by CallChain.depthLimit.
    private func node(_ index: Int, before earlier: Int?) -> CallChainNode {
        let node = now.nodes[index]
        let numbers = Numbers(node, requests: now.requestCount, totalCritical: totalNow)
        let children = node.children.map { child in
            self.node(child, before: earlier.flatMap { same(as: now.nodes[child], below: $0) })
        }
        return CallChainNode(
            service: node.service, operation: node.operation, kind: node.kind.name, asynchronous: node.isAsynchronous,
            calls: node.calls, errors: node.errors, callsPerRequest: numbers.callsPerRequest,
            totalSeconds: Tally.seconds(node.durations.sumNanoseconds), selfSeconds: Tally.seconds(node.selfNanoseconds),
            criticalShare: numbers.criticalShare, p50Seconds: Tally.seconds(node.durations.quantile(0.5) ?? 0),
            p95Seconds: numbers.p95Seconds, p99Seconds: Tally.seconds(node.durations.quantile(0.99) ?? 0),
            change: earlier.map { change(numbers, then(before.nodes[$0])) },
            children: children.sorted {
                ($1.totalSeconds, $0.service, $0.operation, $0.kind) < ($0.totalSeconds, $1.service, $1.operation, $1.kind)
            })
    }

    private func same(as node: CallChain.Node, below parent: Int) -> Int? {
        before.nodes[parent].children.first { index in
            let other = before.nodes[index]
            return other.service == node.service && other.operation == node.operation && other.kind == node.kind
        }
    }

    private func then(_ node: CallChain.Node) -> Numbers {
        Numbers(node, requests: before.requestCount, totalCritical: totalBefore)
    }

    private func change(_ now: Numbers, _ then: Numbers) -> CallChainChange {
        CallChainChange(
            callsPerRequest: now.callsPerRequest - then.callsPerRequest,
            selfSecondsPerRequest: now.selfSecondsPerRequest - then.selfSecondsPerRequest,
            criticalShare: now.criticalShare - then.criticalShare, p95Seconds: now.p95Seconds - then.p95Seconds)
    }

    /// What is compared between windows.
    private struct Numbers {
        var callsPerRequest: Double
        var selfSecondsPerRequest: Double
        var criticalShare: Double
        var p95Seconds: Double

        init(_ node: CallChain.Node, requests count: UInt64, totalCritical: UInt64) {
            let requests = Double(max(1, count))
            callsPerRequest = Double(node.calls) / requests
            selfSecondsPerRequest = Tally.seconds(node.selfNanoseconds) / requests
            criticalShare = totalCritical == 0 ? 0 : Double(node.criticalNanoseconds) / Double(totalCritical)
            p95Seconds = Tally.seconds(node.durations.quantile(0.95) ?? 0)
        }
    }
}
