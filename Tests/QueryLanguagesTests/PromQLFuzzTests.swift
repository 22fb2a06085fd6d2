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

    @Test("what was printed is read as the same")
    func roundTrip() throws {
        var count = 0
        for expression in Self.corpus {
            guard let parsed = try? PromQLParser.parse(expression, features: .all) else { continue }
            count += 1
            let printed = parsed.description
            #expect(try PromQLParser.parse(printed, features: .all).description == printed, "\(expression)")
        }
        #expect(count >= Self.corpus.count - 5)
    }

    @Test("mutated expressions are read or refused with a place in them, never more")
    func mutations() {
        let seed: UInt64 = 42
        var random = SeededRandom(seed: seed)
        let words = [
            "(", ")", "[", "]", "{", "}", "-", "5m", ":", "by", "on", "@", "offset", "\"", "'", "`", "\\", "sum", "1e", "0x", "#",
            "é",
            "9999999999999999999", ",", "~", "group_left", "bool", "\u{0}",
        ]
        var accepted = 0
        for _ in 0..<8_000 {
            var text = Array((Self.corpus.randomElement(using: &random) ?? "x").unicodeScalars)
            for _ in 0...Int.random(in: 0...2, using: &random) where !text.isEmpty {
                let place = Int.random(in: 0..<text.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: text.remove(at: place)
                case 1: text.insert(contentsOf: (words.randomElement(using: &random) ?? "").unicodeScalars, at: place)
                default: text.removeSubrange(place..<min(text.count, place + Int.random(in: 1...8, using: &random)))
                }
            }
            var view = String.UnicodeScalarView()
            view.append(contentsOf: text)
            let expression = String(view)
            do {
                let printed = try PromQLParser.parse(expression, features: .all).description
                accepted += 1
                #expect(
                    (try? PromQLParser.parse(printed, features: .all).description) == printed,
                    "seed \(seed): \(expression) -> \(printed)")
            } catch {
                #expect(
                    error.offset <= expression.utf8.count && (error.line >= 1 && error.column >= 1 || expression.isEmpty),
                    "seed \(seed): \(expression)")
            }
        }
        #expect(accepted > 500)
    }
}
