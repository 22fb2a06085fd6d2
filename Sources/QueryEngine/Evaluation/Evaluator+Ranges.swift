import QueryLanguages
import Storage
import TelemetryModel

/// A range function with its arguments, ready to be calculated.
struct RangeCall {
    let name: String
    /// The range selector or subquery.
    let range: PromQLExpression
    let function: any RangeFunction
    /// Whether columns are made with their names.
    let keepsName: Bool
    /// What should be said about the series.
    let notes: RangeNotes.Kind
    /// Whether equal windows have equal results.
    let isRepeatable: Bool
}

// Functions of ranges.
extension Evaluator {
    static func keepsName(_ name: String) -> Bool { name == "last_over_time" || name == "first_over_time" }

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
        let notes = Self.notes(name, range, parameters, arguments)
        return RangeCall(
            name: name, range: range, function: try rangeFunction(name, parameters, range),
            keepsName: Self.keepsName(name) || name == "absent_over_time" || RangeNotes.readsNames(notes), notes: notes,
            isRepeatable: isConstant && name != "predict_linear")
    }

    private static func notes(
        _ name: String, _ range: PromQLExpression, _ parameters: [[Double]], _ arguments: [PromQLExpression]
    ) -> RangeNotes.Kind {
        switch name {
        case "rate", "increase":
            guard case .range(let selector, _) = range.unwrapped.node else { return .counters(name: nil) }
            return .counters(name: selector.metricName)
        case "quantile_over_time":
            let isValid = parameters[0].allSatisfy { $0 >= 0 && $0 <= 1 }
            return isValid ? .nothing : .quantiles(parameters[0], arguments[0])
        default: return .nothing
        }
    }

    private func rangeFunction(
        _ name: String, _ parameters: [[Double]], _ range: PromQLExpression
    ) throws -> any RangeFunction {
        if case .range(let selector, let length) = range.unwrapped.node, selector.isAnchored || selector.isSmoothed {
            let ahead = selector.isSmoothed ? context.limits.lookback : 0
            return try ExtendedRange(isSmoothed: selector.isSmoothed, range: length, ahead: ahead).function(name)
        }
        switch name {
        case "quantile_over_time": return SlidingQuantile(quantiles: parameters[0])
        case "predict_linear":
            let durations = parameters[0]
            return EachWindow { window, step in
                guard window.count >= 2 else { return Column.absent }
                let line = Statistics.regression(window, origin: window.time)
                return line.slope * durations[step] + line.intercept
            }
        case "double_exponential_smoothing":
            return EachWindow { window, step throws(QueryError) in
                try DoubleSmoothing.result(window, smoothing: parameters[0][step], trend: parameters[1][step])
            }
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
        var notes = RangeNotes(call.notes, about: call.range)
        if let query = try rangeQuery(call.range, for: call.name) {
            try forEachColumn(query, of: call.range, maker) { try notes.pass($0, body) }
        } else {
            try forEachSeries(of: call.range) { series in
                try maker.make(series, context) { try notes.pass($0, body) }
            }
            profile?.add(maker.sampleCounts)
        }
        notes.say(in: self)
    }
}
