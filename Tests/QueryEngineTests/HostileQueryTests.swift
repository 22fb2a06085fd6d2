import Platform
import QueryEngine
import QueryLanguages
import Storage
import TelemetryModel
import Testing

@Suite("Hostile queries")
struct HostileQueryTests {
    static let store: ScriptStore = {
        var store = ScriptStore()
        for index in 0..<20 {
            store.add(
                Labels(["__name__": "x", "i": "\(index)", "le": "\(index)"]),
                (0..<200).map { (Int64($0) * 15_000, $0 % 37 == 5 ? Double.nan : Double($0 * index % 91)) })
        }
        return store
    }()

    private func failure(_ query: String, limits: QueryLimits = QueryLimits()) -> QueryError? {
        let engine = PromQLEngine(reader: Self.store, limits: limits)
        do {
            _ = try engine.range(query, start: 0, end: 3_000_000, step: 15_000)
            return nil
        } catch {
            return error
        }
    }

    @Test("are refused by name and soon")
    func refused() {
        let doubling = (0..<60).reduce("x") { inner, _ in "label_replace(\(inner), \"v\", \"$1$1\", \"i\", \"(.*)\")" }
        let values = (0..<60).reduce("label_replace(x, \"v\", \"ab\", \"\", \"\")") { inner, _ in
            "label_replace(\(inner), \"v\", \"$1$1\", \"v\", \"(.*)\")"
        }
        let cases: [(String, QueryError.Kind?)] = [
            ("max_over_time(vector(1)[100y:1ms])", .tooManySamples),
            ("max_over_time(x[200y:1s])", .tooManySamples),
            ("x[5m:1ms] offset 250y", .invalid), ("x[300y]", .invalid),
            (String(repeating: "abs(", count: 5_000), .invalid), (String(repeating: "1+", count: 50_000) + "1", .invalid),
            ("x{i=~\"(((a{100}){100}){100}){100}\"}", .invalid),
            ("x{i=~\"\(String(repeating: "[a-z]", count: 20_000))\"}", .invalid),
            ("sum(x) + on() x", .execution), (values, .execution), (doubling, nil),
            ("x{i=~\"\((0..<20_000).map(String.init).joined(separator: "|"))\"}", nil),
            ("x{\((0..<300).map { "a\($0)=~\"(.{100}){90}\"" }.joined(separator: ","))}", .invalid),
            ("x @ 9e15", nil), ("x @ 1e19", .invalid), ("x @ -9e12 offset -290y", nil), ("sum_over_time(x[290y]) @ 0", .invalid),
            ("topk(1e300, x)", .execution), ("count_values(\"\", x)", .execution), ("year(x * 1e300) + minute(x / 0)", nil),
            ("histogram_stddev(x)", nil),
        ]
        for (query, kind) in cases {
            var error: QueryError?
            let taken = ContinuousClock().measure { error = failure(query) }
            #expect(error?.kind == kind, "\(query.prefix(80)): \(String(describing: error))")
            #expect(taken < .seconds(10), "\(query.prefix(80))")
        }
    }

    @Test("each limit has its own kind of error")
    func limits() {
        var limits = QueryLimits()
        limits.samples = 1_000
        #expect(failure("x", limits: limits)?.kind == .tooManySamples)
        limits = QueryLimits()
        limits.series = 10
        #expect(failure("x", limits: limits)?.kind == .tooManySeries)
        limits = QueryLimits()
        limits.steps = 10
        #expect(failure("x", limits: limits)?.kind == .tooManySteps)
        limits = QueryLimits()
        limits.nanoseconds = 50_000_000
        #expect(failure("sum_over_time(sum_over_time(vector(1)[10h:1s])[10h:1s])", limits: limits)?.kind == .timeout)
    }

    @Test("the deepest expressions that are accepted fit on the stack of a pool's thread")
    func stack() async throws {
        let pool = BlockingPool(name: "deep", threadCount: 1, queueLimit: 1)
        for query in [
            "x" + String(repeating: " + 1", count: PromQLParser.depthLimit - 10),
            String(repeating: "abs(", count: 95) + "x" + String(repeating: ")", count: 95),
            String(repeating: "sum_over_time((", count: 45) + "x" + String(repeating: ")[1m:30s])", count: 45),
            String(repeating: "-(", count: 45) + "x" + String(repeating: ")", count: 45),
        ] {
            let count = try await pool.run { () -> Int in
                guard case .vector(let samples) = try PromQLEngine(reader: Self.store).instant(query, at: 1_500_000).value else {
                    return 0
                }
                return samples.count
            }
            #expect(count == 20, "\(query.prefix(60))")
        }
    }

    @Test("a query ends when it is cancelled")
    func cancelled() {
        let engine = PromQLEngine(reader: Self.store)
        let context = engine.context()
        context.cancel()
        let error = #expect(throws: QueryError.self) { try engine.instant("sum(x)", at: 0, context: context) }
        #expect(error?.kind == .cancelled)
    }

    @Test("a store's failure is told as what it is")
    func storage() {
        struct Failing: MetricReader {
            func scan(_ query: SeriesQuery, _ body: (SeriesView) throws -> Void) throws {
                throw StorageError(.corrupt, "A block is damaged.")
            }
            func series(_ query: SeriesQuery, limit: Int) throws -> [Labels] { [] }
            func labelNames(_ query: SeriesQuery, limit: Int) throws -> [String] { [] }
            func labelValues(_ name: String, _ query: SeriesQuery, limit: Int) throws -> [String] { [] }
        }
        let error = #expect(throws: QueryError.self) { try PromQLEngine(reader: Failing()).instant("x", at: 0) }
        #expect(error == QueryError(.storage, "A block is damaged."))
    }

    @Test("random expressions never trap, and every step of a range is the instant query at its time")
    func randomExpressions() throws {
        let seed: UInt64 = 99
        var random = SeededRandom(seed: seed)
        let engine = PromQLEngine(reader: Self.store)
        var compared = 0
        for _ in 0..<600 {
            let query = RandomExpression.vector(&random, depth: 3)
            guard case .matrix(let series)? = try? engine.range(query, start: 600_000, end: 1_500_000, step: 300_000).value else {
                continue
            }
            for time in stride(from: Int64(600_000), through: 1_500_000, by: 300_000) {
                guard case .vector(let samples)? = try? engine.instant(query, at: time).value else { continue }
                let instant = Dictionary(samples.map { ($0.labels, $0.value.bitPattern) }) { a, _ in a }
                var range: [Labels: UInt64] = [:]
                for one in series {
                    if let index = one.timestamps.firstIndex(of: time) { range[one.labels] = one.values[index].bitPattern }
                }
                #expect(instant == range, "seed \(seed): \(query) at \(time)")
                compared += 1
            }
        }
        #expect(compared > 400)
    }
}

/// Makes expressions that are well typed, whatever they mean.
enum RandomExpression {
    static func vector(_ random: inout SeededRandom, depth: Int) -> String {
        if depth == 0 { return selector(&random) }
        let inner = vector(&random, depth: depth - 1)
        switch Int.random(in: 0..<9, using: &random) {
        case 0: return selector(&random)
        case 1:
            let name = pick(["abs", "ceil", "exp", "ln", "sgn", "sqrt", "day_of_year", "hour", "timestamp", "round"], &random)
            return "\(name)(\(inner))"
        case 2: return "\(range(&random, depth: depth))"
        case 3:
            let name = pick(["sum", "avg", "min", "max", "count", "stddev", "stdvar", "group"], &random)
            return "\(name) \(pick(["by (i)", "without (le)", "by ()"], &random)) (\(inner))"
        case 4:
            return "(\(inner) \(pick(["+", "-", "*", "/", "%", "^", "atan2", ">", "<= bool", "!="], &random)) \(number(&random)))"
        case 5:
            return
                "(\(inner) \(pick(["+", "/", "== bool", "> ", "and", "or", "unless"], &random)) on (i, le) \(vector(&random, depth: depth - 1)))"
        case 6: return "quantile by (le) (0.3, \(inner))"
        case 7: return "clamp(\(inner), -3, \(number(&random)))"
        default: return "histogram_quantile(0.7, sum by (le) (\(inner)))"
        }
    }

    private static func range(_ random: inout SeededRandom, depth: Int) -> String {
        let window =
            Bool.random(using: &random)
            ? "\(selector(&random, times: false))[\(pick(["1m", "5m", "37s", "20m"], &random))]\(times(&random))"
            : "(\(vector(&random, depth: depth - 1)))[\(pick(["3m:30s", "10m:1m", "5m:"], &random))]\(times(&random))"
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return "quantile_over_time(0.9, \(window))"
        case 1: return "predict_linear(\(window), 60)"
        default:
            let names = [
                "rate", "increase", "irate", "delta", "idelta", "deriv", "changes", "resets", "sum_over_time", "avg_over_time",
                "min_over_time", "max_over_time", "count_over_time", "last_over_time", "stddev_over_time", "present_over_time",
            ]
            return "\(pick(names, &random))(\(window))"
        }
    }

    private static func selector(_ random: inout SeededRandom, times withTimes: Bool = true) -> String {
        let matcher = pick(["", "{i=\"3\"}", "{i=~\"1.*\"}", "{i!~\"1.\"}"], &random)
        return "x\(matcher)" + (withTimes ? times(&random) : "")
    }

    private static func times(_ random: inout SeededRandom) -> String {
        pick(["", "", "", " offset 1m", " offset -90s", " @ 1000", " @ 700 offset 7s"], &random)
    }

    private static func number(_ random: inout SeededRandom) -> String { pick(["0", "2", "-1.5", "NaN", "Inf", "40"], &random) }

    private static func pick(_ choices: [String], _ random: inout SeededRandom) -> String {
        choices[Int.random(in: 0..<choices.count, using: &random)]
    }
}
