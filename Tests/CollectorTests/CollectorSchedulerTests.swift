import CollectorKit
import Logging
import Platform
import Synchronization
import TelemetryModel
import Testing

@Suite struct CollectorSchedulerTests {
    @Test("collectors run at once and then at whole multiples of their interval")
    func alignment() async throws {
        let bench = Bench([Probe(name: "steady") { _ in [.one] }], now: 1003 * second)
        let first = await bench.next()
        #expect(first.time == 1003 * second)
        await bench.advance(to: 1010 * second)
        #expect(await bench.next().time == 1010 * second)
        await bench.advance(to: 1020 * second)
        #expect(await bench.next().time == 1020 * second)
        await bench.stop()
    }

    @Test("a collector that fails is counted and the others go on")
    func failure() async throws {
        struct Broken: Error, CustomStringConvertible { let description = "The source is broken." }
        let bench = Bench(
            [Probe(name: "broken") { _ in throw Broken() }, Probe(name: "steady") { _ in [.one] }], now: 1000 * second)
        let first = [await bench.next(), await bench.next()].sorted { $0.collector < $1.collector }
        #expect(first.map(\.collector) == ["broken", "steady"])
        #expect(value("headrope.agent.collector.up", in: first[0]) == .int(0))
        #expect(value("headrope.agent.collector.errors", in: first[0]) == .int(1))
        #expect(value("headrope.agent.collector.up", in: first[1]) == .int(1))
        #expect(value("headrope.agent.collector.errors", in: first[1]) == .int(0))
        #expect(value("test.metric", in: first[1]) == .int(7))
        await bench.advance(to: 1010 * second, sleepers: 2)
        let second = [await bench.next(), await bench.next()].sorted { $0.collector < $1.collector }
        #expect(value("headrope.agent.collector.errors", in: second[0]) == .int(2))
        await bench.stop()
    }

    @Test("a collector that hangs is given up, not started again, and the others go on")
    func hanging() async throws {
        let hold = Hold()
        let bench = Bench(
            [
                Probe(name: "hanging") { _ in
                    await hold.wait(); return [.one]
                }, Probe(name: "steady") { _ in [.one] },
            ],
            now: 1000 * second)
        #expect(await bench.next().collector == "steady")
        // The lane of the steady one sleeps until 1010; the timer of the hanging one rings at 1002.
        await bench.advance(to: 1002 * second, sleepers: 2)
        let givenUp = await bench.next()
        #expect(givenUp.collector == "hanging")
        #expect(value("headrope.agent.collector.up", in: givenUp) == .int(0))
        await bench.advance(to: 1010 * second, sleepers: 2)
        let again = [await bench.next(), await bench.next()].sorted { $0.collector < $1.collector }
        #expect(again.map(\.collector) == ["hanging", "steady"])
        #expect(value("headrope.agent.collector.errors", in: again[0]) == .int(2))
        #expect(hold.waiterCount == 1)
        hold.open()
        await bench.stop()
    }

    @Test("what is not present on the host says nothing, not even that it is down")
    func absence() async throws {
        let bench = Bench([Probe(name: "absent") { _ in [] }, Probe(name: "steady") { _ in [.one] }], now: 1000 * second)
        #expect(await bench.next().collector == "steady")
        await bench.advance(to: 1010 * second, sleepers: 2)
        #expect(await bench.next().collector == "steady")
        await bench.stop()
    }

    private func value(_ name: String, in collection: Collection) -> MetricValue? {
        collection.groups.flatMap(\.metrics).first { $0.name == name }?.points.first?.value
    }
}

let second: UInt64 = 1_000_000_000

private struct Probe: Collector {
    var name: String
    var intervalNanoseconds: UInt64 = 10 * second
    var body: @Sendable (UInt64) async throws -> [ResourceMetrics]

    init(name: String, body: @escaping @Sendable (UInt64) async throws -> [ResourceMetrics]) {
        self.name = name
        self.body = body
    }

    func collect(at time: UInt64) async throws -> [ResourceMetrics] { try await body(time) }
}

extension ResourceMetrics {
    fileprivate static let one = ResourceMetrics(metrics: [
        CollectedMetric("test.metric", unit: "1", .gauge, "Seven.", points: [MetricPoint(.int(7))])
    ])
}

/// Something to hang on that ignores cancellation, as a dead network file system does.
private final class Hold: Sendable {
    private let waiters = Mutex<[CheckedContinuation<Void, Never>]>([])
    var waiterCount: Int { waiters.withLock { $0.count } }
    func wait() async { await withCheckedContinuation { waiter in waiters.withLock { $0.append(waiter) } } }
    func open() { for waiter in waiters.withLock({ $0 }) { waiter.resume() } }
}

/// A scheduler that runs under a clock which the test moves.
private final class Bench: Sendable {
    private let time: ManualTime
    private let task: Task<Void, Never>
    private let iterator: Mutex<AsyncStream<Collection>.Iterator>

    init(_ collectors: [any Collector], now: UInt64) {
        let time = ManualTime(now: now)
        let (stream, continuation) = AsyncStream.makeStream(of: Collection.self)
        self.time = time
        iterator = Mutex(stream.makeAsyncIterator())
        task = Task {
            await CollectorScheduler(
                collectors: collectors, time: time, timeoutNanoseconds: 2 * second, logger: Logger(label: "test"),
                deliver: { continuation.yield($0) }
            ).run()
        }
    }

    func next() async -> Collection {
        var copy = iterator.withLock { $0 }
        return await copy.next() ?? Collection(collector: "ended", time: 0, groups: [])
    }

    /// Moves the clock once `sleepers` tasks wait for it.
    func advance(to moment: UInt64, sleepers: Int = 1) async {
        while time.sleeperCount != sleepers { await Task.yield() }
        time.advance(nanoseconds: moment - time.now())
    }

    func stop() async {
        task.cancel()
        await task.value
    }
}
