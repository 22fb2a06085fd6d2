import QueryLanguages
import TelemetryModel

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The angle of a point; named so that the operator of that name does not hide it.
private func angle(_ y: Double, _ x: Double) -> Double { atan2(y, x) }

extension PromQLOperator {
    /// The result for two numbers; of a comparison: the left number, or absent when it does not hold.
    func callAsFunction(_ a: Double, _ b: Double) -> Double {
        switch self {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        case .divide: a / b
        case .remainder: fmod(a, b)
        case .power: pow(a, b)
        case .atan2: angle(a, b)
        case .equal: a == b ? a : Column.absent
        case .notEqual: a != b ? a : Column.absent
        case .less: a < b ? a : Column.absent
        case .lessOrEqual: a <= b ? a : Column.absent
        case .greater: a > b ? a : Column.absent
        case .greaterOrEqual: a >= b ? a : Column.absent
        case .and, .or, .unless: Column.absent
        }
    }

    /// Whether the result keeps the metric's name: it is still the same measurement.
    func keepsName(returnsBool: Bool) -> Bool { (isComparison && !returnsBool) || isSetOperator }
}

// Operators between scalars and vectors.
extension Evaluator {
    func combine(_ binary: PromQLExpression.Binary) throws -> Value {
        switch (try evaluate(binary.left), try evaluate(binary.right)) {
        case (.scalar(let left), .scalar(let right)):
            return .scalar(zip(left, right).map { apply(binary, $0, $1) })
        case (.vector(let left), .vector(let right)):
            if binary.operation.isSetOperator { return .vector(try combineSets(binary, left, right)) }
            return .vector(try VectorMatch(self, binary).combine(left, right))
        default:
            throw QueryError(.invalid, "binary expression must contain only scalar and instant vector types")
        }
    }

    /// The result for two numbers, 0 or 1 with `bool`.
    func apply(_ binary: PromQLExpression.Binary, _ a: Double, _ b: Double) -> Double {
        let result = binary.operation(a, b)
        return binary.returnsBool ? (Column.isAbsent(result) ? 0 : 1) : result
    }

    // MARK: Sets

    private func combineSets(_ binary: PromQLExpression.Binary, _ left: [Column], _ right: [Column]) throws(QueryError) -> [Column]
    {
        let filter = binary.matching.signatureFilter
        if binary.operation == .or {
            let leftPresence = try presence(left, filter)
            return try (left + right.map { masked($0, by: leftPresence[filter($0.labels)], keeping: false) }).merged()
        }
        let rightPresence = try presence(right, filter)
        return left.map { masked($0, by: rightPresence[filter($0.labels)], keeping: binary.operation == .and) }
            .filter { !$0.isEmpty }
    }

    /// For each signature, at which steps a column with it has a value.
    private func presence(_ columns: [Column], _ filter: LabelFilter) throws(QueryError) -> [Labels: [Bool]] {
        var presence: [Labels: [Bool]] = [:]
        for column in columns {
            try context.check()
            let signature = filter(column.labels)
            var steps = presence.removeValue(forKey: signature) ?? [Bool](repeating: false, count: grid.count)
            for step in steps.indices where !Column.isAbsent(column.values[step]) { steps[step] = true }
            presence[signature] = steps
        }
        return presence
    }

    /// The column without the values whose presence on the other side is not as wanted.
    private func masked(_ column: Column, by presence: [Bool]?, keeping wanted: Bool) -> Column {
        guard let presence else {
            return wanted ? Column(labels: column.labels, values: column.values.map { _ in Column.absent }) : column
        }
        return Column(
            labels: column.labels, values: zip(column.values, presence).map { $1 == wanted ? $0 : Column.absent })
    }
}

extension PromQLExpression.Matching {
    /// Leaves of a series' labels what is compared.
    var signatureFilter: LabelFilter { isOn ? .keeping(labels) : .dropping(labels + [Labels.nameLabel]) }
}
