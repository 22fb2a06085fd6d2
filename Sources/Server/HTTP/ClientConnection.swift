import NIOCore
import Synchronization

/// The connection of a client, as far as others want to know when the client has gone.
///
/// A client that closes its side is taken for gone, as Go's server does, on which Prometheus stands: no HTTP client goes on
/// reading after it has closed.
final class ClientConnection: Sendable {
    private struct State {
        var isGone = false
        var nextID = 0
        var actions: [Int: @Sendable () -> Void] = [:]
    }

    private let state = Mutex(State())

    /// The connection over which the current request came; nil in tests without one.
    @TaskLocal static var current: ClientConnection?

    /// The client has gone.
    func end() {
        let actions = state.withLock { state in
            state.isGone = true
            defer { state.actions = [:] }
            return Array(state.actions.values)
        }
        for act in actions { act() }
    }

    /// Does something once when the client goes; at once when it has gone already.
    private func whenGone(_ act: @escaping @Sendable () -> Void) -> Int {
        let (id, isGone) = state.withLock { state in
            state.nextID += 1
            if !state.isGone { state.actions[state.nextID] = act }
            return (state.nextID, state.isGone)
        }
        if isGone { act() }
        return id
    }

    private func forget(_ id: Int) { state.withLock { $0.actions[id] = nil } }

    /// Runs `body` in a task that is cancelled when the client of the current request goes away.
    static func whileConnected<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        guard let current else { return try await body() }
        let task = Task { try await body() }
        let id = current.whenGone { task.cancel() }
        defer { current.forget(id) }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }
}

/// Notices in a connection's pipeline that the client has closed its side or that the connection is gone.
final class ClientWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// Who is told.
    let connection = ClientConnection()

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { connection.end() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        connection.end()
        context.fireChannelInactive()
    }
}
