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
    /// How many sets there were that can be no list of texts, so that each needs a state.
    private var openSetCount = 0

    private init(_ expression: String) {
        self.expression = expression
        scalars = Array(expression.unicodeScalars)
    }

    /// Parses the whole of `expression`.
    static func parse(_ expression: String) throws(LabelPatternError) -> Parsed {
        var parser = PatternParser(expression)
        if expression.utf8.count > LabelPattern.expressionByteLimit { throw PatternProblem.size.error(parser.scalars) }
        let node = try parser.parseAlternation(depth: 0)
        if parser.position < parser.scalars.count { throw PatternProblem.unexpectedParenthesis.error(parser.scalars) }
        return Parsed(node: node.withoutOuterAnchors, groupNames: parser.groupNames, alternativeCount: parser.alternativeCount)
    }

    /// The complaint about what was read since `start`.
    private func error(_ problem: PatternProblem, from start: Int) -> LabelPatternError {
        problem.error(scalars[start..<min(position, scalars.count)])
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
        if depth > Self.depthLimit { throw PatternProblem.nestingDepth.error(scalars) }
        var alternatives = [try parseSequence(depth: depth)]
        while take("|") {
            alternativeCount += 1
            alternatives.append(try parseSequence(depth: depth))
        }
        return alternatives.count == 1 ? alternatives[0] : .alternation(alternatives)
    }

    private mutating func parseSequence(depth: Int) throws(LabelPatternError) -> PatternNode {
        var nodes: [PatternNode] = []
        // Where the repetition right before the position starts, if there is one.
        var lastRepetition: Int?
        while let scalar = peek(), scalar != "|", scalar != ")" {
            let start = position
            if let (minimum, maximum) = try takeRepetition() {
                let greedy = take("?") == flags.swapsGreed
                if let lastRepetition { throw error(.nestedRepetition, from: lastRepetition) }
                guard let last = nodes.popLast() else { throw error(.missingArgument, from: start) }
                let node = PatternNode.repetition(last, minimum: minimum, maximum: maximum, greedy: greedy)
                if Self.repetitionProduct(node) > Self.repetitionLimit { throw error(.repeatCount, from: start) }
                nodes.append(node)
                lastRepetition = start
                continue
            }
            lastRepetition = nil
            if take("\\Q") {
                appendQuoted(&nodes)
            } else if let node = try parseAtom(depth: depth) {
                nodes.append(node)
                if case .scalar(let set) = node, set.isOpen { openSetCount += 1 }
            }
            // Making a set costs much more than reading a letter, so this does not wait until states are made.
            if openSetCount > PatternProgram.instructionLimit { throw PatternProgram.tooLarge }
        }
        return nodes.count == 1 ? nodes[0] : nodes.isEmpty ? .empty : .sequence(nodes)
    }

    /// How often the innermost part can be repeated by counted repetitions alone.
    private static func repetitionProduct(_ node: PatternNode) -> Int {
        switch node {
        case .repetition(_, _, 0, _): return 1
        case .repetition(let inner, let minimum, let maximum, _):
            return min(max(1, maximum ?? minimum) * repetitionProduct(inner), repetitionLimit + 1)
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
            throw error(.repeatCount, from: start)
        }
        return (minimum, maximum)
    }

    /// A number without leading zeros.
    private mutating func takeNumber() -> Int? {
        if peek() == "0", let second = peek(1), ("0"..."9").contains(second) { return nil }
        var number: Int?
        while let scalar = peek(), ("0"..."9").contains(scalar) {
            number = min((number ?? 0) * 10 + Int(scalar.value - 48), Self.repetitionLimit + 1)
            position += 1
        }
        return number
    }

    /// Adds what stands up to `\E`.
    private mutating func appendQuoted(_ nodes: inout [PatternNode]) {
        while let scalar = peek(), !take("\\E") {
            nodes.append(.one(scalar, ignoresCase: flags.ignoresCase))
            position += 1
        }
    }

    /// One thing that can be repeated; nil for flags, which are none.
    private mutating func parseAtom(depth: Int) throws(LabelPatternError) -> PatternNode? {
        guard let scalar = peek() else { return nil }
        switch scalar {
        case "(": return try parseGroup(depth: depth)
        case "[":
            var reader = PatternClassReader(scalars, position, ignoresCase: flags.ignoresCase)
            let set = try reader.readClass()
            position = reader.position
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
        let assertion: PatternAssertion? =
            switch peek(1) {
            case "b": .wordBoundary
            case "B": .noWordBoundary
            case "A": .textStart
            case "z": .textEnd
            default: nil
            }
        if let assertion {
            position += 2
            return .assertion(assertion)
        }
        var reader = PatternClassReader(scalars, position, ignoresCase: flags.ignoresCase)
        let node = try reader.readEscape()
        position = reader.position
        return node
    }

    // MARK: Groups and flags

    private mutating func parseGroup(depth: Int) throws(LabelPatternError) -> PatternNode? {
        let start = position
        position += 1
        let outer = flags
        var number: Int?
        if take("?P<") || take("?<") {
            groupNames.append(try takeGroupName(from: start))
            number = groupNames.count
        } else if take("?") {
            let opensGroup = try takeFlags(from: start)
            if !opensGroup { return nil }
        } else {
            groupNames.append(nil)
            number = groupNames.count
        }
        let inner = try parseAlternation(depth: depth + 1)
        guard take(")") else { throw PatternProblem.missingParenthesis.error(scalars) }
        flags = outer
        return number.map { .group(inner, number: $0) } ?? inner
    }

    private mutating func takeGroupName(from start: Int) throws(LabelPatternError) -> String {
        var name = ""
        while let scalar = peek(), scalar != ">" {
            name.unicodeScalars.append(scalar)
            position += 1
        }
        let isClosed = take(">")
        let isName = name.utf8.allSatisfy { byte in
            (byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A) || byte == UInt8(ascii: "_")
        }
        guard isClosed, isName, !name.isEmpty else { throw error(.namedCapture, from: start) }
        return name
    }

    /// Reads flags up to `)` or `:`; whether a group follows.
    private mutating func takeFlags(from start: Int) throws(LabelPatternError) -> Bool {
        var value = true
        var hasFlag = true
        while let scalar = peek() {
            position += 1
            switch scalar {
            case "i": flags.ignoresCase = value
            case "m": flags.multipleLines = value
            case "s": flags.dotMatchesLineFeed = value
            case "U": flags.swapsGreed = value
            case "-" where value:
                (value, hasFlag) = (false, false)
                continue
            case ")" where hasFlag: return false
            case ":" where hasFlag: return true
            default: throw error(.perlSyntax, from: start)
            }
            hasFlag = true
        }
        throw error(.perlSyntax, from: start)
    }
}
