import QueryLanguages
import Storage
import TelemetryModel

/// A range function with its arguments, ready to be calculated.
struct RangeCall {
    let name: String
    /// The range selector or subquery.
    let range: PromQLExpression
    let function: any RangeFunction
    let keepsName: Bool
    /// Whether equal windows have equal results.
    let isRepeatable: Bool
}

// Functions of ranges.
extension Evaluator {
    private static func keepsName(_ name: String) -> Bool { name == "last_over_time" || name == "first_over_time" }

    /// Whether the columns of a range function have different labels for certain, so that they need not be compared.
    func isStreamed(_ function: PromQLFunction, _ arguments: [PromQLExpression]) -> Bool {
        guard function.name != "absent_over_time", let range = arguments.first(where: { $0.type == .rangeVector }) else {
            return false
        }
        if Self.keepsName(function.name) { return true }
        guard case .range(let selector, _) = range.unwrapped.node else { return false }
        return selector.metricName != nil
    }

    /// The columns of a function of ranges; those of equal labels become one.
    func rangeColumns(_ function: PromQLFunction, _ arguments: [PromQLExpression]) throws -> [Column] {
        guard let call = try rangeCall(function, arguments) else { return [] }
        var columns = try collected { try forEachColumn(of: call, $0) }
        if !isStreamed(function, arguments) { columns = try columns.merged() }
        return function.name == "absent_over_time" ? try absent(columns, call.range) : columns
    }

    /// Evaluates the arguments; nil when there is no range among them.
    func rangeCall(_ function: PromQLFunction, _ arguments: [PromQLExpression]) throws -> RangeCall? {
        guard let range = arguments.first(where: { $0.type == .rangeVector }) else { return nil }
        let name = function.name
        let parameters = try arguments.filter { $0.type == .scalar }.map(scalar)
        let isConstant = parameters.allSatisfy { values in values.allSatisfy { $0.bitPattern == values[0].bitPattern } }
        return RangeCall(
            name: name, range: range, function: try rangeFunction(name, parameters, arguments),
            keepsName: Self.keepsName(name) || name == "absent_over_time",
            isRepeatable: isConstant && name != "predict_linear")
    }

    private func rangeFunction(
        _ name: String, _ parameters: [[Double]], _ arguments: [PromQLExpression]
    ) throws -> any RangeFunction {
        switch name {
        case "quantile_over_time":
            for quantile in parameters[0] { checkQuantile(quantile, arguments[0]) }
            return SlidingQuantile(quantiles: parameters[0])
        case "predict_linear":
            let durations = parameters[0]
            return EachWindow { window, step in
                guard window.count >= 2 else { return Column.absent }
                let line = Statistics.regression(window, origin: window.time)
                return line.slope * durations[step] + line.intercept
            }
        case "double_exponential_smoothing":
            try checkFactors(parameters)
            return EachWindow { window, step in Self.smoothed(window, parameters[0][step], parameters[1][step]) }
        default:
            guard let function = RangeFunctions.named(name) else {
                throw QueryError(.unsupported, "The function \(name) is not supported.")
            }
            return function
        }
    }

    /// Calculates a range function at every time of the grid, series by series.
    func forEachColumn(of call: RangeCall, _ body: (ColumnView) throws -> Void) throws {
        guard let (times, range) = window(of: call.range) else { return }
        var maker = RangeColumns(call, times, range: range, values: try emptyValues(), newSampleCounts())
        var isFound = false
        if let query = try rangeQuery(call.range, for: call.name) {
            try forEachColumn(query, of: call.range, maker) {
                isFound = true
                try body($0)
            }
        } else {
            try forEachSeries(of: call.range) { series in
                try maker.make(series, context) {
                    isFound = true
                    try body($0)
                }
            }
            profile?.add(maker.sampleCounts)
        }
        if isFound, call.name == "rate" || call.name == "increase" { noteNonCounters(call.range) }
    }

    /// Says so when the rate of something is asked for whose name does not look like a counter's.
    private func noteNonCounters(_ range: PromQLExpression) {
        guard case .range(let selector, _) = range.unwrapped.node, let name = selector.metricName else { return }
        if !["_total", "_sum", "_count", "_bucket"].contains(where: name.hasSuffix) {
            annotations.add(
                .info, "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"\(name)\"", about: range)
        }
    }

    private func checkFactors(_ parameters: [[Double]]) throws(QueryError) {
        for (name, values) in zip(["smoothing", "trend"], parameters) {
            if let bad = values.first(where: { !($0 > 0 && $0 < 1) }) {
                throw QueryError(
                    .execution, "invalid \(name) factor. Expected: 0 < \(name) factor < 1, got: \(PromQLNumber.text(bad))")
            }
        }
    }

    /// Double exponential smoothing after Holt and Winters.
    private static func smoothed(_ window: SampleWindow, _ smoothing: Double, _ trend: Double) -> Double {
        guard window.count >= 2 else { return Column.absent }
        var previous = 0.0
        var level = window.first
        var slope = window.values[1] - window.first
        for index in 1..<window.count {
            if index > 1 { slope = trend * (level - previous) + (1 - trend) * slope }
            let next = smoothing * window.values[index] + (1 - smoothing) * (level + slope)
            previous = level
            level = next
        }
        return level
    }
}
