import Foundation
import Platform
import QueryLanguages
import TestSupport
import Testing

@Suite("PromQL parser under mutated input")
struct PromQLFuzzTests {
    static let seeds = [
        "sum by (job, \"a.b\") (rate(http_requests_total{job=~\"a|b\",x!='1'}[5m] offset -1h @ 1.5)) / on(job) group_left(y) x",
        "histogram_quantile(0.9, sum without(pod) (rate(x_bucket[1h:30s]))) >= bool 1e3 ^ -0x1F or vector(time()) unless y",
        "label_replace(up, \"a\", \"$1\", \"b\", \"(.*)\") # comment\n + NaN % Inf atan2 -1h30m", "{\"näme\", `x`!~\".+\"} @ end()",
        "rate(x[max_of(step(), 2m) + -(1m ^ 2)] anchored) + ignoring() fill_left(-1) fill_right (Inf) y offset -(range() / 2)",
        "count_values without(le,) (\"v\", +x{a=~\"(?i)[^\\\\pL]{2,3}?|\\\\x{41}\"}[1y2w3d4h5m6s7ms:.5])",
    ]

    /// The expressions of Prometheus's own tests, where they are at hand, beside a few of ours.
    static let corpus: [String] = {
        let folder = "conformance/promqltest"
        let scripts = (try? SharedData.list(folder).filter { $0.hasSuffix(".test") }) ?? []
        let lines = scripts.flatMap { name in
            String(decoding: (try? SharedData.read("\(folder)/\(name)")) ?? [], as: UTF8.self).split(separator: "\n")
        }
        return seeds
            + lines.compactMap { line in
                if line.hasPrefix("eval instant at ") { return line.split(separator: " ", maxSplits: 4).last.map(String.init) }
                if line.hasPrefix("eval range from ") { return line.split(separator: " ", maxSplits: 8).last.map(String.init) }
                return nil
            }
    }()

    private static let words = [
        "(", ")", "[", "]", "{", "}", "-", "5m", ":", "by", "on", "@", "offset", "\"", "'", "`", "\\", "sum", "1e", "0x", "#", "é",
        "9999999999999999999", ",", "~", "group_left", "bool", "\u{0}", "step()", "min(", "fill(", "anchored", "\u{FEFF}",
        "\u{202E}",
        "!=", "=~", "^", "atan2", "without", "inf", "1_0", "\\xff", "\n", "\r", "\u{1F600}", "start", "1ms",
    ]

    @Test("what was printed is read as the same, on one line and on several")
    func roundTrip() throws {
        var count = 0
        for expression in Self.corpus {
            guard let parsed = try? PromQLParser.parse(expression, features: .all) else { continue }
            count += 1
            let printed = parsed.description
            #expect(try PromQLParser.parse(printed, features: .all).description == printed, "\(expression)")
            #expect(try PromQLParser.parse(parsed.formatted, features: .all).description == printed, "\(expression)")
        }
        #expect(count >= Self.corpus.count - 5)
    }

    @Test("mutated expressions are read or refused with a place in them, never more")
    func mutations() {
        let seed: UInt64 = 42
        var random = SeededRandom(seed: seed)
        var accepted = 0
        for _ in 0..<12_000 {
            let expression = Self.mutated(&random)
            do {
                let printed = try PromQLParser.parse(expression, features: .all).formatted
                accepted += 1
                #expect(
                    (try? PromQLParser.parse(printed, features: .all).formatted) == printed,
                    "seed \(seed): \(expression) -> \(printed)")
            } catch {
                let hasPlace = error.line >= 1 && error.column >= 1 || expression.isEmpty
                #expect(error.offset <= expression.utf8.count && hasPlace, "seed \(seed): \(expression)")
            }
            // What is stable is read in the same way with and without what is experimental.
            if let stable = try? PromQLParser.parse(expression) {
                #expect(
                    (try? PromQLParser.parse(expression, features: .all).description) == stable.description,
                    "seed \(seed): \(expression)")
            }
            _ = try? PromQLParser.parseSelector(expression)
        }
        #expect(accepted > 500)
    }

    /// An expression with words put in, characters taken out, parts doubled, or a piece of another one in it.
    private static func mutated(_ random: inout SeededRandom) -> String {
        var text = Array((corpus.randomElement(using: &random) ?? "x").unicodeScalars)
        for _ in 0...Int.random(in: 0...3, using: &random) where !text.isEmpty {
            let place = Int.random(in: 0..<text.count, using: &random)
            let part = place..<min(text.count, place + Int.random(in: 1...8, using: &random))
            switch Int.random(in: 0..<6, using: &random) {
            case 0: text.remove(at: place)
            case 1: text.insert(contentsOf: (words.randomElement(using: &random) ?? "").unicodeScalars, at: place)
            case 2: text.removeSubrange(part)
            case 3: text.insert(contentsOf: text[part], at: place)
            case 4: text.swapAt(place, Int.random(in: 0..<text.count, using: &random))
            default:
                let other = Array((corpus.randomElement(using: &random) ?? "").unicodeScalars)
                text.insert(contentsOf: other.prefix(Int.random(in: 0...other.count, using: &random)), at: place)
            }
        }
        return String(String.UnicodeScalarView(text))
    }

    @Test("random bytes are refused with a place, or read")
    func garbage() {
        let seed: UInt64 = 11
        var random = SeededRandom(seed: seed)
        for _ in 0..<4_000 {
            let count = Int.random(in: 0...60, using: &random)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            let expression = String(decoding: bytes, as: UTF8.self)
            do { _ = try PromQLParser.parse(expression, features: .all).formatted } catch {
                #expect(error.offset <= expression.utf8.count, "seed \(seed): \(bytes)")
                #expect(!error.description.isEmpty)
            }
        }
    }
}
