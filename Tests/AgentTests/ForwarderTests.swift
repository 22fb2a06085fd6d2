import CollectorKit
import Foundation
import Forwarding
import HTTPTransport
import Logging
import Platform
import SegmentLog
import Synchronization
import TelemetryModel
import TestSupport
import Testing

@Suite struct ForwarderTests {
    @Test("what is accepted arrives once, in order, compressed and with the token")
    func arrival() async throws {
        try await withBench { bench in
            try await bench.accept(0..<20)
            await bench.settle()
            #expect(bench.server.metricNames == names(0..<20))
            #expect(
                bench.server.taken.allSatisfy {
                    $0.wasCompressed && $0.path == "/v1/metrics" && $0.authorization == "Bearer secret"
                })
            #expect(bench.forwarder.statistics.sentCount == 20)
            #expect(bench.forwarder.spoolStatus.requestCount == 0)
        }
    }

    @Test("traces and metrics go to their own paths and stay in order")
    func signals() async throws {
        try await withBench { bench in
            try await bench.forwarder.accept(.traces, [])
            try await bench.accept(0..<1)
            try await bench.forwarder.accept(.traces, metric("span"))
            try await bench.accept(1..<3)
            await bench.settle()
            #expect(Set(bench.server.taken.map(\.path)) == ["/v1/metrics", "/v1/traces"])
            #expect(bench.server.metricNames == ["m0", "span", "m1", "m2"])
        }
    }

    @Test("while the server is away requests wait, and arrive once when it is back")
    func serverAway() async throws {
        try await withBench { bench in
            bench.server.change { _ in .init(status: 503) }
            try await bench.accept(0..<10)
            try await until { bench.server.attemptCount >= 3 }
            #expect(bench.server.taken.isEmpty)
            #expect(bench.forwarder.spoolStatus.requestCount == 10)
            bench.server.change { _ in .init() }
            try await until { bench.forwarder.spoolStatus.requestCount == 0 }
            #expect(bench.server.metricNames == names(0..<10))
        }
    }

    @Test("nobody listening, a wrong token and a wrong address are waited for too", arguments: [401, 404, 429])
    func waitingStatuses(status: Int) async throws {
        try await withBench { bench in
            bench.server.change { _ in .init(status: status) }
            try await bench.accept(0..<1)
            try await until { bench.server.attemptCount >= 2 }
            bench.server.change { _ in .init() }
            try await until { bench.forwarder.spoolStatus.requestCount == 0 }
            #expect(bench.server.metricNames == ["m0"])
        }
    }

    @Test("a pause that the server asks for is kept")
    func retryAfter() async throws {
        try await withBench { bench in
            bench.server.change { _ in .init(status: 503, retryAfter: "17") }
            try await bench.accept(0..<1)
            try await until { bench.server.attemptCount >= 2 }
            #expect(bench.time.sleeps.contains(17_000_000_000))
        }
    }

    @Test("a request that is refused for ever is counted and left out; the others of its batch arrive")
    func refusal() async throws {
        try await withBench { bench in
            bench.server.change { _ in .init(status: 503) }
            try await bench.accept(0..<5)
            bench.server.change {
                $0.metricNames.contains("m2") ? .init(status: 400, body: Array("bad \u{7} thing".utf8)) : .init()
            }
            try await until { bench.forwarder.spoolStatus.requestCount == 0 }
            #expect(bench.server.metricNames == ["m0", "m1", "m3", "m4"])
            #expect(bench.forwarder.statistics.refusedCount == 1)
            #expect(bench.forwarder.statistics.sentCount == 4)
        }
    }

    @Test("items that the server refuses in a request that it takes are counted")
    func partialSuccess() async throws {
        try await withBench { bench in
            // partial_success { rejected_data_points: 3, error_message: "no" }
            bench.server.change { _ in .init(body: [0x0A, 6, 0x08, 3, 0x12, 2, 0x6E, 0x6F]) }
            try await bench.accept(0..<1)
            await bench.settle()
            #expect(bench.forwarder.statistics.rejectedItemCount == 3)
            #expect(bench.forwarder.statistics.sentCount == 1)
        }
    }

    @Test("answers that are no OTLP are success all the same")
    func strangeAnswers() async throws {
        try await withBench { bench in
            bench.server.change { _ in .init(body: Array("<html>ok".utf8)) }
            try await bench.accept(0..<1)
            await bench.settle()
            #expect(bench.forwarder.statistics.sentCount == 1)
            #expect(bench.forwarder.statistics.rejectedItemCount == 0)
        }
    }

    @Test("what was spooled by an earlier agent is sent by the next, once")
    func restart() async throws {
        try await TestBench.withFolder { folder in
            do {
                let spool = try Spool(directory: folder.path + "/spool", files: PosixFileSystem())
                for index in 0..<6 { try spool.append(.metrics, metric("m\(index)")) }
                let batch = try #require(try spool.next(byteLimit: 1))
                #expect(batch.requests.count == 1)
                try spool.markDelivered(batch)
            }
            try await withBench(folder: folder) { bench in
                await bench.settle()
                #expect(bench.server.metricNames == names(1..<6))
            }
            let spool = try Spool(directory: folder.path + "/spool", files: PosixFileSystem())
            #expect(spool.status.requestCount == 0)
            #expect(try spool.next(byteLimit: 1) == nil)
        }
    }

    @Test("flushing sends what waits and says what remains")
    func flush() async throws {
        try await withBench(runs: false) { bench in
            try await bench.accept(0..<3)
            #expect(await bench.forwarder.flush() == 0)
            #expect(bench.server.metricNames == names(0..<3))
            bench.server.change { _ in .init(status: 503) }
            try await bench.accept(3..<5)
            #expect(await bench.forwarder.flush() == 2)
        }
    }

    private func names(_ range: Range<Int>) -> [String] { range.map { "m\($0)" } }
}

/// A request with one metric of this name; `padding` bytes of it do not compress well.
func metric(_ name: String, padding: Int = 0) -> [UInt8] {
    let metric = CollectedMetric(
        name, unit: "", .gauge, String(incompressible.prefix(padding)), points: [MetricPoint(.int(1))])
    return OTLPMetricsEncoder.encode([ResourceMetrics(metrics: [metric])], at: 1)
}

private let incompressible: String = {
    var random = SeededRandom(seed: 1)
    return String(decoding: (0..<10_000).map { _ in UInt8.random(in: 32..<127, using: &random) }, as: UTF8.self)
}()

/// Polls until a condition holds; records an issue when it does not within half a minute.
func until(_ condition: @Sendable () async throws -> Bool) async throws {
    let deadline = Date().addingTimeInterval(30)
    while Date() < deadline {
        if try await condition() { return }
        try await Task.sleep(nanoseconds: 2_000_000)
    }
    Issue.record("it did not happen within 30 s")
}

/// A clock whose short sleeps end at once, so that pauses cost no time; long ones last until they are cancelled.
final class ImpatientTime: TimeSource {
    private let recorded = Mutex<[UInt64]>([])
    /// How long the sleeps were meant to be.
    var sleeps: [UInt64] { recorded.withLock { $0 } }
    func now() -> UInt64 { SystemTime().now() }
    func monotonic() -> UInt64 { SystemTime().monotonic() }
    func sleep(nanoseconds: UInt64) async throws {
        recorded.withLock { $0.append(nanoseconds) }
        try await Task.sleep(nanoseconds: nanoseconds >= 1000 * 1_000_000_000 ? nanoseconds : 1_000_000)
    }
}

/// A forwarder with its spool, before a fake server.
struct ForwarderBench: Sendable {
    let server: FakeServer
    let forwarder: Forwarder
    let time: ImpatientTime

    func accept(_ range: Range<Int>) async throws {
        for index in range { try await forwarder.accept(.metrics, metric("m\(index)")) }
    }

    /// Waits until nothing waits any more.
    func settle() async {
        try? await until { forwarder.spoolStatus.requestCount == 0 }
    }
}

/// Runs `body` with a fake server and a forwarder that sends to it.
func withBench(folder: URL? = nil, runs: Bool = true, _ body: (ForwarderBench) async throws -> Void) async throws {
    guard let folder else {
        return try await TestBench.withFolder { try await withBench(folder: $0, runs: runs, body) }
    }
    let server = try await FakeServer.start()
    let transport = try HTTPTransport()
    let time = ImpatientTime()
    var options = Forwarder.Options(serverURL: server.url + "/", token: "secret")
    options.syncInterval = .seconds(10_000)
    var logger = Logger(label: "forwarder")
    logger.logLevel = .critical
    let forwarder = Forwarder(
        options, spool: try Spool(directory: folder.path + "/spool", files: PosixFileSystem()), transport: transport, time: time,
        seed: 1,
        logger: logger)
    let task = Task { if runs { await forwarder.run() } }
    let result = await Result(catching: { try await body(ForwarderBench(server: server, forwarder: forwarder, time: time)) })
    task.cancel()
    await task.value
    await transport.shutdown()
    await server.stop()
    try result.get()
}

extension Result where Failure == any Error {
    fileprivate init(catching body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
