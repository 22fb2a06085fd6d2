import HeadropeClient
import Tracing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Measures what a span costs the application, beside swift-distributed-tracing without a backend: `make bench-client`.
///
/// Processor time of the measuring thread, nanoseconds an operation: the median of the rounds, and the least. Every variant
/// runs once in every round, in turn, so that all of them see the same machine.
@main
enum ClientBenchmark {
    private static let rounds = 51
    private static let spansPerRound = 4_000

    private struct Variant {
        var name: String
        /// What it is compared with.
        var base: String?
        var run: (Int) -> Void
        var nanoseconds: [Double] = []
    }

    static func main() async throws {
        // First, as memory that was used before would hide what this takes.
        try await reportDeadServer()
        let tracer = try tracer { $0.sampler = .always }
        let partial = try self.tracer { $0.sampler = .parentBased(ratio: 0) }
        let off = try self.tracer { $0.sampler = .never }
        var variants = api("no-op", NoOpTracer(), base: nil)
        variants += api("recorded", tracer, base: "no-op")
        variants += api("not sampled", partial, base: "no-op").filter { !$0.name.hasSuffix("root") }
        variants += api("off", off, base: "no-op")
        variants += fast("fast", tracer) + fast("fast, not sampled", partial)
        for round in 0...rounds {
            for index in variants.indices {
                let time = measure { variants[index].run(spansPerRound) }
                // The first round warms up.
                if round > 0 { variants[index].nanoseconds.append(time / Double(spansPerRound)) }
                // Empties the queue between measurements; nobody listens, so what was taken in is given up at once.
                await tracer.flush()
            }
        }
        report(variants)
        let dropped = tracer.statistics
        print(
            "recorded spans dropped while measuring: \(dropped.droppedByQueue) by the queue, \(dropped.droppedByFastSpanLimit) by slots"
        )
        for tracer in [tracer, partial, off] { await tracer.shutdown(timeout: .milliseconds(10)) }
    }

    /// A tracer whose queue holds a whole round and whose server is not there.
    private static func tracer(_ configure: (inout HeadropeTracer.Configuration) -> Void) throws -> HeadropeTracer {
        var configuration = HeadropeTracer.Configuration(serviceName: "benchmark", endpoint: "http://127.0.0.1:1")
        configuration.queueSpanLimit = 1 << 20
        configuration.queueByteLimit = 1 << 30
        configuration.batchSpanLimit = 1 << 16
        configuration.fastSpanLimit = 1 << 15
        configuration.exportAttemptLimit = 1
        configure(&configuration)
        return try HeadropeTracer(configuration)
    }

    /// Ends a million spans while nobody takes them, with the limits that applications get.
    private static func reportDeadServer() async throws {
        let tracer = try HeadropeTracer(.init(serviceName: "benchmark", endpoint: "http://127.0.0.1:1"))
        let before = residentBytes
        var peak = before
        let count = 1_000_000
        for index in 0..<count {
            let span = tracer.startSpan("GET /items", context: .topLevel, ofKind: .server)
            span.attributes["url.path"] = "/items/\(index)"
            span.end()
            if index % 10_000 == 0 {
                peak = max(peak, residentBytes)
                await Task.yield()
            }
        }
        let statistics = tracer.statistics
        print(
            "dead server, \(count) spans: \(statistics.droppedByQueue + statistics.droppedByExport) dropped, \(statistics.waiting) wait,"
                + " resident memory +\((peak - before) >> 10) KiB at most")
        await tracer.shutdown(timeout: .milliseconds(10))
    }

    /// 0 where /proc is missing.
    private static var residentBytes: Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 128)
        guard fgets(&buffer, 128, file) != nil else { return 0 }
        let fields = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(getpagesize()) : 0
    }

    // MARK: - Variants

    private static func api<Backend: Tracer & Sendable>(_ name: String, _ tracer: Backend, base: String?) -> [Variant] {
        let parent = tracer.startSpan("parent", context: .topLevel)
        let context = parent.context
        func variant(_ what: String, _ run: @escaping (Int) -> Void) -> Variant {
            Variant(name: "\(name): \(what)", base: base.map { "\($0): \(what)" }, run: run)
        }
        return [
            variant("root") { count in
                for _ in 0..<count { tracer.startSpan("GET /items", context: .topLevel, ofKind: .server).end() }
            },
            variant("child") { count in
                for _ in 0..<count { tracer.startSpan("GET /items", context: context, ofKind: .server).end() }
            },
            variant("child, 5 attributes") { count in
                for index in 0..<count {
                    let span = tracer.startSpan("GET /items", context: context, ofKind: .server)
                    span.attributes["http.request.method"] = "GET"
                    span.attributes["url.path"] = "/items"
                    span.attributes["http.response.status_code"] = 200
                    span.attributes["item"] = index
                    span.attributes["cached"] = true
                    span.end()
                }
            },
            variant("withSpan, 2 attributes") { count in
                for index in 0..<count {
                    tracer.withSpan("SELECT items", context: context, ofKind: .client) { span in
                        span.attributes["db.system.name"] = "postgresql"
                        span.attributes["rows"] = index
                    }
                }
            },
        ]
    }

    private static func fast(_ name: String, _ tracer: HeadropeTracer) -> [Variant] {
        let parent = tracer.startSpan("parent", context: .topLevel)
        let context = parent.context
        return [
            Variant(name: "\(name): root") { count in
                for _ in 0..<count { tracer.startFast("lookup").end() }
            },
            Variant(name: "\(name): child of a context") { count in
                for _ in 0..<count { tracer.startFast("lookup", in: context).end() }
            },
            Variant(name: "\(name): child") { count in
                let root = tracer.startFast("root")
                for _ in 0..<count { root.child("lookup").end() }
            },
            Variant(name: "\(name): child, 8 annotations", base: "\(name): child") { count in
                let root = tracer.startFast("root")
                for index in 0..<count {
                    let span = root.child("lookup")
                    span.set("a", index)
                    span.set("b", true)
                    span.set("c", "text")
                    span.set("d", 1.5)
                    span.set("e", index)
                    span.set("f", false)
                    span.set("g", "text")
                    span.set("h", index)
                    span.end()
                }
            },
        ]
    }

    // MARK: - Measuring

    /// Nanoseconds of processor time that this thread needs.
    private static func measure(_ body: () -> Void) -> Double {
        let start = processorTime
        body()
        return Double(processorTime - start)
    }

    private static var processorTime: Int {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int(time.tv_sec) * 1_000_000_000 + Int(time.tv_nsec)
    }

    private static func report(_ variants: [Variant]) {
        var medians: [String: Double] = [:]
        print("nanoseconds an operation: median of \(rounds) rounds of \(spansPerRound), least; beside its base: ratio, difference")
        for variant in variants {
            let sorted = variant.nanoseconds.sorted()
            let median = sorted[sorted.count / 2]
            medians[variant.name] = median
            var line = pad(variant.name, 40) + pad("\(Int(median.rounded()))", 8) + pad("\(Int((sorted.first ?? 0).rounded()))", 8)
            if let base = variant.base.flatMap({ medians[$0] }) {
                line += pad("\((100 * median / base).rounded() / 100) x", 10) + "\(Int((median - base).rounded())) ns"
            }
            print(line)
        }
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}
