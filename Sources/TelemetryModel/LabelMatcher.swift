/// A condition on the value of one label. A label that a series lacks has the value "".
public struct LabelMatcher: Sendable, Hashable {
    /// How the value is compared.
    public enum Operation: String, Sendable {
        /// The value is this text.
        case equal = "="
        /// The value is not this text.
        case notEqual = "!="
        /// The whole value matches this RE2 pattern.
        case matches = "=~"
        /// The whole value does not match this RE2 pattern.
        case matchesNot = "!~"
    }

    /// The label.
    public let name: String
    /// The comparison.
    public let operation: Operation
    /// The text or pattern.
    public let value: String
    /// The pattern, compiled; nil for comparisons of text.
    public let pattern: LabelPattern?

    /// Makes a condition; a pattern that is no valid RE2 expression throws ``LabelPatternError``.
    public init(_ name: String, _ operation: Operation, _ value: String) throws(LabelPatternError) {
        self.name = name
        self.operation = operation
        self.value = value
        switch operation {
        case .equal, .notEqual: pattern = nil
        case .matches, .matchesNot: pattern = try LabelPattern(value)
        }
    }

    /// Whether a label value satisfies the condition.
    public func matches(_ candidate: String) -> Bool {
        switch operation {
        // By bytes, as Prometheus compares; Swift's == takes different spellings of one Unicode character for the same.
        case .equal: candidate.utf8.elementsEqual(value.utf8)
        case .notEqual: !candidate.utf8.elementsEqual(value.utf8)
        case .matches: pattern?.matches(candidate) ?? false
        case .matchesNot: !(pattern?.matches(candidate) ?? true)
        }
    }

    /// Whether series without the label satisfy it.
    public var matchesEmpty: Bool { matches("") }

    /// Equal when written equally.
    public static func == (a: LabelMatcher, b: LabelMatcher) -> Bool {
        a.name == b.name && a.operation == b.operation && a.value == b.value
    }

    /// Hashes what was written.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(operation)
        hasher.combine(value)
    }
}
