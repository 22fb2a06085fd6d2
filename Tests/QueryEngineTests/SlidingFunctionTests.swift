import ByteCoding
import Platform
import QueryEngine
import QueryLanguages
import Storage
import TelemetryModel
import TestSupport
import Testing

/// Windows that share work must give what going over each window by itself gives, bit for bit.
@Suite("Sliding range functions")
struct SlidingFunctionTests {
    typealias Points = [(time: Int64, value: Double)]
    typealias Plain = @Sendable (_ window: Points, _ start: Int64, _ end: Int64) -> Double?

    /// The definitions, written down plainly.
    static let functions: [(name: String, plain: Plain)] = [
        ("sum_over_time(%)", { window, _, _ in sum(window).result }),
        ("avg_over_time(%)", { window, _, _ in mean(window) }),
        ("max_over_time(%)", { window, _, _ in best(window) { $0 > $1 } }),
        ("min_over_time(%)", { window, _, _ in best(window) { $0 < $1 } }),
        ("quantile_over_time(0.3, %)", { window, _, _ in quantile(0.3, window) }),
        ("quantile_over_time(1, %)", { window, _, _ in quantile(1, window) }),
        ("rate(%)", { increase($0, $1, $2, isCounter: true, isRate: true) }),
        ("increase(%)", { increase($0, $1, $2, isCounter: true, isRate: false) }),
        ("delta(%)", { increase($0, $1, $2, isCounter: false, isRate: false) }),
        ("last_over_time(%)", { window, _, _ in window.last?.value }),
        ("count_over_time(%)", { window, _, _ in Double(window.count) }),
    ]

    /// Neumaier's sum, with the comparison of magnitudes that the textbook has.
    private static func sum(_ window: Points) -> (result: Double, sum: Double, compensation: Double) {
        var (sum, compensation) = (0.0, 0.0)
        for (_, value) in window {
            let total = sum + value
            if total.isInfinite {
                compensation = 0
            } else if sum.magnitude >= value.magnitude {
                compensation += (sum - total) + value
            } else {
                compensation += (value - total) + sum
            }
            sum = total
        }
        return (sum.isInfinite ? sum : sum + compensation, sum, compensation)
    }

    private static func mean(_ window: Points) -> Double? {
        let parts = sum(window)
        // Sums that overflow go on as a running mean, which is not repeated here.
        if !parts.sum.isFinite { return nil }
        return parts.sum / Double(window.count) + parts.compensation / Double(window.count)
    }

    private static func best(_ window: Points, _ isBetter: (Double, Double) -> Bool) -> Double {
        var best = window[0].value
        for (_, value) in window where isBetter(value, best) || best.isNaN { best = value }
        return best
    }

    private static func quantile(_ q: Double, _ window: Points) -> Double {
        let sorted = window.map(\.value).sorted { $0.isNaN ? !$1.isNaN : $0 < $1 }
        let rank = q * Double(sorted.count - 1)
        let lower = Int(rank)
        return sorted[lower] * (1 - (rank - Double(lower))) + sorted[min(lower + 1, sorted.count - 1)] * (rank - Double(lower))
    }

    private static func increase(_ window: Points, _ start: Int64, _ end: Int64, isCounter: Bool, isRate: Bool) -> Double? {
        guard window.count > 1, let first = window.first, let last = window.last else { return nil }
        var result = last.value - first.value
        if isCounter {
            for (previous, next) in zip(window, window.dropFirst()) where next.value < previous.value { result += previous.value }
        }
        var toStart = Double(first.time - start) / 1_000
        var toEnd = Double(end - last.time) / 1_000
        let covered = Double(last.time - first.time) / 1_000
        let average = covered / Double(window.count - 1)
        if toStart >= average * 1.1 { toStart = average / 2 }
        if isCounter, result > 0, first.value >= 0 { toStart = min(toStart, covered * (first.value / result)) }
        if toEnd >= average * 1.1 { toEnd = average / 2 }
        let factor = (covered + toStart + toEnd) / covered
        return result * (isRate ? factor / (Double(end - start) / 1_000) : factor)
    }

    private static func points(_ random: inout SeededRandom) -> Points {
        let strange: [Double] = [.nan, .infinity, -.infinity, -0.0, 0, 1e308, -1e308, .leastNonzeroMagnitude]
        let strangeness = [0, 0, 3, 30][Int.random(in: 0..<4, using: &random)]
        let scale = pow10(Int.random(in: -3...6, using: &random))
        var time: Int64 = 0
        var counter = 0.0
        return (0..<Int.random(in: 1..<200, using: &random)).map { _ in
            time += Int64.random(in: 1...30_000, using: &random)
            counter = Int.random(in: 0..<40, using: &random) == 0 ? 0 : counter + Double.random(in: 0...9, using: &random) * scale
            if Int.random(in: 0..<100, using: &random) < strangeness {
                return (time, strange[Int.random(in: 0..<strange.count, using: &random)])
            }
            return (time, Int.random(in: 0..<5, using: &random) == 0 ? counter.rounded() : counter)
        }
    }

    private static func pow10(_ exponent: Int) -> Double {
        (0..<exponent.magnitude).reduce(1.0) { value, _ in exponent < 0 ? value / 10 : value * 10 }
    }

    @Test("give, bit for bit, what each window gives by itself", arguments: 0..<functions.count)
    func sliding(index: Int) throws {
        let function = Self.functions[index]
        let seed = UInt64(index) + 700
        var random = SeededRandom(seed: seed)
        var compared = 0
        for _ in 0..<150 {
            let points = Self.points(&random)
            var store = ScriptStore()
            store.add(Labels(["__name__": "x_total"]), points.map { ($0.time, $0.value) })
            let step = Int64.random(in: 1...90_000, using: &random)
            let start = Int64.random(in: 0...300_000, using: &random)
            let count = Int64.random(in: 1...60, using: &random)
            let window = Int64.random(in: 1...900_000, using: &random)
            let query = function.name.replacing("%", with: "x_total[\(window)ms]")
            let value = try PromQLEngine(reader: store).range(
                query, start: start, end: start + (count - 1) * step, step: step
            ).value
            guard case .matrix(let series) = value else {
                Issue.record("\(query) gives no matrix")
                return
            }
            let got = Dictionary(uniqueKeysWithValues: series.flatMap { zip($0.timestamps, $0.values) })
            for number in 0..<count {
                let end = start + number * step
                let inside = points.filter { $0.time > end - window && $0.time <= end }
                let wanted = inside.isEmpty ? nil : function.plain(inside, end - window, end)
                if wanted == nil, function.name.hasPrefix("avg"), !inside.isEmpty { continue }
                #expect(Self.isSame(got[end], wanted), "seed \(seed): \(query) at \(end): \(String(describing: got[end]))")
                compared += 1
            }
        }
        #expect(compared > 3_000)
    }

    private static func isSame(_ a: Double?, _ b: Double?) -> Bool {
        guard let a, let b else { return a == nil && b == nil }
        // Which of two zeros is the larger, and what a NaN carries, is not defined.
        return a.bitPattern == b.bitPattern || a.isNaN && b.isNaN || a == 0 && b == 0
    }
}
