import Foundation
import Platform
import QueryEngine
import Storage
import Synchronization
import TelemetryModel
import Testing

@Suite("Queries on several threads")
struct DividedQueryTests {
    /// Series in any number of parts, which say that they are a lot of work.
    private struct HeavyStore: MetricReader {
        var series: [SeriesSamples]
        /// Called before a series is passed on.
        var before: @Sendable (_ series: Int) throws -> Void = { _ in }

        struct Selection: SeriesSelection {
            let store: HeavyStore
            let query: SeriesQuery
            let range: Range<Int>

            var seriesEstimate: Int { range.count }
            var sampleEstimate: Int { 100_000_000 }

            func parts(_ count: Int) -> [any SeriesSelection] {
                (0..<count).map { part in
                    let border = { range.lowerBound + range.count * $0 / count }
                    return Selection(store: store, query: query, range: border(part)..<border(part + 1))
                }
            }

            func scan(_ body: (SeriesView) throws -> Void) throws {
                for index in range {
                    let one = store.series[index]
                    guard query.matchers.allSatisfy({ $0.matches(one.labels[$0.name] ?? "") }) else { continue }
                    try store.before(index)
                    let wanted = one.timestamps.indices.filter { query.from...query.through ~= one.timestamps[$0] }
                    try SeriesSamples(
                        labels: one.labels, timestamps: wanted.map { one.timestamps[$0] }, values: wanted.map { one.values[$0] }
                    ).withView(body)
                }
            }
        }

        func select(_ query: SeriesQuery) -> any SeriesSelection {
            Selection(store: self, query: query, range: series.indices)
        }
        func scan(_ query: SeriesQuery, _ body: (SeriesView) throws -> Void) throws { try select(query).scan(body) }
        func series(_ query: SeriesQuery, limit: Int) throws -> [Labels] { [] }
        func labelNames(_ query: SeriesQuery, limit: Int) throws -> [String] { [] }
        func labelValues(_ name: String, _ query: SeriesQuery, limit: Int) throws -> [String] { [] }
    }

    /// Values of very different size, so that sums depend on their order; with gaps and staleness markers.
    private static let store: HeavyStore = {
        var random = SeededRandom(seed: 4)
        let series = (0..<400).map { index in
            let times = (0..<40).map { Int64($0) * 15_000 }.filter { _ in Int.random(in: 0..<10, using: &random) > 0 }
            let size = Double(Int.random(in: -8...8, using: &random))
            return SeriesSamples(
                labels: Labels(["__name__": "x_total", "host": "\(index % 7)", "number": "\(index)", "le": "\(index % 9)"]),
                timestamps: times,
                values: times.map { _ in
                    if Int.random(in: 0..<50, using: &random) == 0 { return Double(bitPattern: 0x7FF0_0000_0000_0002) }
                    return Double.random(in: 0...1, using: &random) * pow(10, size)
                })
        }
        return HeavyStore(series: series.sorted { $0.labels < $1.labels })
    }()

    /// Everything of an answer, to the bit.
    private static func text(_ result: QueryResult) -> String {
        guard case .matrix(let series) = result.value else { return "\(result)" }
        return series.map { "\($0.labels) \($0.timestamps) \($0.values.map(\.bitPattern))" }.joined(separator: "\n")
    }

    private static let queries = [
        "sum by (host) (x_total)", "sum(rate(x_total[1m]))", "avg by (host) (x_total)", "stddev(x_total)",
        "topk by (host) (2, x_total)", "quantile(0.3, x_total)", "x_total", "rate(x_total[2m])",
        "count_values(\"v\", x_total > 1)", "max_over_time(sum by (host) (x_total)[2m:15s])", "max_over_time(x_total[2m:15s])",
        "histogram_quantile(0.9, sum by (le) (rate(x_total[5m])))", "x_total / on (number) x_total", "limitk(3, x_total)",
        "sum by (host) (abs(-(x_total * 2 > 1)))", "sum(avg_over_time(x_total[1m] @ 300))", "timestamp(x_total)",
    ]

    @Test("the answer is the same to the bit, however many threads there are", arguments: queries)
    func sameBits(query: String) throws {
        let expected = Self.text(
            try PromQLEngine(reader: Self.store, features: .all).range(query, start: 0, end: 600_000, step: 20_000))
        for cores in [2, 3, 8] {
            let engine = PromQLEngine(reader: Self.store, workers: QueryWorkers(coreCount: cores), features: .all)
            for _ in 0..<3 {
                #expect(Self.text(try engine.range(query, start: 0, end: 600_000, step: 20_000)) == expected, "\(cores) cores")
            }
        }
    }

    @Test("what is measured is the same, too")
    func measures() throws {
        func counts(_ workers: QueryWorkers?) throws -> [Int] {
            let engine = PromQLEngine(reader: Self.store, workers: workers, features: .all)
            let result = try engine.range(
                "sum(rate(x_total[1m]))", start: 0, end: 600_000, step: 20_000,
                context: engine.context(measuring: [.statistics, .samplesPerStep, .expressions]))
            let call = try #require(result.explanation?.children.first)
            let range = call.children[0]
            return [range.series, range.samples, range.columns, call.series, call.columns]
                + (result.statistics?.queryableSamplesPerStep.map(\.count) ?? [])
        }
        let alone = try counts(nil)
        #expect(alone[0] == 400 && alone[2] == 400)
        #expect(try counts(QueryWorkers(coreCount: 4)) == alone)
    }

    @Test("limits hold over all threads together")
    func limits() throws {
        let sampleCount = Self.store.series.reduce(0) { $0 + $1.timestamps.count { $0 > 0 } }
        func kind(_ change: (inout QueryLimits) -> Void) -> QueryError.Kind? {
            var limits = QueryLimits()
            change(&limits)
            let engine = PromQLEngine(reader: Self.store, limits: limits, workers: QueryWorkers(coreCount: 3), features: .all)
            do {
                _ = try engine.instant("count(count_over_time(x_total[10m]))", at: 600_000)
                return nil
            } catch { return error.kind }
        }
        #expect(kind { $0.series = 400 } == nil)
        #expect(kind { $0.series = 399 } == .tooManySeries)
        #expect(kind { $0.samples = sampleCount + 100 } == nil)
        #expect(kind { $0.samples = sampleCount - 1 } == .tooManySamples)
    }

    @Test("a failure of the store and a cancellation end the query wherever they come up")
    func failures() throws {
        for failing in [0, 1, 57, 399] {
            var store = Self.store
            store.before = { if $0 == failing { throw StorageError(.unavailable, "The disk is failing.") } }
            let engine = PromQLEngine(reader: store, workers: QueryWorkers(coreCount: 3), features: .all)
            let error = #expect(throws: QueryError.self) { try engine.instant("sum(x_total)", at: 600_000) }
            #expect(error?.message.contains("The disk is failing.") == true)
        }
        var store = Self.store
        let context = Mutex<QueryContext?>(nil)
        store.before = { if $0 == 200 { context.withLock { $0?.cancel() } } }
        let engine = PromQLEngine(reader: store, workers: QueryWorkers(coreCount: 3), features: .all)
        context.withLock { $0 = engine.context() }
        let error = #expect(throws: QueryError.self) {
            try engine.instant("sum(x_total)", at: 600_000, context: context.withLock { $0 })
        }
        #expect(error?.kind == .cancelled)
    }

    @Test("a query is answered while another one holds every thread that helps")
    func fairness() async throws {
        let workers = try #require(QueryWorkers(coreCount: 2))
        let begun = DispatchSemaphore(value: 0)
        let gate = DispatchSemaphore(value: 0)
        var stuck = Self.store
        // Its own thread and the helper both come to a stop.
        stuck.before = { _ in
            begun.signal()
            gate.wait()
        }
        let heavy = PromQLEngine(reader: stuck, workers: workers, features: .all)
        let pool = BlockingPool(name: "test", threadCount: 1, queueLimit: 1)
        try pool.submit { _ = try? heavy.instant("sum(x_total)", at: 600_000) }
        begun.wait()
        begun.wait()
        let light = PromQLEngine(reader: Self.store, workers: workers, features: .all)
        let alone = try PromQLEngine(reader: Self.store, features: .all).instant("sum(x_total)", at: 600_000)
        #expect(Self.text(try light.instant("sum(x_total)", at: 600_000)) == Self.text(alone))
        for _ in 0..<400 { gate.signal() }
    }
}
