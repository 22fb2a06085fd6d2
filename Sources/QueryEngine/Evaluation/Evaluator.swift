import QueryLanguages
import Storage
import TelemetryModel

/// Evaluates expressions on one grid of times.
struct Evaluator {
    let reader: any MetricReader
    let context: QueryContext
    /// Who helps with what is heavy; nil: nobody.
    let workers: QueryWorkers?
    let annotations: AnnotationList
    let grid: StepGrid
    let bounds: QueryBounds
    /// Nil when nobody asks what the query costs.
    let profile: QueryProfile?
    /// The samples of a subquery's steps are those that the function around it looks at, and counted there.
    var isSubquery = false

    /// The value of an expression at every time of the grid.
    func evaluate(_ expression: PromQLExpression) throws -> Value {
        try context.check()
        let expression = expression.unwrapped
        guard let profile else { return try value(of: expression) }
        return try profile.charging(expression) {
            let value = try value(of: expression)
            if case .vector(let columns) = value { profile.add(.init(columns: columns.count), to: profile.place(of: expression)) }
            return value
        }
    }

    /// As ``evaluate``, without being charged for it.
    func value(of expression: PromQLExpression) throws -> Value {
        if let change = try valueChange(expression) { return .vector(try collected { try forEachColumn(of: change, $0) }) }
        return try otherValue(of: expression)
    }

    /// The value of an expression that is more than a change of single values.
    func otherValue(of expression: PromQLExpression) throws -> Value {
        switch expression.node {
        case .number(let value): return .scalar([Double](repeating: value, count: grid.count))
        case .string(let text): return .string(text)
        case .selector(let selector):
            return .vector(try collected { try forEachColumn(of: selector, in: expression, yielding: .values, $0) })
        case .parentheses(let inner), .plus(let inner): return try evaluate(inner)
        case .negation(let inner): return .scalar(try scalar(inner).map { -$0 })
        case .call(let function, let arguments): return try call(function, arguments, in: expression)
        case .aggregation(let aggregation): return .vector(try aggregate(aggregation, in: expression))
        case .binary(let binary): return try combine(binary)
        case .range, .subquery:
            throw QueryError(.invalid, "A range vector has no value of its own; it needs a function such as rate around it.")
        }
    }

    /// The columns of an expression whose type is instant vector.
    func vector(_ expression: PromQLExpression) throws -> [Column] {
        guard case .vector(let columns) = try evaluate(expression) else { return [] }
        return columns
    }

    /// The values of an expression whose type is scalar.
    func scalar(_ expression: PromQLExpression) throws -> [Double] {
        guard case .scalar(let values) = try evaluate(expression) else { return [Double](repeating: .nan, count: grid.count) }
        return values
    }

    /// The text of an expression whose type is string.
    func text(_ expression: PromQLExpression) throws -> String {
        guard case .string(let text) = try evaluate(expression) else { return "" }
        return text
    }

    /// A column without any value yet, counted against the limits.
    func emptyValues() throws(QueryError) -> [Double] {
        try context.addSamples(grid.count)
        return [Double](repeating: Column.absent, count: grid.count)
    }

    /// Copies of columns that are passed on one by one, counted against the limits.
    func collected(_ pass: ((ColumnView) throws -> Void) throws -> Void) throws -> [Column] {
        var columns: [Column] = []
        try pass { column in
            try context.addSamples(column.values.count)
            columns.append(column.column)
        }
        return columns
    }

    /// Each value that is there, changed; names go, and equal label sets become one column.
    func mapped(_ columns: [Column], _ change: (Double, _ step: Int) -> Double) throws(QueryError) -> [Column] {
        var result: [Column] = []
        result.reserveCapacity(columns.count)
        for column in columns {
            try context.check()
            var values = try emptyValues()
            for step in values.indices where !Column.isAbsent(column.values[step]) {
                values[step] = change(column.values[step], step)
            }
            result.append(Column(labels: LabelFilter.withoutName(column.labels), values: values))
        }
        return try result.merged()
    }

    // MARK: Results

    /// The result of a query at one time.
    func instantResult(_ expression: PromQLExpression) throws -> QueryValue {
        if expression.type == .rangeVector { return .matrix(try samples(of: expression.unwrapped)) }
        switch try evaluate(expression) {
        case .scalar(let values): return .scalar(values[0], at: grid.start)
        case .string(let text): return .string(text, at: grid.start)
        case .vector(let columns):
            return .vector(
                columns.filter { !Column.isAbsent($0.values[0]) }.map {
                    InstantSample(labels: $0.labels, timestamp: grid.start, value: $0.values[0])
                })
        }
    }

    /// The columns of a query over a range, none twice, in any order.
    func rangeColumns(_ expression: PromQLExpression) throws -> [Column] {
        if expression.type == .rangeVector {
            throw QueryError(
                .invalid, "invalid expression type \"range vector\" for range query, must be Scalar or instant Vector")
        }
        switch try evaluate(expression) {
        case .scalar(let values): return [Column(labels: .empty, values: values)]
        case .vector(let found): return try found.merged()
        case .string:
            throw QueryError(
                .invalid, "invalid expression type \"string\" for range query, must be Scalar or instant Vector")
        }
    }

    /// The result of a query over a range, by labels.
    func rangeResult(_ columns: [Column]) throws -> QueryValue {
        try context.addSamples(columns.count * grid.count)
        var present = SeriesSamples(labels: .empty, timestamps: [], values: [])
        return .matrix(
            columns.sorted { $0.labels < $1.labels }.map { column in
                column.values.withUnsafeBufferPointer { grid.copyPresent($0, into: &present) }
                let isWhole = present.timestamps.count == grid.count
                return SeriesSamples(
                    labels: column.labels, timestamps: present.timestamps, values: isWhole ? column.values : present.values)
            })
    }

    /// The samples of a range vector at the first time of the grid.
    private func samples(of expression: PromQLExpression) throws -> [SeriesSamples] {
        guard let (times, range) = window(of: expression) else { return [] }
        var found: [SeriesSamples] = []
        var windows = WindowBounds()
        var kept = SeriesSamples(labels: .empty, timestamps: [], values: [])
        var counts = newSampleCounts()
        try forEachSeries(of: expression) { series in
            series.copyPresent(into: &kept)
            kept.withView { view in
                let sampled = SampledSeries(view: view, times: times, range: range)
                windows.locate(sampled, stepCount: 1)
                counts.add(windows)
                guard let window = windows.window(at: 0, sampled) else { return }
                found.append(
                    SeriesSamples(labels: series.labels, timestamps: Array(window.times), values: Array(window.values)))
            }
        }
        profile?.add(counts)
        return found
    }
}
