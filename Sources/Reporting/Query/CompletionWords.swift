import ByteCoding
import QueryLanguages

/// The words of PromQL for completion, from the tables that the parser itself reads.
enum CompletionWords {
    /// A JSON array of `[word, kind, signature]`; the kinds are `function`, `aggregation` and `keyword`.
    static func json(_ features: PromQLFeatures) -> String {
        let hasExperimental = features.contains(.experimentalFunctions)
        var writer = JSONWriter()
        writer.array { writer in
            for aggregation in PromQLAggregation.allCases where hasExperimental || !aggregation.isExperimental {
                write(aggregation.rawValue, "aggregation", "over instant vectors, with by (…) or without (…)", to: &writer)
            }
            for function in PromQLFunction.byName.values.sorted(by: { $0.name < $1.name })
            where hasExperimental || !function.isExperimental {
                write(function.name, "function", signature(function), to: &writer)
            }
            for word in keywords { write(word, "keyword", "", to: &writer) }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

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
        // The last argument of a variadic function may be left out.
        let required = function.arguments.count - (function.variadic == 0 ? 0 : 1)
        var arguments = function.arguments.enumerated().map {
            $0.offset < required ? $0.element.rawValue : "[\($0.element.rawValue)]"
        }
        if function.variadic < 0 || function.variadic > 1 { arguments.append("…") }
        return "\(function.name)(\(arguments.joined(separator: ", "))) gives \(function.result.rawValue)"
    }
}
