import Platform
import TelemetryModel
import Testing

@testable import EmbeddedStorage

@Suite("Choosing series by conditions")
struct PostingsSelectionTests {
    /// An inverted index over labels, which notes what it is asked.
    private final class NotingSource: PostingsSource {
        let series: [Labels]
        private(set) var notes: [String] = []

        init(_ series: [Labels]) { self.series = series }

        var seriesCount: Int { series.count }

        private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

        private func numbers(_ name: String, _ value: String) -> [UInt32] {
            series.indices.filter { series[$0][name] == value }.map(UInt32.init)
        }

        func list(_ name: [UInt8], _ value: [UInt8]) -> PostingsList {
            notes.append("\(text(name))=\(text(value))")
            return .numbers(numbers(text(name), text(value)))
        }

        func forEachName(_ body: ([UInt8]) throws -> Void) throws {
            for name in Set(series.flatMap { $0.list.map(\.name) }) { try body(Array(name.utf8)) }
        }

        func forEachList(
            of name: [UInt8], _ body: (_ value: [UInt8], _ list: () throws -> PostingsList) throws -> Void
        ) throws {
            notes.append("values of \(text(name))")
            for value in Set(series.compactMap { $0[text(name)] }) {
                try body(Array(value.utf8)) { .numbers(numbers(text(name), value)) }
            }
        }

        func filter(_ series: [UInt32], by name: [UInt8], _ keeps: (String) throws -> Bool) rethrows -> [UInt32] {
            notes.append("\(series.count) by \(text(name))")
            return try series.filter { try keeps(self.series[Int($0)][text(name)] ?? "") }
        }
    }

    private static let series: [Labels] = (0..<300).map { number in
        Labels([
            "__name__": "m\(number % 10)", "host": "h\(number / 10)", "number": "\(number)",
            "zone": number % 3 == 0 ? "" : "z\(number % 2)",
        ])
    }

    private func matchers(_ text: (String, LabelMatcher.Operation, String)...) throws -> [LabelMatcher] {
        try text.map { try LabelMatcher($0.0, $0.1, $0.2) }
    }

    private func notes(_ matchers: [LabelMatcher]) throws -> [String] {
        let source = NotingSource(Self.series)
        let expected = Self.series.indices.filter { number in
            matchers.allSatisfy { $0.matches(Self.series[number][$0.name] ?? "") }
        }
        #expect(try source.select(matchers) == expected.map(UInt32.init), "\(matchers)")
        return source.notes
    }

    @Test("what is looked at is no more than is needed")
    func order() throws {
        // Whatever the order of writing is, names come before patterns, and few series are looked at one by one.
        #expect(
            try notes(try matchers(("__name__", .matches, "m[1-3]"), ("host", .equal, "h7"), ("zone", .notEqual, "")))
                == ["host=h7", "10 by __name__", "3 by zone"])
        #expect(
            try notes(try matchers(("zone", .notEqual, "z1"), ("__name__", .equal, "m4"), ("number", .equal, "44")))
                == ["__name__=m4", "number=44", "1 by __name__", "1 by zone"])
        #expect(try notes(try matchers(("host", .equal, "none"), ("number", .matches, ".*7"))) == ["host=none"])
        #expect(
            try notes(try matchers(("host", .matches, "h1|h2"), ("number", .matches, ".*"))) == ["host=h1", "host=h2"])
        #expect(try notes(try matchers(("number", .matches, "7.*"), ("host", .matchesNot, ".*"))) == [])
        #expect(
            try notes(try matchers(("host", .matches, "h.+"), ("__name__", .notEqual, ""), ("number", .matchesNot, "1.*")))
                == ["values of host", "values of __name__", "values of number"])
        // Most series are left: the list of what goes is shorter.
        #expect(
            try notes(try matchers(("host", .matches, "h.+"), ("__name__", .notEqual, "m4"))) == ["values of host", "__name__=m4"])
    }

    @Test("any conditions choose what each of them would", arguments: 0..<4)
    func random(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let values = [
            "__name__": ["m1", "m4", "", "m.", "m[1-5]", ".+", ".*", "m1|m9|x", "m1|"],
            "host": ["h3", "h12", "h1.*", "h.|h1.", ".+", "", "none"], "zone": ["z0", "", "z.", ".*", "z1|"],
            "number": ["17", "1.*", "[0-9]|1[0-9]", ".+", "nine"], "absent": ["", ".*", ".+", "x"],
        ]
        let names = values.keys.sorted()
        let fixture = try BlockFixture(seed: 8, hosts: 60)
        let block = try fixture.write()
        for _ in 0..<300 {
            let matchers = try (0..<Int.random(in: 1...4, using: &random)).map { _ in
                let name = names[Int.random(in: 0..<names.count, using: &random)]
                let operation: [LabelMatcher.Operation] = [.equal, .notEqual, .matches, .matchesNot]
                let value = values[name]?.randomElement(using: &random) ?? ""
                return try LabelMatcher(name, operation[Int.random(in: 0..<4, using: &random)], value)
            }
            _ = try notes(matchers)
            let own = try matchers.map { matcher in
                let (name, value) = matcher.name == "host" ? ("instance", "10.0.0.\(matcher.value)") : (matcher.name, matcher.value)
                return try LabelMatcher(name, matcher.operation, value.replacing("m", with: "metric_").replacing("h", with: ""))
            }
            let expected = fixture.series.indices.filter { number in
                own.allSatisfy { $0.matches(fixture.series[number].labels[$0.name] ?? "") }
            }
            #expect(try block.index.select(own) == expected.map(UInt32.init), "\(own), seed \(seed)")
        }
    }
}
