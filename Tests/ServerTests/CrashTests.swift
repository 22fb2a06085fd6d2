import ByteCoding
import EmbeddedStorage
import Foundation
import HTTPTransport
import Platform
import Synchronization
import TelemetryModel
import TestSupport
import Testing

/// A real server that is killed while it is written to, flushed and merged. Whatever it had acknowledged must be there after
/// the next start.
@Suite("kill -9 of a real server", .serialized)
struct CrashTests {
    /// What the server has acknowledged, over all its lives.
    private final class Acknowledged: Sendable {
        private let state = Mutex((samples: Set<Int>(), spans: Set<Int>()))

        var samples: Set<Int> { state.withLock { $0.samples } }
        var spans: Set<Int> { state.withLock { $0.spans } }
        var count: Int { state.withLock { $0.samples.count + $0.spans.count } }

        func addSample(_ number: Int) { state.withLock { _ = $0.samples.insert(number) } }
        func addSpan(_ number: Int) { state.withLock { _ = $0.spans.insert(number) } }
    }

    /// November 2023, milliseconds.
    private static let start: Int64 = 1_700_000_000_000
    private static let lifeCount = 4

    @Test("everything acknowledged is there after kill -9 at seeded moments, flushes and merges under way")
    func kills() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        try await TestBench.withFolder { folder in
            let acknowledged = Acknowledged()
            let transport = try HTTPTransport()
            let data = folder.appendingPathComponent("data").path
            var next = 0
            for life in 0...Self.lifeCount {
                let (server, origin) = try await startServer(folder, life)
                try await check(acknowledged, transport, origin, "seed \(seed), life \(life)")
                if life == Self.lifeCount {
                    #expect(server.end(SIGTERM) == 0)
                    break
                }
                let goal = acknowledged.count + Int.random(in: 10...150, using: &random)
                next = try await write(from: next, until: goal, to: server, transport, origin, acknowledged)
            }
            let report = try StoreVerifier.verify(directory: data)
            #expect(report.isSound, "seed \(seed): \(report.items.filter { !$0.isSound })")
            #expect(acknowledged.samples.count > 20 && acknowledged.spans.count > 20)
            await transport.shutdown()
        }
    }

    private func startServer(_ folder: URL, _ life: Int) async throws -> (ChildProcess, String) {
        let port = try TestBench.freePort()
        let server = try ChildProcess(
            TestBench.product("headrope"),
            ["serve", "--listen", "127.0.0.1:\(port)", "--data", folder.appendingPathComponent("data").path],
            environment: ["HOME": folder.path], logFile: folder.appendingPathComponent("life-\(life).log"))
        let transport = try HTTPTransport()
        let origin = "http://127.0.0.1:\(port)"
        do {
            _ = try await server.wait(for: "readiness") {
                try await transport.send(HTTPCall(url: "\(origin)/-/ready")).isSuccess ? true : nil
            }
        } catch {
            server.end(SIGKILL)
            throw error
        }
        await transport.shutdown()
        return (server, origin)
    }

    /// Writes samples and spans from two tasks while a third one flushes and merges, and kills the server when so many items
    /// have been acknowledged. Returns the next unused number.
    private func write(
        from first: Int, until goal: Int, to server: ChildProcess, _ transport: HTTPTransport, _ origin: String,
        _ acknowledged: Acknowledged
    ) async throws -> Int {
        try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask {
                var number = first
                // The end of the process shows as a failed request.
                while let answer = try? await transport.send(Self.sample(number, origin)), answer.isSuccess {
                    acknowledged.addSample(number)
                    if acknowledged.count >= goal { server.signal(SIGKILL) }
                    number += 1
                }
                return number + 1
            }
            group.addTask {
                var number = first
                while let answer = try? await transport.send(Self.span(number, origin)), answer.isSuccess {
                    acknowledged.addSpan(number)
                    if acknowledged.count >= goal { server.signal(SIGKILL) }
                    number += 1
                }
                return number + 1
            }
            group.addTask {
                while let answer = try? await transport.send(HTTPCall(method: "POST", url: "\(origin)/-/compact")), answer.isSuccess
                {}
                return first
            }
            var next = first
            for try await number in group { next = max(next, number) }
            server.end(SIGKILL)
            return next
        }
    }

    /// One sample by remote write 1.0: the number at its second.
    private static func sample(_ number: Int, _ origin: String) -> HTTPCall {
        var request = RemoteWriteCall()
        request.append([("__name__", "crash_total"), ("job", "test")], [(start + Int64(number) * 1_000, Double(number))])
        return request.call(origin)
    }

    /// One span in Zipkin's form, a trace for itself.
    private static func span(_ number: Int, _ origin: String) -> HTTPCall {
        let text = """
            [{"traceId":"\(traceID(number))","id":"00000000000000aa","name":"work","timestamp":\(start * 1_000),"duration":5,\
            "localEndpoint":{"serviceName":"crash"}}]
            """
        return HTTPCall(
            method: "POST", url: "\(origin)/api/v2/spans", headers: [HTTPHeader("Content-Type", "application/json")],
            body: Array(text.utf8))
    }

    private static func traceID(_ number: Int) -> String { String(0x1000_0000_0000_0000 + number, radix: 16) }

    private func check(_ acknowledged: Acknowledged, _ transport: HTTPTransport, _ origin: String, _ place: String) async throws {
        let time = Self.start / 1_000 + 80_000
        let url = "\(origin)/api/v1/query?query=crash_total%5B1d%5D&time=\(time)"
        let answer = try await transport.send(HTTPCall(url: url))
        #expect(answer.isSuccess, "\(place): \(answer.text)")
        let found = try JSONDecoder().decode(QueryAnswer.self, from: Data(answer.body)).numbers
        #expect(acknowledged.samples.subtracting(found).isEmpty, "\(place)")
        for number in acknowledged.spans.sorted() {
            let trace = try await transport.send(HTTPCall(url: "\(origin)/api/v2/trace/\(Self.traceID(number))"))
            #expect(trace.isSuccess, "\(place): span \(number)")
        }
    }
}
