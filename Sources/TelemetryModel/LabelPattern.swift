/// Why a regular expression was refused.
public struct LabelPatternError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The sentence.
    public var description: String

    /// Makes an error with a sentence.
    public init(_ description: String) { self.description = description }
}

/// A compiled RE2 expression that must match a whole label value, as Prometheus anchors it.
///
/// Matching takes time linear in the value whatever the expression is, so a hostile query cannot stop the server. As in
/// Prometheus 3, `.` also matches a line feed unless `(?-s)` says otherwise, and mistakes are told in Go's words.
public struct LabelPattern: Sendable {
    /// The longest expression, in bytes of UTF-8.
    public static let expressionByteLimit = 1 << 18

    /// The finite set of values that can match, when the expression is an alternation of literals; else nil.
    public let literals: Set<String>?
    /// What every matching value starts with; may be empty.
    public let prefix: String
    /// Present when there are no literals to look up.
    private let program: PatternProgram?

    /// Compiles `expression`; throws when it is not valid or too large.
    public init(_ expression: String) throws(LabelPatternError) {
        let parsed = try PatternParser.parse(expression)
        literals = parsed.node.literals(limit: max(PatternNode.productLimit, parsed.alternativeCount)).map(Set.init)
        prefix = parsed.node.literalPrefix
        program = literals == nil ? try PatternProgram(parsed.node, capturing: false) : nil
    }

    /// Whether the whole of `value` matches.
    public func matches(_ value: String) -> Bool {
        if let literals { return literals.contains(value) }
        guard let program, value.utf8.starts(with: prefix.utf8) else { return false }
        return program.matches(value)
    }
}

/// A compiled RE2 expression that must match a whole text and says what its groups matched, as `label_replace` needs it.
public struct CapturingPattern: Sendable {
    /// The names of the groups, by number; group 0 is the whole text; nameless ones are nil.
    public let groupNames: [String?]
    private let program: PatternProgram

    /// Compiles `expression`; throws when it is not valid or too large.
    public init(_ expression: String) throws(LabelPatternError) {
        let parsed = try PatternParser.parse(expression)
        groupNames = [nil] + parsed.groupNames
        program = try PatternProgram(parsed.node, capturing: true)
    }

    /// What each group matched, by number, when the whole of `value` matches; groups that took no part are nil.
    public func groups(in value: String) -> [String?]? {
        guard let positions = program.captures(in: value, groupCount: groupNames.count) else { return nil }
        let scalars = Array(value.unicodeScalars)
        return positions.map { range in
            guard let range else { return nil }
            var text = String.UnicodeScalarView()
            text.append(contentsOf: scalars[range])
            return String(text)
        }
    }
}
