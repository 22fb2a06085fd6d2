import Platform
import QueryEngine
import Storage
import Synchronization
import TelemetryModel
import Testing

@Suite("What queries say of themselves")
struct QueryProfileTests {
    /// Series with a sample every 15 s from 0 to 600 s; passing one on takes 5 ms of the clock.
    private struct SlowStore: MetricReader {
        let time: ManualTime
        let series: [Labels]

        func scan(_ query: SeriesQuery, _ body: (SeriesView) throws -> Void) throws {
            for labels in series where query.matchers.allSatisfy({ $0.matches(labels[$0.name] ?? "") }) {
                time.advance(nanoseconds: 5_000_000)
                let times = stride(from: Int64(0), through: 600_000, by: 15_000).filter { $0 >= query.from && $0 <= query.through }
                if times.isEmpty { continue }
                try SeriesSamples(labels: labels, timestamps: times, values: times.map(Double.init)).withView(body)
            }
        }

        func series(_ query: SeriesQuery, limit: Int) throws -> [Labels] { series }
        func labelNames(_ query: SeriesQuery, limit: Int) throws -> [String] { [] }
        func labelValues(_ name: String, _ query: SeriesQuery, limit: Int) throws -> [String] { [] }
    }

    private let time = ManualTime(now: 0)

    private func engine() -> PromQLEngine {
        let series = (0..<4).map {
            Labels([Label(Labels.nameLabel, "x_total"), Label("host", "\($0)"), Label("zone", "\($0 % 2)")])
        }
        return PromQLEngine(reader: SlowStore(time: time, series: series.sorted()), time: time)
    }

    private func run(_ query: String, _ measures: QueryMeasures) throws -> QueryResult {
        let engine = engine()
        let context = engine.context(measuring: measures)
        time.advance(nanoseconds: 1_000_000)
        return try engine.range(query, start: 300_000, end: 600_000, step: 60_000, context: context)
    }

    @Test("nothing is measured unless it is asked for")
    func nothing() throws {
        let result = try run("sum(x_total)", [])
        #expect(result.statistics == nil && result.explanation == nil)
    }

    @Test("each expression is charged for its own time, series, samples and columns")
    func expressions() throws {
        let query = "sum by (zone) (rate(x_total[2m])) / (2)"
        let root = try #require(try run(query, .expressions).explanation)
        #expect(root.kind == "binary" && root.text == query && root.location == 0..<query.utf8.count)
        #expect(root.seconds == 0.02 && root.selfSeconds == 0 && root.columns == 2)
        #expect(root.children.map(\.kind) == ["aggregation", "number"])
        #expect(root.children[1].text == "2" && root.children[1].columns == 0)
        let call = root.children[0].children[0]
        #expect(call.kind == "call" && call.columns == 4 && call.selfSeconds == 0 && call.series == 0)
        let range = call.children[0]
        // From 180 s, exclusively, to 600 s.
        #expect(range.kind == "range" && range.text == "x_total[2m]" && range.location == 20..<31)
        #expect(range.series == 4 && range.samples == 4 * 28 && range.columns == 4 && range.selfSeconds == 0.02)
    }

    @Test("a subquery's selector is charged for its reading, not the function around it")
    func subqueries() throws {
        let root = try #require(try run("max_over_time(x_total[2m:1m])", .expressions).explanation)
        let subquery = root.children[0]
        #expect(subquery.kind == "subquery" && subquery.columns == 4 && subquery.series == 0)
        let selector = subquery.children[0]
        #expect(selector.kind == "selector" && selector.series == 4 && selector.columns == 4)
        #expect(selector.selfSeconds == 0.02 && subquery.selfSeconds == 0 && root.selfSeconds == 0)
    }

    @Test("samples are counted step by step, as if each were a query of its own")
    func samples() throws {
        let statistics = try #require(try run("sum(rate(x_total[2m])) + sum(x_total)", [.statistics, .samplesPerStep]).statistics)
        // Eight samples in two minutes and the latest one, of four series, at six steps.
        #expect(statistics.queryableSamplesPerStep.map(\.count) == Array(repeating: 4 * 9, count: 6))
        #expect(statistics.queryableSamplesPerStep.map(\.time) == (5...10).map { $0 * 60_000 })
        #expect(statistics.queryableSamples == 6 * 4 * 9)
        #expect(statistics.peakSamples > 0)
        #expect(statistics.queueing == 0.001 && statistics.innerEvaluation == 0.04)
        #expect(statistics.evaluationTotal == 0.04 && statistics.executionTotal == 0.041)
        #expect(try run("x_total", .statistics).statistics?.queryableSamplesPerStep == [])
    }

    @Test("samples of a subquery are those of the windows over its steps, and a fixed time counts at every step")
    func samplesOfSubqueries() throws {
        #expect(try run("max_over_time(x_total[2m:1m])", .statistics).statistics?.queryableSamples == 6 * 4 * 2)
        #expect(try run("rate(x_total[2m] @ 600)", .statistics).statistics?.queryableSamples == 6 * 4 * 8)
        #expect(try run("x_total @ 600", .statistics).statistics?.queryableSamples == 6 * 4)
    }

    @Test("columns whose values are changed one by one are not held")
    func streaming() throws {
        func peak(_ query: String) throws -> Int { try #require(try run(query, .statistics).statistics).peakSamples }
        // Room for a column of six steps for each change.
        #expect(try peak("sum(abs(-(x_total * 2 > 1)))") == peak("sum(x_total)") + 4 * 6)
        #expect(try peak("sum(abs(rate(x_total[2m])))") == peak("sum(rate(x_total[2m]))") + 6)
        // One of four series is held at each step, and its column is made.
        #expect(try peak("topk(1, x_total)") == peak("sum(x_total)") + 6 + 6)
        // Without their names, series of several metrics may be the same: then they are held.
        #expect(try peak("sum(abs({host=~\".+\"}))") > peak("sum({host=~\".+\"})") + 4 * 6)
    }
}
