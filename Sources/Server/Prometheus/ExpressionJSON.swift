import ByteCoding
import QueryLanguages
import TelemetryModel

/// Writes a PromQL expression as the tree that Prometheus's API has. Members stand in the order of their names.
enum ExpressionJSON {
    static func write(_ expression: PromQLExpression, to writer: inout JSONWriter) {
        writer.object { writer in
            switch expression.node {
            case .number(let value):
                writer.member("type", "numberLiteral")
                writer.member("val", PromQLNumber.plainText(value))
            case .string(let text):
                writer.member("type", "stringLiteral")
                writer.member("val", text)
            case .selector(let selector): write(selector, range: nil, to: &writer)
            case .range(let selector, let milliseconds): write(selector, range: milliseconds, to: &writer)
            case .subquery(let subquery): write(subquery, to: &writer)
            case .call(let function, let arguments): write(function, arguments, to: &writer)
            case .aggregation(let aggregation): write(aggregation, to: &writer)
            case .binary(let binary): write(binary, to: &writer)
            case .negation(let inner): write(inner, sign: "-", to: &writer)
            case .plus(let inner): write(inner, sign: "+", to: &writer)
            case .parentheses(let inner):
                writer.key("expr")
                write(inner, to: &writer)
                writer.member("type", "parenExpr")
            }
        }
    }

    // MARK: Selectors

    private static func write(_ selector: PromQLExpression.Selector, range: Int64?, to writer: inout JSONWriter) {
        writer.member("anchored", selector.isAnchored)
        writer.key("matchers")
        writer.array { writer in
            for matcher in selector.matchers {
                writer.object { writer in
                    writer.member("name", matcher.name)
                    writer.member("type", matcher.operation.rawValue)
                    writer.member("value", matcher.value)
                }
            }
        }
        writer.member("name", selector.name ?? "")
        writer.member("offset", selector.offset)
        if let range { writer.member("range", range) }
        writer.member("smoothed", selector.isSmoothed)
        write(selector.at, to: &writer)
        writer.member("type", range == nil ? "vectorSelector" : "matrixSelector")
    }

    /// Writes the two members of a fixed time, and between them what else belongs there.
    private static func write(
        _ time: PromQLExpression.FixedTime?, to writer: inout JSONWriter, before timestamp: (inout JSONWriter) -> Void = { _ in }
    ) {
        writer.key("startOrEnd")
        switch time {
        case .start: writer.string("start")
        case .end: writer.string("end")
        default: writer.null()
        }
        timestamp(&writer)
        writer.key("timestamp")
        if case .milliseconds(let milliseconds) = time { writer.integer(milliseconds) } else { writer.null() }
    }

    private static func write(_ subquery: PromQLExpression.Subquery, to writer: inout JSONWriter) {
        writer.key("expr")
        write(subquery.expression, to: &writer)
        writer.member("offset", subquery.offset)
        writer.member("range", subquery.range)
        write(subquery.at, to: &writer, before: { $0.member("step", subquery.step ?? 0) })
        writer.member("type", "subquery")
    }

    // MARK: Signs, calls and aggregations

    private static func write(_ inner: PromQLExpression, sign: String, to writer: inout JSONWriter) {
        writer.key("expr")
        write(inner, to: &writer)
        writer.member("op", sign)
        writer.member("type", "unaryExpr")
    }

    private static func write(_ function: PromQLFunction, _ arguments: [PromQLExpression], to writer: inout JSONWriter) {
        writer.key("args")
        writer.array { writer in for argument in arguments { write(argument, to: &writer) } }
        writer.key("func")
        writer.object { writer in
            writer.key("argTypes")
            writer.array { writer in for type in function.arguments { writer.string(type.name) } }
            writer.member("name", function.name)
            writer.member("returnType", function.result.name)
            writer.member("variadic", function.variadic)
        }
        writer.member("type", "call")
    }

    private static func write(_ aggregation: PromQLExpression.Aggregation, to writer: inout JSONWriter) {
        writer.key("expr")
        write(aggregation.expression, to: &writer)
        write("grouping", aggregation.labels, to: &writer)
        writer.member("op", aggregation.operation.rawValue)
        writer.key("param")
        if let parameter = aggregation.parameter { write(parameter, to: &writer) } else { writer.null() }
        writer.member("type", "aggregation")
        writer.member("without", aggregation.without)
    }

    private static func write(_ name: String, _ texts: [String], to writer: inout JSONWriter) {
        writer.key(name)
        writer.array { writer in for text in texts { writer.string(text) } }
    }

    // MARK: Operators

    private static func write(_ binary: PromQLExpression.Binary, to writer: inout JSONWriter) {
        writer.member("bool", binary.returnsBool)
        writer.key("lhs")
        write(binary.left, to: &writer)
        writer.key("matching")
        if binary.left.type == .instantVector, binary.right.type == .instantVector {
            writer.object { write(binary.matching, isOfSets: binary.operation.isSetOperator, to: &$0) }
        } else {
            writer.null()
        }
        writer.member("op", binary.operation.rawValue)
        writer.key("rhs")
        write(binary.right, to: &writer)
        writer.member("type", "binaryExpr")
    }

    private static func write(_ matching: PromQLExpression.Matching, isOfSets: Bool, to writer: inout JSONWriter) {
        let cardinality =
            switch matching.grouping {
            case .none: isOfSets ? "many-to-many" : "one-to-one"
            case .left: "many-to-one"
            case .right: "one-to-many"
            }
        writer.member("card", cardinality)
        if matching.leftFill != nil || matching.rightFill != nil {
            writer.key("fillValues")
            writer.object { writer in
                for (side, value) in [("lhs", matching.leftFill), ("rhs", matching.rightFill)] {
                    writer.key(side)
                    if let value { writer.double(value) } else { writer.null() }
                }
            }
        }
        write("include", matching.included, to: &writer)
        write("labels", matching.labels, to: &writer)
        writer.member("on", matching.isOn)
    }
}
