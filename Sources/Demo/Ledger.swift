import Synchronization
import Tracing

/// Where the demo writes down what it does.
final class Ledger: Sendable {
    private struct EdgeKey: Hashable { var from, to, via: String }
    private struct StatementKey: Hashable { var service, text: String }
    private struct OperationKey: Hashable { var service, operation, kind: String }
    private struct Tally {
        var count = 0
        var errors = 0
    }

    private struct State {
        var requests: [String: Tally] = [:]
        var spansByRoute: [String: Int] = [:]
        var edges: [EdgeKey: Tally] = [:]
        var statements: [StatementKey: Int] = [:]
        var operations: [OperationKey: Tally] = [:]
        /// Routes of the newest traces, so that spans in other services are counted for the request that caused them.
        var routeOfTrace: [String: String] = [:]
        var traceOrder: [String] = []
        var oldestTrace = 0
        var traceCount = 0
        var shedCount = 0
        var unansweredCount = 0
        var openWork = 0
        var isLoadFinished = false
    }

    /// How many traces are remembered by id.
    private static let traceLimit = 10_000

    private let state = Mutex(State())

    // MARK: - Writing

    func begin() { state.withLock { $0.openWork += 1 } }

    func finish() { state.withLock { $0.openWork -= 1 } }

    func traceStarted(_ traceID: String, route: String) {
        state.withLock { state in
            state.traceCount += 1
            state.routeOfTrace[traceID] = route
            if state.traceOrder.count < Self.traceLimit {
                state.traceOrder.append(traceID)
            } else {
                state.routeOfTrace[state.traceOrder[state.oldestTrace]] = nil
                state.traceOrder[state.oldestTrace] = traceID
                state.oldestTrace = (state.oldestTrace + 1) % Self.traceLimit
            }
        }
    }

    func spanEnded(_ service: String, _ operation: String, _ kind: SpanKind, traceID: String, isError: Bool) {
        state.withLock { state in
            let key = OperationKey(service: service, operation: operation, kind: "\(kind)")
            state.operations[key, default: Tally()].count += 1
            if isError { state.operations[key, default: Tally()].errors += 1 }
            if let route = state.routeOfTrace[traceID] { state.spansByRoute[route, default: 0] += 1 }
        }
    }

    func called(from: String, to: String, via: String, isError: Bool) {
        state.withLock { state in
            let key = EdgeKey(from: from, to: to, via: via)
            state.edges[key, default: Tally()].count += 1
            if isError { state.edges[key, default: Tally()].errors += 1 }
        }
    }

    func executed(_ service: String, _ text: String) {
        state.withLock { $0.statements[StatementKey(service: service, text: text), default: 0] += 1 }
    }

    func answered(_ route: String, status: Int) {
        state.withLock { state in
            state.requests[route, default: Tally()].count += 1
            if status >= 500 { state.requests[route, default: Tally()].errors += 1 }
        }
    }

    func shed() { state.withLock { $0.shedCount += 1 } }

    func unanswered() { state.withLock { $0.unansweredCount += 1 } }

    func loadFinished() { state.withLock { $0.isLoadFinished = true } }

    // MARK: - Reading

    func truth(export: Truth.Export) -> Truth {
        state.withLock { state in
            Truth(
                requests: state.requests.sorted { $0.key < $1.key }.map { route, tally in
                    .init(route: route, count: tally.count, failed: tally.errors, spans: state.spansByRoute[route] ?? 0)
                },
                edges: state.edges
                    .map { .init(from: $0.from, to: $0.to, via: $0.via, calls: $1.count, errors: $1.errors) }
                    .sorted { ($0.from, $0.to, $0.via) < ($1.from, $1.to, $1.via) },
                statements: state.statements
                    .map { .init(service: $0.service, text: $0.text, count: $1) }
                    .sorted { ($0.service, $0.text) < ($1.service, $1.text) },
                operations: state.operations
                    .map {
                        .init(service: $0.service, operation: $0.operation, kind: $0.kind, spans: $1.count, errors: $1.errors)
                    }
                    .sorted { ($0.service, $0.operation, $0.kind) < ($1.service, $1.operation, $1.kind) },
                export: export, traceCount: state.traceCount, shedCount: state.shedCount,
                unansweredCount: state.unansweredCount, openWork: state.openWork, isLoadFinished: state.isLoadFinished)
        }
    }
}
