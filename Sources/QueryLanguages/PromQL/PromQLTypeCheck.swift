import TelemetryModel

// What may be combined with what.
extension PromQLParser {
    func expect(_ expression: PromQLExpression, _ type: PromQLType, in context: String) throws(PromQLError) {
        if expression.type != type {
            throw error(
                "expected type \(type.rawValue) in \(context), got \(expression.type.rawValue)", at: expression.location.lowerBound)
        }
    }

    func check(_ arguments: [PromQLExpression], of function: PromQLFunction, at offset: Int) throws(PromQLError) {
        let most = function.arguments.count
        let least = most - function.optionalCount
        if arguments.count < least || (arguments.count > most && !function.isVariadic) {
            let wanted =
                least == most && !function.isVariadic
                ? "\(most)" : arguments.count < least ? "at least \(least)" : "at most \(most)"
            throw error("expected \(wanted) argument(s) in call to \"\(function.name)\", got \(arguments.count)", at: offset)
        }
        for (index, argument) in arguments.enumerated() {
            guard let type = index < most ? function.arguments[index] : function.arguments.last else { continue }
            try expect(argument, type, in: "call to function \"\(function.name)\"")
        }
        if function.name == "label_replace", case .string(let pattern) = arguments[4].unwrapped.node {
            do { _ = try CapturingPattern(pattern) } catch {
                throw self.error(error.description, at: arguments[4].location.lowerBound)
            }
        }
    }

    func check(_ binary: PromQLExpression.Binary, at offset: Int) throws(PromQLError) {
        let operation = binary.operation
        for side in [binary.left, binary.right] where side.type != .scalar && side.type != .instantVector {
            throw error("binary expression must contain only scalar and instant vector types", at: side.location.lowerBound)
        }
        let scalarCount = [binary.left, binary.right].count { $0.type == .scalar }
        if binary.returnsBool, !operation.isComparison {
            throw error("bool modifier can only be used on comparison operators", at: offset)
        }
        if operation.isComparison, scalarCount == 2, !binary.returnsBool {
            throw error("comparisons between scalars must use BOOL modifier", at: offset)
        }
        if operation.isSetOperator, scalarCount > 0 {
            throw error("set operator \"\(operation.rawValue)\" not allowed in binary scalar expression", at: offset)
        }
        let matching = binary.matching
        if scalarCount > 0, matching.isOn || !matching.labels.isEmpty {
            throw error("vector matching only allowed between instant vectors", at: offset)
        }
        if operation.isSetOperator, matching.grouping != .none {
            throw error("no grouping allowed for \"\(operation.rawValue)\" operation", at: offset)
        }
        if matching.isOn, let label = matching.labels.first(where: matching.included.contains) {
            throw error("label \"\(label)\" must not occur in ON and GROUP clause at once", at: offset)
        }
    }
}
