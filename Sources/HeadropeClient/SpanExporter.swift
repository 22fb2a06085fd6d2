internal import ByteCoding
internal import HTTPTransport
internal import Logging
internal import Platform
import Synchronization
internal import TelemetryModel
internal import WireFormats

/// Sends what stands in a ``SpanQueue``, batch by batch, when a batch is full or the interval is over.
final class SpanExporter: Sendable {
    /// What became of a batch.
    enum Outcome {
        /// The server took it, all but so many spans.
        case accepted(refusedCount: Int)
        /// The server will never take it.
        case refused
        /// It was given up.
        case failed
    }

    let queue: SpanQueue
    let fastSpans: FastSpanPool
    private let configuration: HeadropeTracer.Configuration
    private let resource: Resource
    private let scope: InstrumentationScope
    private let transport: HTTPTransport
    private let time: any TimeSource
    private let wakeups: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation
    private let tasks = Mutex<[Task<Void, Never>]>([])
    private let lastComplaint = Mutex<UInt64?>(nil)
    private let logger = Logger(label: "headrope.client")

    /// At most one log line about a failing export in this time.
    private static let complaintInterval: UInt64 = 60_000_000_000

    init(_ configuration: HeadropeTracer.Configuration, time: any TimeSource) throws {
        self.configuration = configuration
        self.time = time
        resource = ClientResource.describe(configuration)
        scope = InstrumentationScope(name: ClientResource.sdkName, version: ClientResource.sdkVersion)
        let tls = TLSOptions(authorityFile: configuration.authorityFile)
        transport = try HTTPTransport(.init(tls: tls, connectionsPerHost: 1), time: time)
        let (wakeups, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.wakeups = wakeups
        self.wake = wake
        queue = SpanQueue(
            spanLimits: configuration.spanLimits, spanLimit: configuration.queueSpanLimit, byteLimit: configuration.queueByteLimit,
            batchLimit: configuration.batchSpanLimit, wake: { wake.yield() })
        fastSpans = FastSpanPool(limit: configuration.fastSpanLimit, wake: { wake.yield() })
    }

    /// Starts the two tasks: one that ticks, one that sends.
    func start() {
        let ticking = Task { [time, wake, interval = configuration.batchInterval] in
            while (try? await time.sleep(for: interval)) != nil { wake.yield() }
        }
        let sending = Task {
            for await _ in self.wakeups {
                self.collectFastSpans()
                while !Task.isCancelled, let batch = self.queue.next() {
                    let outcome = await self.send(batch)
                    self.queue.settle(consume batch, outcome)
                }
            }
        }
        tasks.withLock { $0 = [ticking, sending] }
    }

    /// Asks for everything to be sent now.
    func requestFlush() { wake.yield() }

    /// What became of the spans so far.
    var statistics: ExportStatistics {
        collectFastSpans()
        var statistics = queue.statistics
        statistics.droppedByFastSpanLimit = fastSpans.droppedCount
        statistics.ended += statistics.droppedByFastSpanLimit
        return statistics
    }

    private func collectFastSpans() { fastSpans.drain(into: queue) }

    /// Sends everything that has ended so far; false when it did not succeed in time.
    func flush(timeout: Duration) async -> Bool {
        collectFastSpans()
        wake.yield()
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask { [queue] in
                await queue.waitUntilSettled()
                return !Task.isCancelled
            }
            group.addTask { [time] in
                try? await time.sleep(for: timeout)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }

    /// Flushes, then stops; what could not be sent in time is given up and counted.
    func shutdown(timeout: Duration) async {
        _ = await flush(timeout: timeout)
        wake.finish()
        let running = tasks.withLock { tasks -> [Task<Void, Never>] in
            defer { tasks = [] }
            return tasks
        }
        for task in running { task.cancel() }
        for task in running { await task.value }
        queue.close()
        await transport.shutdown()
    }

    private func send(_ spans: WaitingSpans) async -> Outcome {
        let batch = SpanBatchBuilder.batch(spans, resource: resource, scope: scope, limits: configuration.spanLimits)
        var call = HTTPCall(
            method: "POST", url: configuration.tracesURL,
            headers: [HTTPHeader("Content-Type", "application/x-protobuf")] + configuration.headers.map { HTTPHeader($0, $1) },
            body: OTLPTraceEncoder.encode(batch), bearerToken: configuration.bearerToken,
            timeout: configuration.exportTimeout, answerByteLimit: 1 << 20)
        call.compressesBody = true
        do {
            let answer = try await transport.send(call, retry: RetryPolicy(attemptLimit: max(1, configuration.exportAttemptLimit)))
            if answer.isSuccess { return .accepted(refusedCount: Self.refusedCount(answer.body)) }
            complain("\(configuration.tracesURL) answered \(answer.status)", spans.count)
            return RetryPolicy.otlpStatuses.contains(answer.status) ? .failed : .refused
        } catch {
            if !(error is CancellationError) { complain("\(error)", spans.count) }
            return .failed
        }
    }

    private func complain(_ what: String, _ count: Int) {
        let now = time.monotonic()
        let isDue = lastComplaint.withLock { last -> Bool in
            if let last, now &- last < Self.complaintInterval { return false }
            last = now
            return true
        }
        if isDue { logger.warning("\(count) spans were not exported: \(what)") }
    }

    /// `rejected_spans` of an `ExportTraceServiceResponse` (partial_success 1, rejected_spans 1); 0 for anything unreadable,
    /// as the status has said already that the request was taken.
    static func refusedCount(_ body: [UInt8]) -> Int {
        body.withUnsafeBytes { bytes in
            var count: UInt64 = 0
            var answer = ProtobufReader(bytes)
            do {
                while try answer.nextField() {
                    guard answer.fieldNumber == 1 else {
                        try answer.skipValue()
                        continue
                    }
                    var partial = try answer.message()
                    while try partial.nextField() {
                        if partial.fieldNumber == 1 { count = try partial.varint() } else { try partial.skipValue() }
                    }
                }
            } catch {
                return 0
            }
            return Int(clamping: count)
        }
    }
}
