/// Reads RE2's syntax (https://github.com/google/re2/wiki/Syntax).
struct PatternParser {
    /// What an expression says.
    struct Parsed {
        var node: PatternNode
        var groupNames: [String?]
        /// How many `|` there are, and one: as many literals as that are no surprise.
        var alternativeCount: Int
    }

    /// The deepest nesting of groups.
    static let depthLimit = 200
    /// The largest count in `{n,m}`, also of nested repetitions together, as in RE2.
    static let repetitionLimit = 1_000

    private struct Flags {
        var ignoresCase = false
        var multipleLines = false
        var dotMatchesLineFeed = true
        var swapsGreed = false
    }

    private let expression: String
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var flags = Flags()
    private var groupNames: [String?] = []
    private var alternativeCount = 1

    private init(_ expression: String) {
        self.expression = expression
        scalars = Array(expression.unicodeScalars)
    }

    /// Parses the whole of `expression`.
    static func parse(_ expression: String) throws(LabelPatternError) -> Parsed {
        if expression.utf8.count > LabelPattern.expressionByteLimit {
            throw LabelPatternError("The regular expression is longer than \(LabelPattern.expressionByteLimit) bytes.")
        }
        var parser = PatternParser(expression)
        let node = try parser.parseAlternation(depth: 0)
        if parser.position < parser.scalars.count { throw parser.error("an unexpected )") }
        return Parsed(node: node.withoutOuterAnchors, groupNames: parser.groupNames, alternativeCount: parser.alternativeCount)
    }

    private func error(_ what: String) -> LabelPatternError {
        let shown = expression.count > 80 ? expression.prefix(80) + "…" : expression[...]
        return LabelPatternError("The regular expression \"\(shown)\" has \(what) at position \(position + 1).")
    }

    private func peek(_ offset: Int = 0) -> Unicode.Scalar? {
        position + offset < scalars.count ? scalars[position + offset] : nil
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        if peek() == scalar {
            position += 1
            return true
        }
        return false
    }

    private mutating func take(_ text: String) -> Bool {
        let wanted = Array(text.unicodeScalars)
        guard position + wanted.count <= scalars.count, scalars[position..<(position + wanted.count)].elementsEqual(wanted) else {
            return false
        }
        position += wanted.count
        return true
    }

    // MARK: Structure

    private mutating func parseAlternation(depth: Int) throws(LabelPatternError) -> PatternNode {
        if depth > Self.depthLimit { throw error("groups nested deeper than \(Self.depthLimit)") }
        var alternatives = [try parseSequence(depth: depth)]
        while take("|") {
            alternativeCount += 1
            alternatives.append(try parseSequence(depth: depth))
        }
        return alternatives.count == 1 ? alternatives[0] : .alternation(alternatives)
    }

    private mutating func parseSequence(depth: Int) throws(LabelPatternError) -> PatternNode {
        var nodes: [PatternNode] = []
        var repeatable = false
        while let scalar = peek(), scalar != "|", scalar != ")" {
            if let (minimum, maximum) = try takeRepetition() {
                guard repeatable, let last = nodes.popLast() else { throw error("nothing to repeat, or a repeated repetition,") }
                let greedy = take("?") == flags.swapsGreed
                let node = PatternNode.repetition(last, minimum: minimum, maximum: maximum, greedy: greedy)
                if Self.repetitionProduct(node) > Self.repetitionLimit {
                    throw error("nested repetitions beyond \(Self.repetitionLimit)")
                }
                nodes.append(node)
                repeatable = false
            } else if take("\\Q") {
                repeatable = appendQuoted(&nodes) || repeatable
            } else if let node = try parseAtom(depth: depth) {
                nodes.append(node)
                repeatable = true
            }
        }
        return nodes.count == 1 ? nodes[0] : nodes.isEmpty ? .empty : .sequence(nodes)
    }

    /// How often the innermost part can be repeated by counted repetitions alone.
    private static func repetitionProduct(_ node: PatternNode) -> Int {
        switch node {
        case .repetition(let inner, let minimum, let maximum, _):
            let times = max(1, maximum ?? minimum)
            return min(times * repetitionProduct(inner), repetitionLimit + 1)
        case .group(let inner, _): return repetitionProduct(inner)
        case .sequence(let nodes), .alternation(let nodes): return nodes.map(repetitionProduct).max() ?? 1
        default: return 1
        }
    }

    /// Reads `*`, `+`, `?` or `{n,m}`; nil when none of them stands here (a brace that counts nothing is a literal).
    private mutating func takeRepetition() throws(LabelPatternError) -> (Int, Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        guard peek() == "{" else { return nil }
        let start = position
        position += 1
        guard let minimum = takeNumber() else {
            position = start
            return nil
        }
        var maximum: Int? = minimum
        if take(",") { maximum = peek() == "}" ? nil : takeNumber() ?? -1 }
        guard maximum != -1, take("}") else {
            position = start
            return nil
        }
        if minimum > Self.repetitionLimit || (maximum ?? 0) > Self.repetitionLimit || (maximum ?? minimum) < minimum {
            throw error("a repetition count that is too large or reversed")
        }
        return (minimum, maximum)
    }

    private mutating func takeNumber() -> Int? {
        var number: Int?
        while let scalar = peek(), ("0"..."9").contains(scalar) {
            number = min((number ?? 0) * 10 + Int(scalar.value - 48), Self.repetitionLimit + 1)
            position += 1
        }
        return number
    }

    /// Adds what stands up to `\E`; whether there was anything.
    private mutating func appendQuoted(_ nodes: inout [PatternNode]) -> Bool {
        let start = nodes.count
        while let scalar = peek(), !take("\\E") {
            nodes.append(.one(scalar, ignoresCase: flags.ignoresCase))
            position += 1
        }
        return nodes.count > start
    }

    /// One thing that can be repeated; nil for flags, which are none.
    private mutating func parseAtom(depth: Int) throws(LabelPatternError) -> PatternNode? {
        guard let scalar = peek() else { return nil }
        switch scalar {
        case "(": return try parseGroup(depth: depth)
        case "[":
            var reader = PatternClassReader(scalars, position, ignoresCase: flags.ignoresCase)
            let set = reader.readClass()
            position = reader.position
            guard let set else { throw error("a character class that is not closed or not valid") }
            return .scalar(set)
        case "\\": return try parseEscape()
        default:
            position += 1
            switch scalar {
            case ".": return .scalar(.any(lineFeed: flags.dotMatchesLineFeed))
            case "^": return .assertion(flags.multipleLines ? .lineStart : .textStart)
            case "$": return .assertion(flags.multipleLines ? .lineEnd : .textEnd)
            default: return .one(scalar, ignoresCase: flags.ignoresCase)
            }
        }
    }

    private mutating func parseEscape() throws(LabelPatternError) -> PatternNode {
        switch peek(1) {
        case "b", "B", "A", "z":
            let assertions: [Unicode.Scalar: PatternAssertion] = [
                "b": .wordBoundary, "B": .noWordBoundary, "A": .textStart, "z": .textEnd,
            ]
            guard let letter = peek(1), let assertion = assertions[letter] else { throw error("an invalid escape sequence") }
            position += 2
            return .assertion(assertion)
        default:
            var reader = PatternClassReader(scalars, position, ignoresCase: flags.ignoresCase)
            guard let node = reader.readEscape() else { throw error("an invalid or unsupported escape sequence") }
            position = reader.position
            return node
        }
    }

    // MARK: Groups and flags

    private mutating func parseGroup(depth: Int) throws(LabelPatternError) -> PatternNode? {
        position += 1
        let outer = flags
        var number: Int?
        if take("?P<") || take("?<") {
            number = try startGroup(name: takeGroupName())
        } else if take("?") {
            let opensGroup = try takeFlags()
            if !opensGroup { return nil }
        } else {
            number = try startGroup(name: nil)
        }
        let inner = try parseAlternation(depth: depth + 1)
        guard take(")") else { throw error("a missing )") }
        flags = outer
        return number.map { .group(inner, number: $0) } ?? inner
    }

    private mutating func startGroup(name: String?) throws(LabelPatternError) -> Int {
        if let name, groupNames.contains(name) { throw error("a group name that is used twice") }
        groupNames.append(name)
        return groupNames.count
    }

    private mutating func takeGroupName() throws(LabelPatternError) -> String {
        var name = ""
        while let scalar = peek(), scalar != ">" {
            guard scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType == .decimal else { break }
            name.unicodeScalars.append(scalar)
            position += 1
        }
        guard !name.isEmpty, take(">") else { throw error("an invalid group name") }
        return name
    }

    /// Reads flags up to `)` or `:`; whether a group follows.
    private mutating func takeFlags() throws(LabelPatternError) -> Bool {
        var value = true
        var count = 0
        while let scalar = peek() {
            position += 1
            switch scalar {
            case "i": flags.ignoresCase = value
            case "m": flags.multipleLines = value
            case "s": flags.dotMatchesLineFeed = value
            case "U": flags.swapsGreed = value
            case "-" where value:
                value = false
                count = 0
                continue
            case ")" where count > 0: return false
            case ":" where count > 0 || value: return true
            default: throw error("an invalid group or flag")
            }
            count += 1
        }
        throw error("a missing )")
    }
}
