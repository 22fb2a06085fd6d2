import HTTPTransport
import Hummingbird
import Platform
import Synchronization
import TestSupport
import Testing

/// A clock whose sleeps end at once and are written down; deadlines never come.
private final class RecordingTime: TimeSource {
    let pauses = Mutex<[UInt64]>([])
    /// Sleeps of exactly this length are the calls' deadlines.
    let deadline: UInt64

    init(deadline: Duration) { self.deadline = UInt64(deadline.components.seconds) * 1_000_000_000 }

    func now() -> UInt64 { 784_111_770_000_000_000 }
    func monotonic() -> UInt64 { 0 }
    func sleep(nanoseconds: UInt64) async throws {
        if nanoseconds == deadline {
            try await Task.sleep(for: .seconds(600))
        } else {
            pauses.withLock { $0.append(nanoseconds) }
        }
    }
}

@Suite("Retries")
struct RetryTests {
    private static let policy = RetryPolicy(attemptLimit: 4, firstPause: .seconds(1), longestPause: .seconds(8))

    /// Sends to a server that answers with these statuses in turn, and returns the last answer and the pauses made.
    private func run(
        _ statuses: [Int], retryAfter: String? = nil, policy: RetryPolicy = RetryTests.policy
    ) async throws -> (status: Int, seen: Int, pauses: [UInt64]) {
        let router = Router()
        let counter = Counter()
        router.get("/") { _, _ -> Response in
            let index = counter.next()
            var headers = HTTPFields()
            if let retryAfter { headers[.retryAfter] = retryAfter }
            return Response(status: .init(code: statuses[min(index, statuses.count - 1)]), headers: headers)
        }
        let time = RecordingTime(deadline: .seconds(77))
        let status = try await withServer(router) { origin in
            let transport = try HTTPTransport(.init(seed: 7), time: time)
            let answer = try await transport.send(HTTPCall(url: origin, timeout: .seconds(77)), retry: policy)
            await transport.shutdown()
            return answer.status
        }
        return (status, counter.count, time.pauses.withLock { $0 })
    }

    @Test("a busy server is asked again, after pauses that grow and are jittered downwards")
    func backOff() async throws {
        let result = try await run([503, 429, 502, 200])
        #expect(result.status == 200)
        #expect(result.pauses.count == 3)
        for (pause, longest) in zip(result.pauses, [1.0, 2, 4]) {
            #expect((longest / 2...longest).contains(Double(pause) / 1e9))
        }
        #expect(try await run([503, 429, 502, 200]).pauses == result.pauses, "the same seed gives the same pauses")
    }

    @Test("attempts are bounded, and the last answer is returned")
    func bounded() async throws {
        let result = try await run([503])
        #expect(result.status == 503)
        #expect(result.seen == 4)
    }

    @Test("a status that no retry mends is returned at once", arguments: [400, 401, 404, 413, 500])
    func notRetryable(status: Int) async throws {
        let result = try await run([status])
        #expect(result.status == status)
        #expect(result.seen == 1)
    }

    @Test("Retry-After is waited for exactly, in seconds or as a date")
    func retryAfter() async throws {
        #expect(try await run([503, 200], retryAfter: "3").pauses == [3_000_000_000])
        // The clock of the test stands at 08:49:30.
        #expect(try await run([503, 200], retryAfter: "Sun, 06 Nov 1994 08:49:37 GMT").pauses == [7_000_000_000])
    }

    @Test("a server that asks for more than the longest pause gets no further attempt")
    func retryAfterTooLong() async throws {
        let result = try await run([503, 200], retryAfter: "9")
        #expect(result.status == 503)
        #expect(result.seen == 1)
    }

    @Test("a refused connection is tried again, and the error of the last attempt is thrown")
    func refusedConnection() async throws {
        let time = RecordingTime(deadline: .seconds(77))
        let transport = try HTTPTransport(.init(seed: 7), time: time)
        await #expect(throws: HTTPTransportError.cannotConnect(origin: "http://127.0.0.1:1", reason: "connection refused")) {
            try await transport.send(HTTPCall(url: "http://127.0.0.1:1/", timeout: .seconds(77)), retry: Self.policy)
        }
        #expect(time.pauses.withLock { $0.count } == 3)
        await transport.shutdown()
    }

    @Test(
        "what is no Retry-After is ignored",
        arguments: [
            "", "soon", "-", "Sun, 06 Nov 1994", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 99 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT", "99999999999999999999",
        ])
    func malformedRetryAfter(value: String) {
        #expect(HTTPAnswer(status: 503, headers: [HTTPHeader("Retry-After", value)]).retryAfter(now: 0) == nil)
    }

    @Test("dates before, in and after a leap day are right")
    func dates() {
        let expected: [(String, Int64)] = [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Tue, 29 Feb 2000 00:00:00 GMT", 951_782_400),
            ("Wed, 01 Mar 2000 00:00:00 GMT", 951_868_800), ("Fri, 31 Dec 2027 23:59:59 GMT", 1_830_297_599),
        ]
        for (text, seconds) in expected {
            #expect(HTTPAnswer(status: 503, headers: [HTTPHeader("retry-after", text)]).retryAfter(now: 0) == .seconds(seconds))
        }
    }
}

/// Counts calls from any task.
private final class Counter: Sendable {
    private let value = Mutex(0)

    var count: Int { value.withLock { $0 } }

    func next() -> Int {
        value.withLock { value in
            defer { value += 1 }
            return value
        }
    }
}
