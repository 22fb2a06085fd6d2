/// A word of PromQL and the bytes where it stands.
struct PromQLToken: Equatable {
    enum Kind: Equatable {
        /// A name without colons.
        case identifier
        /// A name with colons.
        case metricIdentifier
        case keyword(PromQLKeyword)
        case aggregation(PromQLAggregation)
        /// An operator between expressions; `+` and `-` may be signs, `!=` may stand in a selector.
        case operation(PromQLOperator)
        /// A number; its value is read by ``PromQLNumber``.
        case number
        /// A duration; its value is read by ``PromQLDuration``.
        case duration
        /// A text, without its quotes and escapes.
        case string(String)
        case symbol(Symbol)
        case end
    }

    enum Symbol: String {
        case leftParenthesis = "("
        case rightParenthesis = ")"
        case leftBrace = "{"
        case rightBrace = "}"
        case leftBracket = "["
        case rightBracket = "]"
        case comma = ","
        case colon = ":"
        case assign = "="
        case matches = "=~"
        case matchesNot = "!~"
        case at = "@"
    }

    var kind: Kind
    /// As it was written.
    var text: String
    var location: Range<Int>

    /// Whether it can name a metric without quotes.
    var canNameMetric: Bool {
        switch kind {
        case .identifier, .metricIdentifier, .aggregation: true
        case .keyword(let keyword): keyword.canNameMetric
        case .operation(let operation): operation.isSetOperator
        default: false
        }
    }

    /// Whether it can name a label without quotes in a list of labels.
    var canNameLabel: Bool {
        switch kind {
        case .keyword(let keyword): keyword != .without
        case .operation(.atan2): true
        default: canNameMetric
        }
    }

    /// How messages show it.
    var shown: String {
        switch kind {
        case .identifier: "identifier \(GoText.quoted(text))"
        case .metricIdentifier: "metric identifier \(GoText.quoted(text))"
        case .keyword(let keyword): keyword.isTime ? GoText.quoted(text) : "<\(text)>"
        case .aggregation: "<aggr:\(text)>"
        case .operation: "<op:\(text)>"
        case .number: "number \(GoText.shortened(text))"
        case .duration: "duration \(GoText.shortened(text))"
        case .string: "string \(GoText.shortened(text))"
        case .symbol(let symbol):
            switch symbol {
            case .matches, .matchesNot, .at: "<op:\(text)>"
            default: GoText.quoted(text)
            }
        case .end: "end of input"
        }
    }
}
