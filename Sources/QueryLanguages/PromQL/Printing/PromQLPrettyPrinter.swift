extension PromQLExpression {
    /// What is longer than this in bytes is printed on several lines.
    fileprivate static let lineLimit = 100

    /// The expression in Prometheus's canonical form, on several lines where it is long.
    public var formatted: String { PrintedExpression(self).lines(level: 0) }
}

/// An expression with what it is on one line, which decides whether it gets several.
private struct PrintedExpression {
    let expression: PromQLExpression
    let children: [PrintedExpression]
    let line: String

    init(_ expression: PromQLExpression) {
        self.expression = expression
        children = expression.children.map { PrintedExpression($0) }
        line = expression.line(children.map(\.line))
    }

    /// Printed on lines of its own, `level` steps to the right.
    func lines(level: Int) -> String {
        let indentation = String(repeating: "  ", count: level)
        let fits = line.utf8.count <= PromQLExpression.lineLimit
        switch expression.node {
        case .number, .string, .selector, .range: return indentation + line
        // As in Prometheus, a short one is not indented.
        case .subquery(let subquery): return fits ? line : inner(level) + subquery.suffix
        case .negation: return "\(indentation)-\(inner(level).drop { $0 == " " || $0 == "\n" })"
        case .plus: return "\(indentation)+\(inner(level).drop { $0 == " " || $0 == "\n" })"
        case _ where fits: return indentation + line
        case .parentheses: return "\(indentation)(\n\(inner(level + 1))\n\(indentation))"
        case .call(let function, _): return "\(indentation)\(function.name)(\n\(inner(level + 1))\n\(indentation))"
        case .aggregation(let aggregation): return "\(indentation)\(aggregation.head)(\n\(inner(level + 1))\n\(indentation))"
        case .binary(let binary): return inner(level + 1, separator: "\n\(indentation)\(binary.head)\n")
        }
    }

    private func inner(_ level: Int, separator: String = ",\n") -> String {
        children.map { $0.lines(level: level) }.joined(separator: separator)
    }
}
