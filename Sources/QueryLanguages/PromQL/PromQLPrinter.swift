import TelemetryModel

extension PromQLExpression: CustomStringConvertible {
    /// The expression in Prometheus's canonical form, on one line.
    public var description: String {
        switch node {
        // A plus sign in front of infinity would be an operator of its own.
        case .number(let value): value == .infinity ? "Inf" : PromQLNumber.text(value)
        case .string(let text): Self.quoted(text)
        case .selector(let selector): Self.text(selector) + Self.times(selector.offset, selector.at)
        case .range(let selector, let milliseconds):
            Self.text(selector) + "[\(PromQLDuration.text(milliseconds))]" + Self.times(selector.offset, selector.at)
        case .subquery(let subquery): Self.text(subquery)
        case .call(let function, let arguments): "\(function.name)(\(arguments.map(\.description).joined(separator: ", ")))"
        case .aggregation(let aggregation): Self.text(aggregation)
        case .binary(let binary): Self.text(binary)
        case .negation(let inner): "-\(inner)"
        case .parentheses(let inner): "(\(inner))"
        }
    }

    private static func text(_ selector: Selector) -> String {
        let name = selector.metricName ?? ""
        let plainName = isName(name, colon: true) && !PromQLParser.isReserved(name)
        var parts = plainName || name.isEmpty ? [] : [quoted(name)]
        for matcher in selector.matchers where matcher.name != Labels.nameLabel || matcher.operation != .equal || name.isEmpty {
            let label = isName(matcher.name, colon: false) ? matcher.name : quoted(matcher.name)
            parts.append(label + matcher.operation.rawValue + quoted(matcher.value))
        }
        return (plainName ? name : "") + (parts.isEmpty && plainName ? "" : "{\(parts.joined(separator: ","))}")
    }

    private static func text(_ subquery: Subquery) -> String {
        "\(subquery.expression)[\(PromQLDuration.text(subquery.range)):\(subquery.step.map(PromQLDuration.text) ?? "")]"
            + times(subquery.offset, subquery.at)
    }

    private static func text(_ aggregation: Aggregation) -> String {
        var text = aggregation.operation.rawValue
        if aggregation.without || !aggregation.labels.isEmpty {
            text += (aggregation.without ? " without (" : " by (") + names(aggregation.labels) + ") "
        }
        return text + "(" + (aggregation.parameter.map { "\($0), " } ?? "") + "\(aggregation.expression))"
    }

    private static func text(_ binary: Binary) -> String {
        var text = binary.operation.rawValue + (binary.returnsBool ? " bool" : "")
        let matching = binary.matching
        if matching.isOn || !matching.labels.isEmpty || matching.grouping != .none {
            text += (matching.isOn ? " on (" : " ignoring (") + names(matching.labels) + ")"
        }
        if matching.grouping != .none {
            text += (matching.grouping == .left ? " group_left (" : " group_right (") + names(matching.included) + ")"
        }
        return "\(binary.left) \(text) \(binary.right)"
    }

    private static func times(_ offset: Int64, _ at: FixedTime?) -> String {
        let fixed =
            switch at {
            case nil: ""
            case .start: " @ start()"
            case .end: " @ end()"
            case .milliseconds(let time): " @ \(time < 0 ? "-" : "")\(time.magnitude / 1_000).\(padded(time.magnitude % 1_000))"
            }
        return fixed + (offset == 0 ? "" : " offset \(PromQLDuration.text(offset))")
    }

    private static func padded(_ milliseconds: UInt64) -> String {
        let text = String(milliseconds)
        return String(repeating: "0", count: 3 - text.utf8.count) + text
    }

    private static func names(_ labels: [String]) -> String {
        labels.map { isName($0, colon: false) ? $0 : quoted($0) }.joined(separator: ", ")
    }

    private static func isName(_ text: String, colon: Bool) -> Bool {
        guard let first = text.utf8.first, !PromQLLexer.isDigit(first) else { return false }
        return text.utf8.allSatisfy {
            PromQLLexer.isDigit($0) || (($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A) || $0 == UInt8(ascii: "_")
                || (colon && $0 == UInt8(ascii: ":"))
        }
    }

    /// The text in double quotes, with what must be escaped escaped.
    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case "\r": quoted += "\\r"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let hexadecimal = String(scalar.value, radix: 16)
                quoted += "\\x" + (hexadecimal.utf8.count == 1 ? "0" : "") + hexadecimal
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
