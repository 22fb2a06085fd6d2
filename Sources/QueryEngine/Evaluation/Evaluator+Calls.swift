import QueryLanguages
import TelemetryModel

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

// Functions.
extension Evaluator {
    func call(_ function: PromQLFunction, _ arguments: [PromQLExpression], in whole: PromQLExpression) throws -> Value {
        // Of the functions of single values only those of the time have no argument.
        if let simple = Self.simpleFunction(function.name) {
            return .vector([Column(labels: .empty, values: evaluationTimes.map(simple))])
        }
        if let value = try scalarCall(function.name, arguments) { return .scalar(value) }
        if function.arguments.contains(.rangeVector) { return .vector(try rangeColumns(function, arguments)) }
        return .vector(try vectorCall(function.name, arguments, in: whole))
    }

    /// The times of the grid in seconds.
    private var evaluationTimes: [Double] { (0..<grid.count).map { Double(grid.time($0)) / 1_000 } }

    /// A function of single values, or nil.
    static func simpleFunction(_ name: String) -> ((Double) -> Double)? {
        if let part = CalendarPart(rawValue: name) { return { part($0) } }
        return simpleFunctions[name]
    }

    private static let simpleFunctions: [String: @Sendable (Double) -> Double] = [
        "abs": { $0.magnitude }, "ceil": { $0.rounded(.up) }, "floor": { $0.rounded(.down) }, "exp": { exp($0) },
        "sqrt": { $0.squareRoot() }, "ln": { log($0) }, "log2": { log2($0) }, "log10": { log10($0) }, "sin": { sin($0) },
        "cos": { cos($0) }, "tan": { tan($0) }, "asin": { asin($0) }, "acos": { acos($0) }, "atan": { atan($0) },
        "sinh": { sinh($0) }, "cosh": { cosh($0) }, "tanh": { tanh($0) }, "asinh": { asinh($0) }, "acosh": { acosh($0) },
        "atanh": { atanh($0) }, "rad": { $0 * .pi / 180 }, "deg": { $0 * 180 / .pi },
        "sgn": { $0 < 0 ? -1 : $0 > 0 ? 1 : $0 },
    ]

    // MARK: Scalars

    /// The value of a function that yields a scalar; nil when it does not.
    private func scalarCall(_ name: String, _ arguments: [PromQLExpression]) throws -> [Double]? {
        func constant(_ value: Double) -> [Double] { [Double](repeating: value, count: grid.count) }
        switch name {
        case "time": return evaluationTimes
        case "pi": return constant(.pi)
        case "start": return constant(Double(bounds.start) / 1_000)
        case "end": return constant(Double(bounds.end) / 1_000)
        case "step": return constant(Double(bounds.step) / 1_000)
        case "range": return constant(Double(bounds.end - bounds.start) / 1_000)
        case "min_of", "max_of":
            let isMinimum = name == "min_of"
            return zip(try scalar(arguments[0]), try scalar(arguments[1])).map { a, b in
                isMinimum ? Statistics.minimum(a, b) : Statistics.maximum(a, b)
            }
        case "scalar": return onlyValues(try vector(arguments[0]))
        default: return nil
        }
    }

    /// The value of the only series that has one; NaN where there is none or more.
    private func onlyValues(_ columns: [Column]) -> [Double] {
        (0..<grid.count).map { step in
            var only = Double.nan
            var count = 0
            for column in columns where !Column.isAbsent(column.values[step]) {
                only = column.values[step]
                count += 1
            }
            return count == 1 ? only : .nan
        }
    }

    // MARK: Vectors

    private func vectorCall(_ name: String, _ arguments: [PromQLExpression], in whole: PromQLExpression) throws -> [Column] {
        switch name {
        case "vector": return [Column(labels: .empty, values: try scalar(arguments[0]))]
        case "timestamp": return try timestamps(arguments[0])
        case "absent": return try absent(try vector(arguments[0]), arguments[0])
        case "clamp", "clamp_min", "clamp_max": return try clamp(name, arguments)
        case "round": return try round(arguments)
        case "sort", "sort_desc", "sort_by_label", "sort_by_label_desc": return try sort(name, arguments, in: whole)
        case "label_replace": return try labelReplace(arguments)
        case "label_join": return try labelJoin(arguments)
        case "info": return try information(arguments, in: whole)
        case "histogram_quantile", "histogram_quantiles", "histogram_fraction": return try classicHistogram(name, arguments)
        case "histogram_avg", "histogram_count", "histogram_sum", "histogram_stddev", "histogram_stdvar":
            // They pass over all series that are no native histograms, and there are no others here.
            _ = try vector(arguments[0])
            return []
        default: throw QueryError(.unsupported, "The function \(name) is not supported.")
        }
    }

    private func timestamps(_ argument: PromQLExpression) throws -> [Column] {
        if case .selector(let selector) = argument.unwrapped.node {
            return try timestamps(of: selector, in: argument)
        }
        let times = evaluationTimes
        return try mapped(try vector(argument)) { _, step in times[step] }
    }

    private func timestamps(of selector: PromQLExpression.Selector, in whole: PromQLExpression) throws -> [Column] {
        var read = selector
        var oldest = -Double.infinity
        if let fixed = selector.at, selector.offset != 0 {
            // Prometheus fetches the samples that the offset asks for, and then looks for them at the time without it.
            read.offset = max(0, selector.offset)
            let time = readTimes(at: fixed, offset: read.offset).first
            oldest = Double(time &- context.limits.lookback &+ Int64(clamping: selector.offset.magnitude)) / 1_000
        }
        func columns() throws -> [Column] {
            try collected { try forEachColumn(of: read, in: whole, yielding: .timestamps, $0) }
        }
        let found = try profile?.charging(whole, columns) ?? columns()
        return try mapped(found) { value, _ in value > oldest ? value : Column.absent }
    }

    private func clamp(_ name: String, _ arguments: [PromQLExpression]) throws -> [Column] {
        let columns = try vector(arguments[0])
        let infinite = [Double](repeating: .infinity, count: grid.count)
        let first = try scalar(arguments[1])
        let low = name == "clamp_max" ? infinite.map { -$0 } : first
        let high = name == "clamp" ? try scalar(arguments[2]) : name == "clamp_max" ? first : infinite
        return try mapped(columns) { value, step in
            if high[step] < low[step] { return Column.absent }
            return Statistics.maximum(low[step], Statistics.minimum(high[step], value))
        }
    }

    /// Half is rounded up, also below zero.
    private func round(_ arguments: [PromQLExpression]) throws -> [Column] {
        let nearest = arguments.count > 1 ? try scalar(arguments[1]) : [Double](repeating: 1, count: grid.count)
        return try mapped(try vector(arguments[0])) { value, step in
            let inverse = 1 / nearest[step]
            return (value * inverse + 0.5).rounded(.down) / inverse
        }
    }

    /// 1 wherever no column has a value, with the labels that the selector demands.
    func absent(_ columns: [Column], _ argument: PromQLExpression) throws(QueryError) -> [Column] {
        var values = try emptyValues()
        for step in values.indices where !columns.contains(where: { !Column.isAbsent($0.values[step]) }) { values[step] = 1 }
        return try [Column(labels: Self.demandedLabels(argument), values: values)].merged()
    }

    private static func demandedLabels(_ argument: PromQLExpression) -> Labels {
        let matchers: [LabelMatcher]
        switch argument.unwrapped.node {
        case .selector(let selector), .range(let selector, _): matchers = selector.matchers
        default: return .empty
        }
        // A label that is asked for twice or not by equality has no certain value.
        let counts = matchers.reduce(into: [:]) { $0[$1.name, default: 0] += 1 }
        return Labels(
            matchers.filter { $0.name != Labels.nameLabel && $0.operation == .equal && counts[$0.name] == 1 }
                .map { Label($0.name, $0.value) })
    }

    /// Says so when a quantile is not between 0 and 1.
    func checkQuantile(_ quantile: Double, _ argument: PromQLExpression) {
        if !(quantile >= 0 && quantile <= 1) {
            annotations.add(
                .warning, "quantile value should be between 0 and 1, got \(PromQLNumber.shortText(quantile))",
                about: argument.unwrapped)
        }
    }
}
