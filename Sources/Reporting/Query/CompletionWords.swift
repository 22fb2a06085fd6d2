import ByteCoding
import QueryLanguages

/// The words of PromQL for completion, from the tables that the parser itself reads.
enum CompletionWords {
    /// A JSON array of `[word, kind, signature]`; the kinds are `function`, `aggregation` and `keyword`.
    static let json: String = {
        var writer = JSONWriter()
        writer.array { writer in
            for aggregation in PromQLAggregation.allCases {
                write(aggregation.rawValue, "aggregation", "over instant vectors, with by (…) or without (…)", to: &writer)
            }
            for function in PromQLFunction.byName.values.sorted(by: { $0.name < $1.name }) {
                write(function.name, "function", signature(function), to: &writer)
            }
            for word in keywords { write(word, "keyword", "", to: &writer) }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }()

    private static let keywords =
        PromQLOperator.allCases.map(\.rawValue).filter { $0.first?.isLetter ?? false }
        + ["bool", "by", "group_left", "group_right", "ignoring", "offset", "on", "without"]

    private static func write(_ word: String, _ kind: String, _ signature: String, to writer: inout JSONWriter) {
        writer.array { writer in
            for text in [word, kind, signature] { writer.string(text) }
        }
    }

    /// `round(instant vector, [scalar])`.
    static func signature(_ function: PromQLFunction) -> String {
        let required = function.arguments.count - function.optionalCount
        var arguments = function.arguments.enumerated().map {
            $0.offset < required ? $0.element.rawValue : "[\($0.element.rawValue)]"
        }
        if function.isVariadic { arguments.append("…") }
        return "\(function.name)(\(arguments.joined(separator: ", "))) gives \(function.result.rawValue)"
    }
}
