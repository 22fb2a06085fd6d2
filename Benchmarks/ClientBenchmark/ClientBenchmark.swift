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
/// runs once in every round, in turn, so that all of them see the same machine. With a row and a column ("child/recorded") it
/// runs that variant alone, again and again, for a profiler.
@main
enum ClientBenchmark {
    private static let rounds = 401
    /// Fewer than a batch, so that nothing is sent while it is measured.
    private static let spansPerRound = 500

    private struct Variant {
        /// Where it stands in the table.
        var row: String
        var column: String
        var run: (Int) -> Void
        var nanoseconds: [Double] = []

        var name: String { "\(row)/\(column)" }

        mutating func measure(isWarmUp: Bool) {
            let start = processorTime
            run(spansPerRound)
            let time = Double(processorTime - start)
            if !isWarmUp { nanoseconds.append(time / Double(spansPerRound)) }
        }
    }

    static func main() async throws {
        let only = CommandLine.arguments.dropFirst().first
        // First, as memory that was used before would hide what this takes.
        if only == nil { try await reportDeadServer() }
        let tracer = try tracer { $0.sampler = .always }
        let partial = try self.tracer { $0.sampler = .parentBased(ratio: 0) }
        let off = try self.tracer { $0.sampler = .never }
        var ordinary = api("no-op", NoOpTracer()) + api("plain", PlainTracer()) + api("recorded", tracer)
        ordinary += api("parent not sampled", partial).filter { $0.row != "root" } + api(".never", off)
        var fast = fast("recorded", tracer) + self.fast("not sampled", partial)
        if let only {
            for index in 0..<20_000 {
                for variant in ordinary + fast where variant.name == only { variant.run(spansPerRound) }
                if index % 10 == 0 { await tracer.flush() }
            }
            return
        }
        for round in 0...rounds {
            for index in ordinary.indices {
                ordinary[index].measure(isWarmUp: round == 0)
                // Empties the queue between measurements; nobody listens, so what was taken in is given up at once.
                await tracer.flush()
            }
            for index in fast.indices {
                fast[index].measure(isWarmUp: round == 0)
                await tracer.flush()
            }
        }
        print("nanoseconds a span, \(rounds) rounds of \(spansPerRound) spans")
        table("HeadropeTracer", ordinary, base: "no-op")
        table("FastSpan", fast, base: nil)
        let dropped = tracer.statistics
        print(
            "\nrecorded spans dropped while measuring: \(dropped.droppedByQueue) by the queue, \(dropped.droppedByFastSpanLimit) by slots"
        )
        for tracer in [tracer, partial, off] { await tracer.shutdown(timeout: .milliseconds(10)) }
    }

    /// A tracer with the limits that applications get, and whose server is not there.
    private static func tracer(_ configure: (inout HeadropeTracer.Configuration) -> Void) throws -> HeadropeTracer {
        var configuration = HeadropeTracer.Configuration(serviceName: "benchmark", endpoint: "http://127.0.0.1:1")
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

    private static func api<Backend: Tracer & Sendable>(_ column: String, _ tracer: Backend) -> [Variant] {
        let parent = tracer.startSpan("parent", context: .topLevel)
        let context = parent.context
        func variant(_ what: String, _ run: @escaping (Int) -> Void) -> Variant {
            Variant(row: what, column: column, run: run)
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

    private static func fast(_ column: String, _ tracer: HeadropeTracer) -> [Variant] {
        let parent = tracer.startSpan("parent", context: .topLevel)
        let context = parent.context
        return [
            Variant(row: "root", column: column) { count in
                for _ in 0..<count { tracer.startFast("lookup").end() }
            },
            Variant(row: "child of a context", column: column) { count in
                for _ in 0..<count { tracer.startFast("lookup", in: context).end() }
            },
            Variant(row: "child", column: column) { count in
                let root = tracer.startFast("root")
                for _ in 0..<count { root.child("lookup").end() }
            },
            Variant(row: "child, 8 annotations", column: column) { count in
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

    /// Nanoseconds of processor time that this thread needed so far.
    private static var processorTime: Int {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int(time.tv_sec) * 1_000_000_000 + Int(time.tv_nsec)
    }

    /// Prints medians, the least beside them, and how many times the base's median it is.
    private static func table(_ title: String, _ variants: [Variant], base: String?) {
        let rows = variants.map(\.row).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        let columns = variants.map(\.column).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        print("\n| \(title): median (least) | " + columns.joined(separator: " | ") + " |")
        print("|---|" + String(repeating: "---|", count: columns.count))
        for row in rows {
            let bases = variants.first { $0.row == row && $0.column == base }?.nanoseconds.sorted()
            let cells = columns.map { column -> String in
                guard let times = variants.first(where: { $0.row == row && $0.column == column })?.nanoseconds.sorted() else {
                    return "–"
                }
                var cell = "\(Int(median(times).rounded())) (\(Int((times.first ?? 0).rounded())))"
                if let bases, column != base { cell += ", \((10 * median(times) / median(bases)).rounded() / 10) ×" }
                return cell
            }
            print("| \(row) | " + cells.joined(separator: " | ") + " |")
        }
    }

    private static func median(_ sorted: [Double]) -> Double { sorted.isEmpty ? 0 : sorted[sorted.count / 2] }
}
