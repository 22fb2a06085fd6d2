import QueryLanguages
import TelemetryModel

/// Combines two vectors series by series: those that have the same signature belong together.
struct VectorMatch {
    let evaluator: Evaluator
    let binary: PromQLExpression.Binary
    let signatureFilter: LabelFilter
    private let resultFilter: LabelFilter
    /// The side called "many" may have several series of a signature when the operator says so; it gives the labels.
    let manyIsRight: Bool
    var grouping: PromQLExpression.Matching.Grouping { binary.matching.grouping }

    init(_ evaluator: Evaluator, _ binary: PromQLExpression.Binary) {
        self.evaluator = evaluator
        self.binary = binary
        let matching = binary.matching
        signatureFilter = matching.signatureFilter
        manyIsRight = matching.grouping == .right
        let dropsName = !binary.operation.keepsName(returnsBool: binary.returnsBool)
        let dropped = dropsName ? LabelFilter.metadataLabels : []
        if matching.grouping != .none {
            resultFilter = .dropping(dropped)
        } else if matching.isOn {
            resultFilter = .keeping(matching.labels.filter { !dropped.contains($0) })
        } else {
            resultFilter = .dropping(matching.labels + dropped)
        }
    }

    /// Series of both sides that have the same signature.
    struct Group {
        var one: [Column] = []
        var many: [Column] = []
    }

    func combine(_ left: [Column], _ right: [Column]) throws(QueryError) -> [Column] {
        // Without a partner at a step, a side's duplicates do no harm there.
        let bothPresent = zip(Self.presence(left, evaluator.grid), Self.presence(right, evaluator.grid)).map {
            fills ? $0 || $1 : $0 && $1
        }
        var groups: [Group] = []
        var signatures: [Labels] = []
        var places: [Labels: Int] = [:]
        for (isMany, columns) in [(false, manyIsRight ? left : right), (true, manyIsRight ? right : left)] {
            for column in columns {
                let signature = signatureFilter(column.labels)
                let place = places[signature] ?? groups.count
                if place == groups.count {
                    places[signature] = place
                    groups.append(Group())
                    signatures.append(signature)
                }
                if isMany { groups[place].many.append(column) } else { groups[place].one.append(column) }
            }
        }
        var result: [Column] = []
        for (group, signature) in zip(groups, signatures) {
            let group = fills ? try filled(group, signature) : group
            guard let columns = try combine(group, bothPresent) else { throw conflict(left, right) }
            result += columns
        }
        return try result.merged()
    }

    private static func presence(_ columns: [Column], _ grid: StepGrid) -> [Bool] {
        var present = [Bool](repeating: false, count: grid.count)
        for column in columns {
            for step in present.indices where !Column.isAbsent(column.values[step]) { present[step] = true }
        }
        return present
    }

    /// The result of a group so far, and which steps of a column have been used, even if a filter let nothing through.
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

    /// The columns of one signature; nil when they do not match as they should.
    private func combine(_ group: Group, _ bothPresent: [Bool]) throws(QueryError) -> [Column]? {
        guard let partner = partners(group, bothPresent), grouping != .none || isSingle(group, partner) else { return nil }
        var result = ResultColumns()
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
                if result.used[place][step] { return nil }
                result.used[place][step] = true
                let (a, b) = (many.values[step], group.one[index].values[step])
                result.columns[place].values[step] =
                    manyIsRight ? evaluator.apply(binary, b, a) : evaluator.apply(binary, a, b)
            }
        }
        return result.columns
    }

    /// For each step the series of the "one" side that has a value; nil when there are two of them.
    private func partners(_ group: Group, _ bothPresent: [Bool]) -> [Int?]? {
        var partner = [Int?](repeating: nil, count: evaluator.grid.count)
        for (index, column) in group.one.enumerated() {
            for step in partner.indices where bothPresent[step] && !Column.isAbsent(column.values[step]) {
                if partner[step] != nil { return nil }
                partner[step] = index
            }
        }
        return partner
    }

    /// Whether the other side has only one series as well.
    private func isSingle(_ group: Group, _ partner: [Int?]) -> Bool {
        if group.many.count < 2 { return true }
        return partner.indices.allSatisfy { step in
            partner[step] == nil || group.many.count(where: { !Column.isAbsent($0.values[step]) }) < 2
        }
    }

    /// The labels of the result.
    func labels(_ many: Labels, _ one: Labels) -> Labels {
        var labels = resultFilter(many)
        for name in binary.matching.included { labels = labels.setting(name, one[name] ?? "") }
        return binary.returnsBool ? LabelFilter.withoutName(labels) : labels
    }
}
