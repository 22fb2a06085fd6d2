/// What can be wrong with a regular expression, in the words of Go's RE2, which Prometheus passes on.
enum PatternProblem: String {
    case characterClassRange = "invalid character class range"
    case escape = "invalid escape sequence"
    case namedCapture = "invalid named capture"
    case perlSyntax = "invalid or unsupported Perl syntax"
    case nestedRepetition = "invalid nested repetition operator"
    case repeatCount = "invalid repeat count"
    case missingBracket = "missing closing ]"
    case missingParenthesis = "missing closing )"
    case missingArgument = "missing argument to repetition operator"
    case trailingBackslash = "trailing backslash at end of expression"
    case unexpectedParenthesis = "unexpected )"
    case nestingDepth = "expression nests too deeply"
    case size = "expression too large"

    /// The most characters of an expression that a message shows.
    private static let shownLimit = 200

    /// The error about a part of an expression.
    func error(_ part: some Collection<Unicode.Scalar>) -> LabelPatternError {
        var shown = String.UnicodeScalarView()
        shown.append(contentsOf: part.prefix(Self.shownLimit))
        return LabelPatternError("error parsing regexp: \(rawValue): `\(String(shown))\(part.count > Self.shownLimit ? "…" : "")`")
    }
}
