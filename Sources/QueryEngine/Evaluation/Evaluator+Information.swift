import QueryLanguages
import TelemetryModel

// info(): labels of info metrics for the series of the same job and instance.
extension Evaluator {
    /// One series of an info metric with the times of its latest samples in place of the values.
    private typealias Known = [Labels: [String: [Column]]]

    func information(_ arguments: [PromQLExpression], in whole: PromQLExpression) throws -> [Column] {
        var selector: PromQLExpression.Selector?
        if arguments.count > 1, case .selector(let labels) = arguments[1].unwrapped.node { selector = labels }
        let information = try InformationLabels(selector)
        let columns = try vector(arguments[0])
        let plain = columns.filter { !information.isInformation($0.labels) }
        var known: Known = [:]
        if let matchers = try information.matchers(for: plain.map(\.labels)) {
            known = try informationSeries(matchers, like: arguments[0], chargedTo: arguments.count > 1 ? arguments[1] : whole)
            try checkUnique(known, columns)
        }
        var result: [Column] = []
        for column in columns {
            try context.check()
            if information.isInformation(column.labels) {
                result.append(column)
            } else {
                result += try joined(column, known[InformationLabels.identity(column.labels)] ?? [:], information)
            }
        }
        return try result.merged()
    }

    /// Info series by job and instance and by name, read at the times that the argument's first selector has.
    private func informationSeries(
        _ matchers: [LabelMatcher], like argument: PromQLExpression, chargedTo source: PromQLExpression
    ) throws -> Known {
        let (at, offset) = Self.reference(in: argument, []) ?? (nil, 0)
        let selector = PromQLExpression.Selector(matchers: matchers, offset: offset, at: at)
        var known: Known = [:]
        try forEachColumn(of: selector, in: source.unwrapped, yielding: .timestamps) { view in
            try context.addSamples(view.values.count)
            let column = view.column
            known[InformationLabels.identity(column.labels), default: [:]][column.labels.metricName, default: []].append(column)
        }
        return known
    }

    /// The time of its own and the offset of the first selector of an expression with the subqueries around it.
    private static func reference(
        in expression: PromQLExpression, _ around: [PromQLExpression.Subquery]
    ) -> (at: PromQLExpression.FixedTime?, offset: Int64)? {
        switch expression.node {
        case .selector(let selector), .range(let selector, _):
            var (at, offset) = (selector.at, selector.offset)
            for subquery in around.reversed() where at == nil {
                offset = offset &+ subquery.offset
                at = subquery.at
            }
            return (at, offset)
        case .subquery(let subquery): return reference(in: subquery.expression, around + [subquery])
        default:
            for child in expression.children {
                if let found = reference(in: child, around) { return found }
            }
            return nil
        }
    }

    /// Two series of one info metric about the same job and instance must not be of the same time.
    private func checkUnique(_ known: Known, _ columns: [Column]) throws(QueryError) {
        let ambiguous = known.values.flatMap(\.values).filter { $0.count > 1 }
        if ambiguous.isEmpty { return }
        for step in 0..<grid.count where columns.contains(where: { !Column.isAbsent($0.values[step]) }) {
            for series in ambiguous {
                guard let latest = Self.latest(series, step) else { continue }
                let time = series[latest].values[step]
                guard let other = series.indices.first(where: { $0 != latest && series[$0].values[step] == time }) else { continue }
                let place = Int64((time * 1_000).rounded())
                throw QueryError(
                    .execution,
                    "found duplicate series for info metric: existing \(Self.text(series[latest])) @ \(place), new \(Self.text(series[other])) @ \(place)"
                )
            }
        }
    }

    private static func text(_ column: Column) -> String { column.labels.explicitDescription }

    /// The first of the series that have the newest sample at a step.
    private static func latest(_ series: [Column], _ step: Int) -> Int? {
        var latest: Int?
        for index in series.indices where !Column.isAbsent(series[index].values[step]) {
            if let known = latest, series[known].values[step] >= series[index].values[step] { continue }
            latest = index
        }
        return latest
    }

    /// A column for each set of labels that a series has over time.
    private func joined(
        _ column: Column, _ known: [String: [Column]], _ information: InformationLabels
    ) throws -> [Column] {
        let metrics = known.keys.sorted().compactMap { known[$0] }
        var result: [Column] = []
        var places: [[Int?]: Int] = [:]
        for step in column.values.indices where !Column.isAbsent(column.values[step]) {
            let choice = metrics.map { Self.latest($0, step) }
            if !information.keepsUnknown, choice.allSatisfy({ $0 == nil }) { continue }
            if places[choice] == nil {
                let found = zip(metrics, choice).compactMap { series, index in index.map { series[$0].labels } }
                places[choice] = result.count
                result.append(Column(labels: try information.joined(column.labels, found), values: try emptyValues()))
            }
            if let place = places[choice] { result[place].values[step] = column.values[step] }
        }
        return result
    }
}
