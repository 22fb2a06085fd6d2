import TelemetryModel

extension PromQLExpression: CustomStringConvertible {
    /// The expression in Prometheus's canonical form, on one line.
    public var description: String { line(children.map(\.description)) }

    /// The expression on one line, when the lines of its ``children`` are known.
    func line(_ inner: [String]) -> String {
        switch node {
        case .number(let value): Self.text(value, isDuration: isDuration)
        case .string(let text): GoText.quoted(text)
        case .selector(let selector): "\(selector)"
        case .range(let selector, let milliseconds): selector.text(range: milliseconds)
        case .subquery(let subquery): inner.joined() + subquery.suffix
        case .call(let function, _): "\(function.name)(\(inner.joined(separator: ", ")))"
        case .aggregation(let aggregation): "\(aggregation.head)(\(inner.joined(separator: ", ")))"
        case .binary(let binary): inner.joined(separator: " \(binary.head) ")
        case .negation: "-" + inner.joined()
        case .plus: "+" + inner.joined()
        case .parentheses: "(" + inner.joined() + ")"
        }
    }

    /// A number as it is printed; a duration to the millisecond.
    static func text(_ value: Double, isDuration: Bool) -> String {
        if isDuration, let milliseconds = PromQLDuration.milliseconds(value) { return PromQLDuration.text(milliseconds) }
        return PromQLNumber.plainText(value)
    }

    /// The names of labels, quoted where they must be.
    fileprivate static func names(_ labels: [String]) -> String {
        labels.map { Self.isName($0, colon: true) ? $0 : GoText.quoted($0) }.joined(separator: ", ")
    }

    static func isName(_ text: String, colon: Bool) -> Bool {
        guard let first = text.utf8.first, !PromQLLexer.isDigit(first) else { return false }
        return text.utf8.allSatisfy { PromQLLexer.isNamePart($0) || (colon && $0 == UInt8(ascii: ":")) }
    }

    fileprivate static func times(_ at: FixedTime?, _ offset: Int64, _ computed: PromQLDurationExpression?) -> String {
        var text =
            switch at {
            case nil: ""
            case .start: " @ start()"
            case .end: " @ end()"
            case .milliseconds(let time): " @ \(time < 0 ? "-" : "")\(time.magnitude / 1_000).\(padded(time.magnitude % 1_000))"
            }
        if let computed { text += " offset \(computed)" } else if offset != 0 { text += " offset \(PromQLDuration.text(offset))" }
        return text
    }

    private static func padded(_ milliseconds: UInt64) -> String {
        let text = String(milliseconds)
        return String(repeating: "0", count: 3 - text.utf8.count) + text
    }
}

extension PromQLExpression.Selector: CustomStringConvertible {
    /// The selector in Prometheus's canonical form, with its times.
    public var description: String {
        // As in Prometheus, a time comes before these words here, and behind them where there is a range.
        text + PromQLExpression.times(at, 0, nil) + bounds + PromQLExpression.times(nil, offset, offsetExpression)
    }

    /// The same with a range in milliseconds.
    fileprivate func text(range: Int64) -> String {
        "\(text)[\(rangeExpression?.description ?? PromQLDuration.text(range))]\(bounds)"
            + PromQLExpression.times(at, offset, offsetExpression)
    }

    private var bounds: String { isAnchored ? " anchored" : isSmoothed ? " smoothed" : "" }

    /// The name, and the matchers in the order of their texts.
    private var text: String {
        let written = matchers.filter {
            $0.name != Labels.nameLabel || $0.operation != .equal || $0.value != (name ?? "") || $0.value.isEmpty
        }
        let texts = written.map { matcher in
            let label = PromQLExpression.isName(matcher.name, colon: false) ? matcher.name : GoText.quoted(matcher.name)
            return label + matcher.operation.rawValue + GoText.quoted(matcher.value)
        }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        return (name ?? "") + (texts.isEmpty ? "" : "{\(texts.joined(separator: ","))}")
    }
}

extension PromQLExpression.Subquery {
    /// What stands behind the expression.
    var suffix: String {
        let range = rangeExpression?.description ?? PromQLDuration.text(range)
        let step = stepExpression?.description ?? step.map(PromQLDuration.text) ?? ""
        return "[\(range):\(step)]" + PromQLExpression.times(at, offset, offsetExpression)
    }
}

extension PromQLExpression.Aggregation {
    /// What stands before the parenthesis.
    var head: String {
        guard without || !labels.isEmpty else { return operation.rawValue }
        return "\(operation.rawValue) \(without ? "without" : "by") (\(PromQLExpression.names(labels))) "
    }
}

extension PromQLExpression.Binary {
    /// The operator with its modifiers.
    var head: String {
        var text = operation.rawValue + (returnsBool ? " bool" : "")
        // Between other things than vectors, matching means nothing.
        guard left.type == .instantVector, right.type == .instantVector else { return text }
        if matching.isOn || !matching.labels.isEmpty || matching.grouping != .none {
            text += (matching.isOn ? " on (" : " ignoring (") + PromQLExpression.names(matching.labels) + ")"
        }
        if matching.grouping != .none {
            text += (matching.grouping == .left ? " group_left (" : " group_right (")
            text += PromQLExpression.names(matching.included) + ")"
        }
        return text + fills
    }

    private var fills: String {
        if let left = matching.leftFill, left == matching.rightFill { return " fill (\(PromQLNumber.text(left)))" }
        return (matching.leftFill.map { " fill_left (\(PromQLNumber.text($0)))" } ?? "")
            + (matching.rightFill.map { " fill_right (\(PromQLNumber.text($0)))" } ?? "")
    }
}

extension PromQLDurationExpression: CustomStringConvertible {
    /// The duration in Prometheus's canonical form.
    public var description: String {
        switch node {
        case .literal(let seconds, let isDuration): PromQLExpression.text(seconds, isDuration: isDuration)
        case .step: "step()"
        case .range: "range()"
        case .minimum(let a, let b): "min_of(\(a), \(b))"
        case .maximum(let a, let b): "max_of(\(a), \(b))"
        case .negation(let inner): "-\(inner)"
        case .binary(let operation, let left, let right): "\(left) \(operation.rawValue) \(right)"
        case .parentheses(let inner): "(\(inner))"
        }
    }
}
