import QueryLanguages
import TelemetryModel

/// Combines two vectors series by series: those that have the same signature belong together.
struct VectorMatch {
    private let evaluator: Evaluator
    private let binary: PromQLExpression.Binary
    private let signatureFilter: LabelFilter
    private let resultFilter: LabelFilter
    /// The side called "many" may have several series of a signature when the operator says so; it gives the labels.
    private let manyIsRight: Bool

    init(_ evaluator: Evaluator, _ binary: PromQLExpression.Binary) {
        self.evaluator = evaluator
        self.binary = binary
        let matching = binary.matching
        signatureFilter = matching.signatureFilter
        manyIsRight = matching.grouping == .right
        let dropsName = !binary.operation.keepsName(returnsBool: binary.returnsBool)
        let dropped = dropsName ? [Labels.nameLabel] : []
        if matching.grouping != .none {
            resultFilter = .dropping(dropped)
        } else if matching.isOn {
            resultFilter = .keeping(matching.labels.filter { !dropped.contains($0) })
        } else {
            resultFilter = .dropping(matching.labels + dropped)
        }
    }

    /// Series of both sides that have the same signature.
    private struct Group {
        var one: [Column] = []
        var many: [Column] = []
    }

    func combine(_ left: [Column], _ right: [Column]) throws(QueryError) -> [Column] {
        // Without a partner at a step, a side's duplicates do no harm there.
        let bothPresent = zip(Self.presence(left, evaluator.grid), Self.presence(right, evaluator.grid)).map { $0 && $1 }
        var groups: [Group] = []
        var places: [Labels: Int] = [:]
        for (isMany, columns) in [(false, manyIsRight ? left : right), (true, manyIsRight ? right : left)] {
            for column in columns {
                let signature = signatureFilter(column.labels)
                let place = places[signature] ?? groups.count
                if place == groups.count {
                    places[signature] = place
                    groups.append(Group())
                }
                if isMany { groups[place].many.append(column) } else { groups[place].one.append(column) }
            }
        }
        var result = ResultColumns()
        for group in groups { try combine(group, bothPresent, into: &result) }
        return try result.columns.merged()
    }

    private static func presence(_ columns: [Column], _ grid: StepGrid) -> [Bool] {
        var present = [Bool](repeating: false, count: grid.count)
        for column in columns {
            for step in present.indices where !Column.isAbsent(column.values[step]) { present[step] = true }
        }
        return present
    }

    /// The result so far, and which steps of a column have been used, even if a filter let nothing through.
    private struct ResultColumns {
        var columns: [Column] = []
        var used: [[Bool]] = []
        var places: [Labels: Int] = [:]

        mutating func place(of labels: Labels, _ evaluator: Evaluator) throws(QueryError) -> Int {
            if let place = places[labels] { return place }
            places[labels] = columns.count
            columns.append(Column(labels: labels, values: try evaluator.emptyValues()))
            used.append([Bool](repeating: false, count: evaluator.grid.count))
            return columns.count - 1
        }
    }

    private func combine(_ group: Group, _ bothPresent: [Bool], into result: inout ResultColumns) throws(QueryError) {
        let partner = try partners(group, bothPresent)
        if binary.matching.grouping == .none { try checkSingle(group, partner) }
        // Labels differ by pair of columns, not by step.
        for many in group.many {
            try evaluator.context.check()
            var placeOfPartner = [Int?](repeating: nil, count: group.one.count)
            for (step, index) in partner.enumerated() {
                guard let index, !Column.isAbsent(many.values[step]) else { continue }
                let place: Int
                if let known = placeOfPartner[index] {
                    place = known
                } else {
                    place = try result.place(of: labels(many.labels, group.one[index].labels), evaluator)
                    placeOfPartner[index] = place
                }
                if result.used[place][step] {
                    throw QueryError(
                        .execution,
                        binary.matching.grouping == .none
                            ? "vector cannot contain metrics with the same labelset"
                            : "multiple matches for labels: grouping labels must ensure unique matches")
                }
                result.used[place][step] = true
                let (a, b) = (many.values[step], group.one[index].values[step])
                result.columns[place].values[step] =
                    manyIsRight ? evaluator.apply(binary, b, a) : evaluator.apply(binary, a, b)
            }
        }
    }

    /// For each step the series of the "one" side that has a value; two of them are an error.
    private func partners(_ group: Group, _ bothPresent: [Bool]) throws(QueryError) -> [Int?] {
        var partner = [Int?](repeating: nil, count: evaluator.grid.count)
        for (index, column) in group.one.enumerated() {
            for step in partner.indices where bothPresent[step] && !Column.isAbsent(column.values[step]) {
                if let other = partner[step] {
                    let pair = [group.one[other].labels, column.labels].sorted().map(\.explicitDescription)
                    let side = manyIsRight ? "left" : "right"
                    throw QueryError(
                        .execution,
                        "found duplicate series for the match group \(signatureFilter(column.labels).explicitDescription) on the \(side) hand-side of the operation: [\(pair[0]), \(pair[1])];many-to-many matching not allowed: matching labels must be unique on one side"
                    )
                }
                partner[step] = index
            }
        }
        return partner
    }

    /// Without grouping the other side may have only one series as well.
    private func checkSingle(_ group: Group, _ partner: [Int?]) throws(QueryError) {
        guard group.many.count > 1 else { return }
        for step in partner.indices where partner[step] != nil {
            if group.many.count(where: { !Column.isAbsent($0.values[step]) }) > 1 {
                throw QueryError(
                    .execution, "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)")
            }
        }
    }

    private func labels(_ many: Labels, _ one: Labels) -> Labels {
        var labels = resultFilter(many)
        for name in binary.matching.included { labels = labels.setting(name, one[name] ?? "") }
        return labels
    }
}
