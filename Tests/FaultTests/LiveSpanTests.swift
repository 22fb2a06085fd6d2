import EmbeddedStorage
import FaultLoad
import Foundation
import HTTPTransport
import Platform
import Storage
import Synchronization
import TelemetryModel
import TestSupport
import Testing

/// A real server that takes in spans from several connections, as many a second as are aimed at, and is ended meanwhile.
@Suite("Spans under a real server that is ended while loaded", .serialized)
struct LiveSpanTests {
    private static let connectionCount = 4
    private static let requestSpanCount = 50
    /// Spans a second over all connections.
    private static let rate = 10_000
    private static let lives = 3

    @Test("all spans that were acknowledged are there after kill -9, once, and after SIGTERM", arguments: ["interval", "always"])
    func ends(durability: String) async throws {
        try await TestBench.withFolder { folder in
            let transport = try HTTPTransport()
            let data = folder.appendingPathComponent("data").path
            let senders = (0..<Self.connectionCount).map { SpanSender(connection: $0) }
            for life in 0...Self.lives {
                let server = try await FaultServer(
                    folder, data: data, life: life, options: ["--durability", durability], transport)
                try await check(senders, server, transport, "\(durability), life \(life)")
                if life == Self.lives {
                    #expect(server.process.end(SIGTERM) == 0, "\(server.process.log.suffix(500))")
                    break
                }
                // The last but one is told to end.
                let signal = life == Self.lives - 1 ? SIGTERM : SIGKILL
                let status = try await load(senders, server, transport, signal)
                #expect(status == (signal == SIGTERM ? 0 : -SIGKILL), "\(server.process.log.suffix(500))")
                if signal == SIGTERM { try checkFolder(senders, data, "\(durability), life \(life)") }
            }
            await transport.shutdown()
            let counts = senders.map { $0.acknowledged * Self.requestSpanCount }
            print("live server | \(durability) | \(Self.lives) ends, \(counts.reduce(0, +)) spans acknowledged")
        }
    }

    /// Sends from all connections until there is enough, and then ends the server in the middle. Returns its status.
    private func load(
        _ senders: [SpanSender], _ server: FaultServer, _ transport: HTTPTransport, _ signal: Int32
    ) async throws -> Int32 {
        let goal = senders.reduce(0) { $0 + $1.acknowledged } + 16 * FaultScale.factor
        // A second SIGTERM would end it at once.
        let isSignalled = Once()
        return await withTaskGroup(of: Void.self) { group in
            for sender in senders {
                group.addTask {
                    let pause = Double(Self.requestSpanCount * Self.connectionCount) / Double(Self.rate)
                    var due = Date()
                    // The end of the process shows as a failed request.
                    while (try? await sender.send(server, transport)) == true {
                        let isEnough = senders.reduce(0) { $0 + $1.acknowledged } >= goal
                        if isEnough, isSignalled.isFirst() { server.process.signal(signal) }
                        due += pause
                        let wait = due.timeIntervalSinceNow
                        if wait > 0 { try? await Task.sleep(nanoseconds: UInt64(wait * 1e9)) }
                    }
                }
            }
            await group.waitForAll()
            return server.process.exitStatus(seconds: 60)
        }
    }

    /// By id over HTTP: whatever was acknowledged, once.
    private func check(_ senders: [SpanSender], _ server: FaultServer, _ transport: HTTPTransport, _ place: String) async throws {
        for sender in senders {
            // Every trace of the last requests, and some of all those before.
            for number in 0..<sender.acknowledged where number + 10 > sender.acknowledged || number % 7 == 0 {
                for (id, spans) in Dictionary(grouping: sender.spans(number), by: \.traceID) {
                    let found = try await server.spanIDs(id, transport)
                    #expect(
                        found == spans.map(\.spanID.description).sorted(), "\(place): request \(number) of \(sender.connection)")
                }
            }
        }
    }

    /// In the folder that a server has left in order: everything, as it was sent, in blocks, and nothing that contradicts it.
    private func checkFolder(_ senders: [SpanSender], _ data: String, _ place: String) throws {
        #expect(try StoreVerifier.verify(directory: data).isSound, "\(place)")
        let store = try EmbeddedStore.open(directory: data)
        #expect(store.status().headSpans == 0 && store.status().damages.isEmpty, "\(place): \(store.status())")
        var found: [SpanID: Span] = [:]
        try store.scan(from: 0, through: .max) { batch in
            for span in batch.spans { #expect(found.updateValue(span, forKey: span.spanID) == nil, "\(place)") }
        }
        let sent = senders.flatMap { sender in (0..<sender.acknowledged).flatMap(sender.spans) }
        #expect(sent.allSatisfy { found[$0.spanID] == $0 }, "\(place)")
        // What was under way may be there.
        #expect(found.count <= sent.count + senders.count * Self.requestSpanCount, "\(place)")
        try store.compact()
        #expect(try SpanLoad.contradictions(in: store, isCompacted: true).isEmpty, "\(place)")
        try store.close()
    }
}

/// Something that happens once.
private final class Once: Sendable {
    private let hasHappened = Atomic(false)

    /// Whether nobody has asked before.
    func isFirst() -> Bool { !hasHappened.exchange(true, ordering: .relaxed) }
}

/// One connection: sends its requests one after the other, and what was not acknowledged again in the next life.
private final class SpanSender: Sendable {
    let connection: Int
    private let count = Atomic(0)

    init(connection: Int) { self.connection = connection }

    /// How many requests have been acknowledged.
    var acknowledged: Int { count.load(ordering: .relaxed) }

    /// Sends the next request; whether it was acknowledged.
    func send(_ server: FaultServer, _ transport: HTTPTransport) async throws -> Bool {
        let answer = try await transport.send(server.export(spans(acknowledged)))
        if !answer.isSuccess { return false }
        count.add(1, ordering: .relaxed)
        return true
    }

    /// The spans of a request: five traces of a client, its server and statements.
    func spans(_ number: Int) -> [Span] {
        (0..<50).map { index in
            let id = UInt64(connection + 1) << 48 | UInt64(number) << 8 | UInt64(index + 1)
            let root = UInt64(connection + 1) << 48 | UInt64(number) << 8 | UInt64(index / 10 * 10 + 1)
            let start = UInt64(FaultClock.start) * 1_000_000 + UInt64(number) * 5_000_000
            var span = Span(
                traceID: TraceID(high: 7, low: root), spanID: SpanID(id), parentSpanID: SpanID(id == root ? 0 : root),
                name: index % 10 < 2 ? "GET /orders" : "SELECT", kind: index % 10 == 1 ? .server : .client,
                start: start + UInt64(index), end: start + 1_000_000 + UInt64(index), status: index % 10 == 9 ? .error : .unset,
                attributes: [Attribute("request", .int(Int64(number)))],
                resource: Resource(attributes: [Attribute("service.name", .string("shop-\(index % 3)"))]),
                scope: InstrumentationScope(name: "live"))
            if index % 10 > 1 {
                span.attributes.append(Attribute("db.system.name", .string("mysql")))
                span.attributes.append(Attribute("db.query.text", .string("SELECT * FROM orders WHERE id = \(number)")))
            }
            return span
        }
    }
}
