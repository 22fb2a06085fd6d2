import QueryLanguages
import TelemetryModel

/// A test script of Prometheus's promqltest, as FORMAT.md beside the scripts describes it.
struct PromQLScript {
    struct ParseError: Error { var line: Int, text: String }

    enum Command {
        case load(series: [(labels: Labels, points: [(time: Int64, value: Double?)])], withHistograms: Bool)
        case clear
        case evaluate(Evaluation)
    }

    struct Evaluation {
        var line: Int
        var query: String
        /// Times in milliseconds; start and end are the same for an instant query.
        var start: Int64, end: Int64, step: Int64
        var isRange: Bool
        var expectations: [Expectation] = []
        /// Expected series; a nil point is missing, a native histogram sets `wantsHistograms`.
        var series: [(labels: Labels, points: [Point])] = []
        var scalar: Double?
        var wantsHistograms = false
        /// The times of an expected range vector.
        var rangeVector: (start: Int64, end: Int64, step: Int64)?
    }

    enum Point { case value(Double), missing, histogram }

    enum Expectation {
        case fail(Match?), warn(Match?), info(Match?), noWarn, noInfo, ordered, string(String)
    }

    enum Match {
        case exactly(String), pattern(String)

        func matches(_ text: String) throws -> Bool {
            switch self {
            case .exactly(let wanted): text == wanted
            case .pattern(let pattern): try LabelPattern(".*(\(pattern)).*").matches(text)
            }
        }
    }

    var commands: [Command] = []

    init(_ text: String) throws {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.trimming(" \t\r") }
        var index = 0
        while index < lines.count {
            let first = lines[index]
            let number = index + 1
            index += 1
            if first.isEmpty || first.hasPrefix("#") { continue }
            var body: [String] = []
            while index < lines.count, !lines[index].isEmpty, !first.hasPrefix("clear"), !Self.isCommand(lines[index]) {
                if !lines[index].hasPrefix("#") { body.append(lines[index]) }
                index += 1
            }
            if first == "clear" {
                commands.append(.clear)
            } else if first.hasPrefix("load") {
                commands.append(try Self.load(first, body, number))
            } else if first.hasPrefix("eval") {
                commands.append(.evaluate(try Self.evaluation(first, body, number)))
            } else {
                throw ParseError(line: number, text: first)
            }
        }
    }

    /// A comment alone may stand between two evaluations.
    private static func isCommand(_ line: String) -> Bool { line.hasPrefix("eval ") || line.hasPrefix("load ") || line == "clear" }

    private static func load(_ first: String, _ body: [String], _ line: Int) throws -> Command {
        let words = first.split(separator: " ")
        guard words.count == 2, let step = try? duration(String(words[1])) else { throw ParseError(line: line, text: first) }
        let series = try body.map { text in
            guard let (labels, rest) = self.labels(text), let points = points(rest) else {
                throw ParseError(line: line, text: text)
            }
            let timed = points.enumerated().compactMap { index, point -> (time: Int64, value: Double?)? in
                switch point {
                case .value(let value): (Int64(index) * step, value)
                case .histogram: (Int64(index) * step, nil)
                case .missing: nil
                }
            }
            return (labels, timed)
        }
        return .load(series: series, withHistograms: words[0] == "load_with_nhcb")
    }

    private static func duration(_ text: String) throws -> Int64 {
        let isNegative = text.hasPrefix("-")
        let digits = isNegative ? String(text.dropFirst()) : text
        if let seconds = Double(digits) { return Int64(seconds * 1_000) * (isNegative ? -1 : 1) }
        guard let milliseconds = try? PromQLDuration.parse(digits) else { throw ParseError(line: 0, text: text) }
        return isNegative ? -milliseconds : milliseconds
    }

    private static func evaluation(_ first: String, _ body: [String], _ line: Int) throws -> Evaluation {
        let words = first.split(separator: " ").map(String.init)
        let headCount = words[1] == "instant" ? 4 : 8
        let query = first.split(separator: " ", maxSplits: headCount).last.map(String.init) ?? ""
        var evaluation: Evaluation
        if words[1] == "instant" {
            let time = try duration(words[3])
            evaluation = Evaluation(line: line, query: query, start: time, end: time, step: 0, isRange: false)
        } else {
            evaluation = Evaluation(
                line: line, query: query, start: try duration(words[3]), end: try duration(words[5]), step: try duration(words[7]),
                isRange: true)
        }
        let old: [String: Expectation] = [
            "eval_fail": .fail(nil), "eval_warn": .warn(nil), "eval_info": .info(nil), "eval_ordered": .ordered,
        ]
        if let expectation = old[words[0]] { evaluation.expectations.append(expectation) }
        for text in body { try add(text, to: &evaluation, line) }
        return evaluation
    }

    private static func add(_ text: String, to evaluation: inout Evaluation, _ line: Int) throws {
        if text.hasPrefix("expect range vector") {
            let words = text.split(separator: " ").map(String.init)
            evaluation.rangeVector = (try duration(words[4]), try duration(words[6]), try duration(words[8]))
        } else if text.hasPrefix("expect") {
            guard let expectation = expectation(String(text.dropFirst(7))) else { throw ParseError(line: line, text: text) }
            evaluation.expectations.append(expectation)
        } else if let scalar = number(text) {
            evaluation.scalar = scalar
        } else {
            guard let (labels, rest) = labels(text), let points = points(rest) else { throw ParseError(line: line, text: text) }
            evaluation.series.append((labels, points))
            if text.contains("{{") { evaluation.wantsHistograms = true }
        }
    }

    private static func expectation(_ text: String) -> Expectation? {
        let kind = text.prefix { $0 != " " }
        let rest = String(text.dropFirst(kind.count)).trimming(" ")
        var match: Match?
        if rest.hasPrefix("msg:") { match = .exactly(String(rest.dropFirst(4)).trimming(" ")) }
        if rest.hasPrefix("regex:") { match = .pattern(String(rest.dropFirst(6)).trimming(" ")) }
        switch kind {
        case "fail": return .fail(match)
        case "warn": return .warn(match)
        case "info": return .info(match)
        case "no_warn": return .noWarn
        case "no_info": return .noInfo
        case "ordered": return .ordered
        case "string": return unquoted(rest).map(Expectation.string)
        default: return nil
        }
    }

    // MARK: Series and points

    private static func unquoted(_ text: String) -> String? {
        if case .string(let value)? = try? PromQLParser.parse(text).node { value } else { nil }
    }

    /// Reads a metric's name and labels; what is left are the points.
    private static func labels(_ text: String) -> (Labels, String)? {
        let name = text.prefix { !"{ \t".contains($0) }
        var rest = text.dropFirst(name.count)
        var labels = name.isEmpty ? [] : [Label(Labels.nameLabel, String(name))]
        guard rest.first == "{", !rest.hasPrefix("{{") else { return (Labels(labels), String(rest)) }
        rest = rest.dropFirst()
        while true {
            rest = rest.drop { ", ".contains($0) }
            if rest.first == "}" { return (Labels(labels), String(rest.dropFirst())) }
            var label = rest.prefix { !"=\"".contains($0) }
            rest = rest.dropFirst(label.count)
            if rest.first == "\"" {
                guard let (quoted, after) = takeQuoted(rest) else { return nil }
                rest = after.drop { $0 == " " }
                label = quoted[...]
                if rest.first != "=" {
                    labels.append(Label(Labels.nameLabel, quoted))
                    continue
                }
            }
            guard rest.first == "=", let (value, after) = takeQuoted(rest.dropFirst().drop { $0 == " " }) else { return nil }
            labels.append(Label(String(label).trimming(" "), value))
            rest = after
        }
    }

    private static func takeQuoted(_ text: Substring) -> (String, Substring)? {
        guard text.first == "\"" else { return nil }
        var end = text.index(after: text.startIndex)
        while end < text.endIndex, text[end] != "\"" {
            if text[end] == "\\" { end = text.index(after: end) }
            if end < text.endIndex { end = text.index(after: end) }
        }
        guard end < text.endIndex, let value = unquoted(String(text[...end])) else { return nil }
        return (value, text[text.index(after: end)...])
    }

    /// Reads `1 2+3x4 _ stale {{…}}x5`.
    private static func points(_ text: String) -> [Point]? {
        var points: [Point] = []
        var rest = text[...]
        while true {
            rest = rest.drop { " \t".contains($0) }
            if rest.isEmpty { return points }
            if rest.hasPrefix("{{") {
                guard let (count, after) = takeHistogram(rest) else { return nil }
                points += [Point](repeating: .histogram, count: count)
                rest = after
                continue
            }
            let word = rest.prefix { !" \t".contains($0) }
            rest = rest.dropFirst(word.count)
            guard let some = point(String(word)) else { return nil }
            points += some
        }
    }

    /// `{{…}}`, also `{{…}}x3` and `{{…}}+{{…}}x3`.
    private static func takeHistogram(_ text: Substring) -> (count: Int, rest: Substring)? {
        var rest = text
        repeat {
            guard let close = rest.firstRange(of: "}}") else { return nil }
            rest = rest[close.upperBound...]
            if rest.hasPrefix("+") || rest.hasPrefix("-") { rest = rest.dropFirst() }
        } while rest.hasPrefix("{{")
        guard rest.first == "x" else { return (1, rest) }
        let digits = rest.dropFirst().prefix(while: \.isNumber)
        return Int(digits).map { ($0 + 1, rest.dropFirst(digits.count + 1)) }
    }

    private static func point(_ word: String) -> [Point]? {
        if word == "stale" { return [.value(Sample.staleMarker)] }
        if let value = number(word) { return [.value(value)] }
        let parts = word.split(separator: "x", omittingEmptySubsequences: false).map(String.init)
        if parts[0] == "_" { return [Point](repeating: .missing, count: parts.count == 2 ? Int(parts[1]) ?? 0 : 1) }
        guard parts.count == 2, let count = Int(parts[1]) else { return nil }
        if let value = number(parts[0]) { return [Point](repeating: .value(value), count: count + 1) }
        // A start and a step: the sign of the step is the last one that belongs to no exponent.
        let text = parts[0]
        for index in text.indices.dropFirst().reversed() where "+-".contains(text[index]) {
            if let start = number(String(text[..<index])), let step = number(String(text[index...])) {
                var value = start
                return (0...count).map { place in
                    defer { value += step }
                    return .value(place == 0 ? start : value)
                }
            }
        }
        return nil
    }

    private static func number(_ text: String) -> Double? {
        // `0x5` is five more zeros here, not hexadecimal.
        if text.contains("x") { return nil }
        let digits = text.hasPrefix("-") || text.hasPrefix("+") ? String(text.dropFirst()) : text
        return (try? PromQLNumber.parse(digits)).map { text.hasPrefix("-") ? -$0 : $0 }
    }
}

extension StringProtocol {
    func trimming(_ characters: String) -> String {
        var text = self[...]
        while let last = text.last, characters.contains(last) { text.removeLast() }
        return String(text.drop { characters.contains($0) })
    }
}
