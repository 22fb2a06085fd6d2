import TelemetryModel

// `fill`, `fill_left` and `fill_right`: a value for the side on which a series has no partner.
extension VectorMatch {
    /// Whether a side without partners is filled.
    var fills: Bool { oneFill != nil || manyFill != nil }

    // As in Prometheus, `fill_right` is for the side that has one series of a signature, also where `group_right` makes that the
    // left one.
    private var oneFill: Double? { binary.matching.rightFill }
    private var manyFill: Double? { binary.matching.leftFill }

    /// The columns of one signature with one more on each side that is filled, which has the labels of the signature and a
    /// value where only the other side has one.
    func filled(_ group: Group, _ signature: Labels) throws(QueryError) -> Group {
        var filled = group
        if let oneFill { filled.one += try filling(signature, oneFill, where: group.many, but: group.one) }
        if let manyFill { filled.many += try filling(signature, manyFill, where: group.one, but: group.many) }
        return filled
    }

    private func filling(
        _ signature: Labels, _ fill: Double, where others: [Column], but own: [Column]
    ) throws(QueryError) -> [Column] {
        var values = try evaluator.emptyValues()
        for step in values.indices {
            let isLonely =
                others.contains { !Column.isAbsent($0.values[step]) } && own.allSatisfy { Column.isAbsent($0.values[step]) }
            if isLonely { values[step] = fill }
        }
        let column = Column(labels: signature, values: values)
        return column.isEmpty ? [] : [column]
    }
}
