import QueryLanguages
import TelemetryModel

// Many series made few.
extension Evaluator {
    /// Series that are aggregated together.
    private struct Group {
        var labels: Labels
        var columns: [Column] = []
    }

    func aggregate(_ aggregation: PromQLExpression.Aggregation, in whole: PromQLExpression) throws -> [Column] {
        switch aggregation.operation {
        case .sum: return try accumulate(aggregation, SumAccumulator.self)
        case .avg: return try accumulate(aggregation, MeanAccumulator.self)
        case .count: return try accumulate(aggregation, CountAccumulator.self)
        case .group: return try accumulate(aggregation, GroupAccumulator.self)
        case .min: return try accumulate(aggregation, MinimumAccumulator.self)
        case .max: return try accumulate(aggregation, MaximumAccumulator.self)
        case .stdvar: return try accumulate(aggregation, VarianceAccumulator.self)
        case .stddev: return try accumulate(aggregation, DeviationAccumulator.self)
        case .quantile: return try quantiles(aggregation)
        case .countValues: return try countValues(aggregation)
        case .topk, .bottomk: return try ranked(aggregation)
        case .limitk: return try limited(aggregation)
        case .limitRatio: return try sampled(aggregation)
        }
    }

    private func filter(_ aggregation: PromQLExpression.Aggregation) -> LabelFilter {
        aggregation.without ? .dropping(aggregation.labels + [Labels.nameLabel]) : .keeping(aggregation.labels)
    }

    private func groups(_ aggregation: PromQLExpression.Aggregation) throws -> [Group] {
        let filter = filter(aggregation)
        var groups: [Group] = []
        var places: [Labels: Int] = [:]
        for column in try vector(aggregation.expression) {
            try context.check()
            let labels = filter(column.labels)
            let place = places[labels] ?? groups.count
            if place == groups.count {
                places[labels] = place
                groups.append(Group(labels: labels))
            }
            groups[place].columns.append(column)
        }
        return groups
    }

    private func accumulate<A: StepAccumulator>(
        _ aggregation: PromQLExpression.Aggregation, _ type: A.Type
    ) throws -> [Column] {
        try groups(aggregation).map { group in
            var states = [A](repeating: A(), count: grid.count)
            var values = try emptyValues()
            for column in group.columns {
                try context.check()
                for step in states.indices where !Column.isAbsent(column.values[step]) {
                    states[step].add(column.values[step])
                    values[step] = 0
                }
            }
            for step in values.indices where !Column.isAbsent(values[step]) { values[step] = states[step].result }
            return Column(labels: group.labels, values: values)
        }
    }

    private func parameter(_ aggregation: PromQLExpression.Aggregation) throws -> [Double] {
        try aggregation.parameter.map(scalar) ?? [Double](repeating: .nan, count: grid.count)
    }

    private func quantiles(_ aggregation: PromQLExpression.Aggregation) throws -> [Column] {
        let quantiles = try parameter(aggregation)
        if let parameter = aggregation.parameter { for quantile in quantiles { checkQuantile(quantile, parameter) } }
        return try groups(aggregation).map { group in
            var values = try emptyValues()
            for step in values.indices {
                let present = group.columns.map { $0.values[step] }.filter { !Column.isAbsent($0) }
                if !present.isEmpty { values[step] = Statistics.quantile(quantiles[step], present) }
                try context.check()
            }
            return Column(labels: group.labels, values: values)
        }
    }

    private func countValues(_ aggregation: PromQLExpression.Aggregation) throws -> [Column] {
        let name = try aggregation.parameter.map(text) ?? ""
        if name.isEmpty { throw QueryError(.execution, "invalid label name \"\(name)\"") }
        var result: [Column] = []
        var places: [Labels: Int] = [:]
        for group in try groups(aggregation) {
            for column in group.columns {
                for step in 0..<grid.count where !Column.isAbsent(column.values[step]) {
                    let labels = group.labels.setting(name, PromQLNumber.plainText(column.values[step]))
                    let place = places[labels] ?? result.count
                    if place == result.count {
                        places[labels] = place
                        result.append(Column(labels: labels, values: try emptyValues()))
                    }
                    let count = result[place].values[step]
                    result[place].values[step] = Column.isAbsent(count) ? 1 : count + 1
                }
                try context.check()
            }
        }
        return result
    }

    // MARK: Some of the series

    /// The parameter as numbers of series, at most as many as there are.
    private func counts(_ aggregation: PromQLExpression.Aggregation) throws -> [Int] {
        try parameter(aggregation).map { value throws(QueryError) in
            if value.isNaN { throw QueryError(.execution, "Parameter value is NaN") }
            if value >= 0x1p63 { throw QueryError(.execution, "Scalar value \(PromQLNumber.text(value)) overflows int64") }
            if value <= -0x1p63 { throw QueryError(.execution, "Scalar value \(PromQLNumber.text(value)) underflows int64") }
            return Int(value)
        }
    }

    /// The series with the largest or smallest values, in that order at a single time; NaN comes last in both.
    private func ranked(_ aggregation: PromQLExpression.Aggregation) throws -> [Column] {
        let counts = try counts(aggregation)
        let isTop = aggregation.operation == .topk
        return try groups(aggregation).flatMap { group in
            var kept = try group.columns.map { Column(labels: $0.labels, values: try emptyValues()) }
            var order: [Int] = []
            for step in 0..<grid.count where counts[step] > 0 {
                try context.check()
                order = group.columns.indices.filter { !Column.isAbsent(group.columns[$0].values[step]) }
                order.sort { a, b in
                    let (x, y) = (group.columns[a].values[step], group.columns[b].values[step])
                    if x.isNaN || y.isNaN { return x.isNaN == y.isNaN ? a < b : y.isNaN }
                    return x == y ? a < b : isTop ? x > y : x < y
                }
                order.removeLast(max(0, order.count - counts[step]))
                for index in order { kept[index].values[step] = group.columns[index].values[step] }
            }
            return grid.count == 1 ? order.map { kept[$0] } : kept.filter { !$0.isEmpty }
        }
    }

    /// The first series of each group that have a value.
    private func limited(_ aggregation: PromQLExpression.Aggregation) throws -> [Column] {
        let counts = try counts(aggregation)
        return try groups(aggregation).flatMap { group in
            var left = counts
            return try group.columns.map { column in
                try context.check()
                var values = try emptyValues()
                for step in values.indices where left[step] > 0 && !Column.isAbsent(column.values[step]) {
                    values[step] = column.values[step]
                    left[step] -= 1
                }
                return Column(labels: column.labels, values: values)
            }.filter { !$0.isEmpty }
        }
    }

    /// About a share of the series, always the same ones; a negative share takes those that its complement leaves.
    private func sampled(_ aggregation: PromQLExpression.Aggregation) throws -> [Column] {
        let ratios = try parameter(aggregation)
        if ratios.contains(where: \.isNaN) { throw QueryError(.execution, "Ratio value is NaN") }
        for ratio in Set(ratios) where ratio.magnitude > 1 {
            annotations.add(
                .warning, "ratio value should be between -1 and 1, got \(PromQLNumber.text(ratio))",
                about: aggregation.parameter ?? aggregation.expression)
        }
        return try vector(aggregation.expression).map { column in
            let place = Double(Self.hash(column.labels.bytes) >> 11) / 0x1p53
            var values = try emptyValues()
            for step in values.indices {
                let ratio = max(-1, min(1, ratios[step]))
                if ratio >= 0 ? place < ratio : place >= 1 + ratio { values[step] = column.values[step] }
            }
            return Column(labels: column.labels, values: values)
        }.filter { !$0.isEmpty }
    }

    /// FNV-1a of 64 bits: the same in every process, so that the same series are taken.
    private static func hash(_ bytes: [UInt8]) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash ^ (hash >> 32)
    }
}
