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
        var table = GroupTable(filter(aggregation))
        var groups: [Group] = []
        try forEachColumn(of: aggregation.expression) { column in
            try context.addSamples(column.values.count)
            let group = table.group(of: column.labelBytes)
            if group == groups.count { groups.append(Group(labels: table.labels(group))) }
            groups[group].columns.append(column.column)
        }
        return groups
    }

    /// Adds up the series of each group as they come, without holding them.
    private func accumulate<A: StepAccumulator>(
        _ aggregation: PromQLExpression.Aggregation, _ type: A.Type
    ) throws -> [Column] {
        var groups = GroupTable(filter(aggregation))
        // The states of a group at all steps, one group behind the other.
        var states: [A] = []
        let stepCount = grid.count
        try forEachColumn(of: aggregation.expression) { column in
            let group = groups.group(of: column.labelBytes)
            if group &* stepCount == states.count {
                try context.addSamples(stepCount)
                states.append(contentsOf: repeatElement(A(), count: stepCount))
            }
            states.withUnsafeMutableBufferPointer { states in
                let own = UnsafeMutableBufferPointer(rebasing: states[(group &* stepCount)..<((group &+ 1) &* stepCount)])
                for step in own.indices where !Column.isAbsent(column.values[step]) { own[step].add(column.values[step]) }
            }
        }
        return (0..<groups.count).map { group in
            let own = states[(group * stepCount)..<((group + 1) * stepCount)]
            return Column(labels: groups.labels(group), values: own.map { $0.isEmpty ? Column.absent : $0.result })
        }
    }

    private func parameter(_ aggregation: PromQLExpression.Aggregation) throws -> [Double] {
        let values = try aggregation.parameter.map(scalar) ?? [Double](repeating: .nan, count: grid.count)
        // Prometheus calculates an aggregation of what is the same at all steps only once, with the first parameter.
        return aggregation.expression.isStepInvariant ? [Double](repeating: values[0], count: values.count) : values
    }

    private func quantiles(_ aggregation: PromQLExpression.Aggregation) throws -> [Column] {
        let quantiles = try parameter(aggregation)
        if let parameter = aggregation.parameter { noteRange(of: quantiles, parameter) }
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

    /// Says which quantiles are none, of many only the largest and the smallest.
    private func noteRange(of quantiles: [Double], _ parameter: PromQLExpression) {
        if quantiles.contains(where: \.isNaN) { return checkQuantile(.nan, parameter) }
        if let most = quantiles.max(), most > 1 { checkQuantile(most, parameter) }
        if let least = quantiles.min(), least < 0 { checkQuantile(least, parameter) }
    }

    private func countValues(_ aggregation: PromQLExpression.Aggregation) throws -> [Column] {
        let name = try aggregation.parameter.map(text) ?? ""
        if !PromQLLabelName.isValid(name) { throw QueryError(.execution, "invalid label name \"\(name)\"") }
        // The label of the value is one of the series before they are grouped.
        let isDropped = aggregation.without && (aggregation.labels + [Labels.nameLabel]).contains(name)
        var result: [Column] = []
        var places: [Labels: Int] = [:]
        for group in try groups(aggregation) {
            for column in group.columns {
                for step in 0..<grid.count where !Column.isAbsent(column.values[step]) {
                    let text = PromQLNumber.plainText(column.values[step])
                    let labels = isDropped ? group.labels : group.labels.setting(name, text)
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

    /// The parameter as numbers of series; nil when none is asked for at any step.
    private func counts(_ aggregation: PromQLExpression.Aggregation) throws -> [Int]? {
        let values = try parameter(aggregation)
        if values.contains(where: \.isNaN) { throw QueryError(.execution, "Parameter value is NaN") }
        let (least, most) = (values.min() ?? 0, values.max() ?? 0)
        if most < 1 { return nil }
        if least <= -0x1p63 {
            throw QueryError(.execution, "Scalar value \(PromQLNumber.shortText(least)) underflows int64")
        }
        guard most < 0x1p63 else {
            throw QueryError(.execution, "Scalar value \(PromQLNumber.shortText(most)) overflows int64")
        }
        return values.map { Int($0) }
    }

    /// The series with the largest or smallest values, in that order at a single time; NaN comes last in both.
    private func ranked(_ aggregation: PromQLExpression.Aggregation) throws -> [Column] {
        // A mistake among the series is told before one of the parameter.
        let parameter = Result { try counts(aggregation) }
        let limits = (try? parameter.get()) ?? [Int](repeating: 0, count: grid.count)
        var table = GroupTable(filter(aggregation))
        var groups: [RankedGroup] = []
        var index = 0
        try forEachColumn(of: aggregation.expression) { column in
            let group = table.group(of: column.labelBytes)
            if group == groups.count {
                try context.addSamples(grid.count)
                groups.append(RankedGroup(isTop: aggregation.operation == .topk, limits: limits))
            }
            try context.addSamples(groups[group].add(column, index))
            index += 1
        }
        _ = try parameter.get()
        return try groups.flatMap { try $0.columns(emptyValues) }
    }

    /// The first series of each group that have a value; at a single time as they lie in a heap, which is Prometheus's order.
    private func limited(_ aggregation: PromQLExpression.Aggregation) throws -> [Column] {
        let source = try groups(aggregation)
        guard let counts = try counts(aggregation) else { return [] }
        return try source.flatMap { group in
            var left = counts
            let columns = try group.columns.map { column in
                try context.check()
                var values = try emptyValues()
                for step in values.indices where left[step] > 0 && !Column.isAbsent(column.values[step]) {
                    values[step] = column.values[step]
                    left[step] -= 1
                }
                return Column(labels: column.labels, values: values)
            }.filter { !$0.isEmpty }
            return grid.count == 1 ? inHeapOrder(columns) : columns
        }
    }

    private func inHeapOrder(_ columns: [Column]) -> [Column] {
        var heap = ValueHeap(isTop: true)
        heap.removeAll(limit: columns.count)
        for (index, column) in columns.enumerated() { heap.add(column.values[0], index) }
        return heap.entries.map { columns[$0.index] }
    }

    /// About a share of the series, always the same ones; a negative share takes those that its complement leaves.
    private func sampled(_ aggregation: PromQLExpression.Aggregation) throws -> [Column] {
        let ratios = try parameter(aggregation)
        let source = try vector(aggregation.expression)
        if ratios.contains(where: \.isNaN) { throw QueryError(.execution, "Ratio value is NaN") }
        for (ratio, bound) in [(ratios.max(), 1.0), (ratios.min(), -1.0)] {
            guard let ratio, ratio.magnitude > 1, (ratio < 0) == (bound < 0) else { continue }
            annotations.add(
                .warning,
                "ratio value should be between -1 and 1, got \(PromQLNumber.shortText(ratio)), capping to \(Int(bound))",
                about: aggregation.parameter ?? aggregation.expression)
        }
        return try source.map { column in
            let place = LabelSampling.place(of: column.labels)
            var values = try emptyValues()
            for step in values.indices where LabelSampling.takes(max(-1, min(1, ratios[step])), place) {
                values[step] = column.values[step]
            }
            return Column(labels: column.labels, values: values)
        }.filter { !$0.isEmpty }
    }
}
