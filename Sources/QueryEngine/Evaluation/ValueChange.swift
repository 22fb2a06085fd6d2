import QueryLanguages
import TelemetryModel

/// What an expression does to each value of the only vector in it.
struct ValueChange {
    /// The vector.
    let source: PromQLExpression
    /// Whether the metric's name stays.
    let keepsName: Bool
    /// The new value at a step, or ``Column/absent``.
    let change: (_ value: Double, _ step: Int) -> Double
}

// Expressions that change values one by one. Their columns are passed on one by one, too, if they differ for certain.
extension Evaluator {
    /// What an expression does to each value; nil when it does something else. The other parts of it are evaluated.
    func valueChange(_ expression: PromQLExpression) throws -> ValueChange? {
        switch expression.node {
        case .negation(let inner) where inner.type == .instantVector:
            return ValueChange(source: inner, keepsName: false) { value, _ in -value }
        case .call(let function, let arguments):
            guard let source = arguments.first, source.type == .instantVector,
                let simple = Self.simpleFunction(function.name)
            else { return nil }
            return ValueChange(source: source, keepsName: false) { value, _ in simple(value) }
        case .binary(let binary):
            return try valueChange(binary)
        default: return nil
        }
    }

    private func valueChange(_ binary: PromQLExpression.Binary) throws -> ValueChange? {
        let keepsName = binary.operation.keepsName(returnsBool: binary.returnsBool)
        switch (binary.left.type, binary.right.type) {
        case (.instantVector, .scalar):
            let right = try scalar(binary.right)
            return ValueChange(source: binary.left, keepsName: keepsName) { value, step in apply(binary, value, right[step]) }
        case (.scalar, .instantVector):
            let left = try scalar(binary.left)
            let isFilter = binary.operation.isComparison && !binary.returnsBool
            return ValueChange(source: binary.right, keepsName: keepsName) { value, step in
                let result = apply(binary, left[step], value)
                // A filter passes on the vector's value, whichever side it is on.
                return isFilter && !Column.isAbsent(result) ? value : result
            }
        default: return nil
        }
    }

    /// Calls `body` with each column that has a value after the change.
    func forEachColumn(of change: ValueChange, _ body: (ColumnView) throws -> Void) throws {
        guard change.keepsName || names(of: change.source) != .several else {
            // Without their names columns may be the same.
            return try lend(try collected { try forEachColumn(changing: change, $0) }.merged(), body)
        }
        try forEachColumn(changing: change, body)
    }

    private func forEachColumn(changing change: ValueChange, _ body: (ColumnView) throws -> Void) throws {
        var values = try emptyValues()
        var labels: [UInt8] = []
        try forEachColumn(of: change.source) { column in
            var isFound = false
            for step in values.indices {
                let value = column.values[step]
                values[step] = Column.isAbsent(value) ? value : change.change(value, step)
                if !Column.isAbsent(values[step]) { isFound = true }
            }
            if !isFound { return }
            try values.withUnsafeBufferPointer { values in
                if change.keepsName { return try body(ColumnView(labelBytes: column.labelBytes, values: values)) }
                LabelFilter.withoutName.apply(column.labelBytes, into: &labels)
                try labels.withUnsafeBytes { try body(ColumnView(labelBytes: $0, values: values)) }
            }
        }
    }

    /// Calls `body` with columns that are there already.
    func lend(_ columns: [Column], _ body: (ColumnView) throws -> Void) throws {
        for column in columns {
            try column.labels.bytes.withUnsafeBytes { labelBytes in
                try column.values.withUnsafeBufferPointer { try body(ColumnView(labelBytes: labelBytes, values: $0)) }
            }
        }
    }

    // MARK: Names

    /// How many names of metrics there are among the columns of an expression, as far as that is known beforehand.
    private enum NameCount { case none, one, several }

    private func names(of expression: PromQLExpression) -> NameCount {
        let expression = expression.unwrapped
        switch expression.node {
        case .selector(let selector), .range(let selector, _): return selector.metricName == nil ? .several : .one
        case .negation: return .none
        case .aggregation(let aggregation):
            if [.topk, .bottomk, .limitk, .limitRatio].contains(aggregation.operation) { return names(of: aggregation.expression) }
            let isNamed = aggregation.operation == .countValues || aggregation.labels.contains(Labels.nameLabel)
            return isNamed && !aggregation.without ? .several : .none
        case .call(let function, let arguments):
            if Self.simpleFunction(function.name) != nil { return .none }
            guard let range = arguments.first(where: { $0.type == .rangeVector }) else { return .several }
            return Self.keepsName(function.name) ? names(of: range) : .none
        case .binary(let binary) where binary.left.type == .scalar || binary.right.type == .scalar:
            if !binary.operation.keepsName(returnsBool: binary.returnsBool) { return .none }
            return names(of: binary.left.type == .scalar ? binary.right : binary.left)
        default: return .several
        }
    }
}
