import TelemetryModel

/// Checks what may be combined with what, from the leaves up and from left to right, and throws at the first mistake.
struct PromQLTypeCheck {
    let expression: String

    private func error(_ message: String, at offset: Int) -> PromQLError { PromQLError(message, at: offset, in: expression) }

    func check(_ node: PromQLExpression) throws(PromQLError) {
        switch node.node {
        case .number, .string: break
        case .selector(let selector), .range(let selector, _): try check(selector, at: node.location.lowerBound)
        case .parentheses(let inner): try check(inner)
        case .negation(let inner), .plus(let inner): try check(sign: node, of: inner)
        case .subquery(let subquery): try check(subquery, at: node.location.lowerBound)
        case .call(let function, let arguments): try check(arguments, of: function, at: node.location.lowerBound)
        case .aggregation(let aggregation): try check(aggregation)
        case .binary(let binary): try check(binary)
        }
    }

    private func expect(_ node: PromQLExpression, _ type: PromQLType, in context: String) throws(PromQLError) {
        try check(node)
        if node.type != type {
            throw error(
                "expected type \(type.rawValue) in \(context), got \(node.type.rawValue)", at: node.location.lowerBound)
        }
    }

    // MARK: Selectors

    private func check(_ selector: PromQLExpression.Selector, at offset: Int) throws(PromQLError) {
        if let name = selector.name {
            if let other = selector.matchers.dropLast().first(where: { $0.name == Labels.nameLabel }) {
                let names = "\(GoText.quoted(name)) or \(GoText.quoted(other.value))"
                throw error("metric name must not be set twice: \(names)", at: offset)
            }
        } else if selector.matchers.allSatisfy(\.matchesEmpty) {
            throw error("vector selector must contain at least one non-empty matcher", at: offset)
        }
    }

    private func check(_ subquery: PromQLExpression.Subquery, at offset: Int) throws(PromQLError) {
        try check(subquery.expression)
        let type = subquery.expression.type
        if type != .instantVector {
            throw error("subquery is only allowed on instant vector, got \(type.name) instead", at: offset)
        }
    }

    // MARK: Signs, calls and aggregations

    private func check(sign: PromQLExpression, of inner: PromQLExpression) throws(PromQLError) {
        try check(inner)
        if inner.type != .scalar && inner.type != .instantVector {
            throw error(
                "unary expression only allowed on expressions of type scalar or instant vector, got \"\(inner.type.rawValue)\"",
                at: sign.location.lowerBound)
        }
    }

    private func check(
        _ arguments: [PromQLExpression], of function: PromQLFunction, at offset: Int
    ) throws(PromQLError) {
        try checkCount(arguments.count, of: function, at: offset)
        if function.name == "info", arguments.count > 1 { try checkInformation(arguments[1], at: offset) }
        for (index, argument) in arguments.enumerated() {
            guard let type = index < function.arguments.count ? function.arguments[index] : function.arguments.last else {
                continue
            }
            // What info() is told about labels needs no matcher that is not empty.
            if function.name == "info", index == 1 { continue }
            try expect(argument, type, in: "call to function \"\(function.name)\"")
        }
    }

    private func checkCount(_ count: Int, of function: PromQLFunction, at offset: Int) throws(PromQLError) {
        let full = function.arguments.count
        let least = function.variadic == 0 ? full : full - 1
        let most = function.variadic < 0 ? Int.max : least + function.variadic
        if count >= least && count <= most { return }
        let wanted = function.variadic == 0 ? "\(full)" : count < least ? "at least \(least)" : "at most \(most)"
        throw error("expected \(wanted) argument(s) in call to \"\(function.name)\", got \(count)", at: offset)
    }

    private func checkInformation(_ labels: PromQLExpression, at offset: Int) throws(PromQLError) {
        if labels.type != .instantVector {
            throw error("expected type instant vector in call to function \"info\", got \(labels.type.rawValue)", at: offset)
        }
        guard case .selector(let selector) = labels.node else {
            throw error("expected label selectors only", at: labels.location.lowerBound)
        }
        if selector.name != nil {
            throw error("expected label selectors only, got vector selector instead", at: labels.location.lowerBound)
        }
    }

    private func check(_ aggregation: PromQLExpression.Aggregation) throws(PromQLError) {
        try expect(aggregation.expression, .instantVector, in: "aggregation expression")
        if let parameter = aggregation.parameter, let type = aggregation.operation.parameterType {
            try expect(parameter, type, in: "aggregation parameter")
        }
    }

    // MARK: Operators

    private func check(_ binary: PromQLExpression.Binary) throws(PromQLError) {
        try check(binary.left)
        try check(binary.right)
        let operation = binary.operation
        let types = [binary.left.type, binary.right.type]
        if binary.returnsBool, !operation.isComparison {
            throw error("bool modifier can only be used on comparison operators", at: operatorOffset(binary))
        }
        if operation.isComparison, !binary.returnsBool, types == [.scalar, .scalar] {
            throw error("comparisons between scalars must use BOOL modifier", at: operatorOffset(binary))
        }
        let matching = binary.matching
        let included = Set(matching.included)
        if matching.isOn, let label = matching.labels.first(where: included.contains) {
            throw error(
                "label \(GoText.quoted(label)) must not occur in ON and GROUP clause at once", at: operatorOffset(binary))
        }
        for side in [binary.left, binary.right] where side.type != .scalar && side.type != .instantVector {
            throw error("binary expression must contain only scalar and instant vector types", at: side.location.lowerBound)
        }
        try check(matching, of: operation, isBetweenVectors: types == [.instantVector, .instantVector], binary)
    }

    private func check(
        _ matching: PromQLExpression.Matching, of operation: PromQLOperator, isBetweenVectors: Bool,
        _ binary: PromQLExpression.Binary
    ) throws(PromQLError) {
        let start = binary.left.location.lowerBound
        let isFilling = matching.leftFill != nil || matching.rightFill != nil
        if !isBetweenVectors {
            if !matching.labels.isEmpty { throw error("vector matching only allowed between instant vectors", at: start) }
            if isFilling { throw error("filling in missing series only allowed between instant vectors", at: start) }
        } else if operation.isSetOperator {
            if matching.grouping != .none {
                throw error("no grouping allowed for \"\(operation.rawValue)\" operation", at: start)
            }
            if isFilling { throw error("filling in missing series not allowed for set operators", at: start) }
        }
        if operation.isSetOperator, !isBetweenVectors {
            throw error("set operator \"\(operation.rawValue)\" not allowed in binary scalar expression", at: start)
        }
    }

    /// Where the operator stands: behind the left side and the space that follows it.
    private func operatorOffset(_ binary: PromQLExpression.Binary) -> Int {
        let end = binary.left.location.upperBound
        let space = expression.utf8.dropFirst(end).prefix { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
        return end + space.count
    }
}
