import Delivery
import HTTPTransport
import HTTPTypes
import Hummingbird
import Logging
import Platform
import StateStore
import Synchronization
import Testing

@Suite("Sending from the outbox")
struct OutboxSenderTests {
    /// What a receiver got, and what it answers next.
    final class Receiver: Sendable {
        private let state = Mutex((keys: [String](), statuses: [HTTPResponse.Status]()))

        var keys: [String] { state.withLock { $0.keys } }

        func answerNext(_ statuses: [HTTPResponse.Status]) { state.withLock { $0.statuses = statuses } }

        func take(_ request: Request) -> HTTPResponse.Status {
            state.withLock { state in
                state.keys.append(HTTPField.Name("Idempotency-Key").flatMap { request.headers[$0] } ?? "none")
                return state.statuses.isEmpty ? .ok : state.statuses.removeFirst()
            }
        }
    }

    static func message(_ key: String, _ port: Int) -> OutboxMessage {
        OutboxMessage(
            key: key, url: "http://127.0.0.1:\(port)/hook", headers: ["Content-Type": "application/json"], body: Array("{}".utf8))
    }

    /// Runs `body` with a sender, its store and clock, and the port of a real HTTP server.
    static func withSender(
        _ receiver: Receiver, _ body: @Sendable @escaping (OutboxSender, StateStore, ManualTime, Int) async throws -> Void
    ) async throws {
        let router = Router()
        router.post("hook") { request, _ in Response(status: receiver.take(request)) }
        let (ports, found) = AsyncStream.makeStream(of: Int.self)
        let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let app = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in found.yield(channel.localAddress?.port ?? 0) }, logger: quiet)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await app.run() }
            for await port in ports {
                let state = try StateStore()
                let time = ManualTime(now: 1_000_000_000_000)
                let transport = try HTTPTransport()
                let sender = OutboxSender(
                    store: state, transport: transport, pool: BlockingPool(name: "test", threadCount: 1, queueLimit: 16),
                    time: time, logger: quiet)
                try await body(sender, state, time, port)
                await transport.shutdown()
                break
            }
            group.cancelAll()
        }
    }

    @Test("A message that fails is sent again later, in order, with the same key")
    func retries() async throws {
        let receiver = Receiver()
        receiver.answerNext([.serviceUnavailable, .ok])
        try await Self.withSender(receiver) { sender, state, time, port in
            try state.transaction { transaction in
                try transaction.enqueue(Self.message("a", port), now: 0)
                try transaction.enqueue(Self.message("b", port), now: 0)
            }
            #expect(try await sender.sendDue() == 1)
            #expect(try await sender.sendDue() == 0)
            time.advance(nanoseconds: 1_000_000_000)
            #expect(try await sender.sendDue() == 1)
            #expect(try await sender.sendDue() == 1)
            #expect(receiver.keys == ["a", "a", "b"])
            #expect(try state.outboxCounts().delivered == 2)
        }
    }

    @Test("A receiver that refuses a message is not asked again")
    func refusals() async throws {
        let receiver = Receiver()
        receiver.answerNext([.badRequest])
        try await Self.withSender(receiver) { sender, state, _, port in
            try state.transaction { try $0.enqueue(Self.message("a", port), now: 0) }
            _ = try await sender.sendDue()
            #expect(try state.outboxCounts().failed == 1)
        }
    }

    @Test("A receiver that is not there is tried until the limit, then given up")
    func unreachable() async throws {
        try await Self.withSender(Receiver()) { sender, state, time, _ in
            try state.transaction { try $0.enqueue(Self.message("a", 9), now: 0) }
            var attempts = 0
            for _ in 0..<100 {
                attempts += try await sender.sendDue()
                time.advance(nanoseconds: 300_000_000_000)
            }
            #expect(attempts == OutboxSender.Limits().attemptLimit)
            #expect(try state.outboxCounts().failed == 1)
        }
    }
}
