extension PromQLExpression {
    /// What is longer than this in bytes is printed on several lines.
    static let lineLimit = 100

    /// The expression in Prometheus's canonical form, on several lines where it is long.
    public var formatted: String { lines(level: 0) }

    /// Printed on lines of its own, `level` steps to the right.
    private func lines(level: Int) -> String {
        let indentation = String(repeating: "  ", count: level)
        let line = description
        let fits = line.utf8.count <= Self.lineLimit
        switch node {
        case .number, .string, .selector, .range: return indentation + line
        // As in Prometheus, a short one is not indented.
        case .subquery(let subquery): return fits ? line : subquery.expression.lines(level: level) + subquery.suffix
        case .negation(let inner): return "\(indentation)-\(Self.trimmed(inner.lines(level: level)))"
        case .plus(let inner): return "\(indentation)+\(Self.trimmed(inner.lines(level: level)))"
        case _ where fits: return indentation + line
        case .parentheses(let inner): return "\(indentation)(\n\(inner.lines(level: level + 1))\n\(indentation))"
        case .call(let function, let arguments):
            let inner = arguments.map { $0.lines(level: level + 1) }.joined(separator: ",\n")
            return "\(indentation)\(function.name)(\n\(inner)\n\(indentation))"
        case .aggregation(let aggregation):
            let parameter = aggregation.parameter.map { $0.lines(level: level + 1) + ",\n" } ?? ""
            let inner = aggregation.expression.lines(level: level + 1)
            return "\(indentation)\(aggregation.head)(\n\(parameter)\(inner)\n\(indentation))"
        case .binary(let binary):
            let left = binary.left.lines(level: level + 1)
            return "\(left)\n\(indentation)\(binary.head)\n\(binary.right.lines(level: level + 1))"
        }
    }

    private static func trimmed(_ text: String) -> Substring {
        text.drop { $0 == " " || $0 == "\n" }
    }
}
