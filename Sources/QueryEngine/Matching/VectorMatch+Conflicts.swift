import TelemetryModel

// What is said when series do not match as they should.
extension VectorMatch {
    /// The error that Prometheus finds, which looks at one step after the other: first at the side that must be unique.
    ///
    /// Called only when there is a conflict, so that it may take its time.
    func conflict(_ left: [Column], _ right: [Column]) -> QueryError {
        let (one, many) = manyIsRight ? (left, right) : (right, left)
        let oneSignatures = one.map { signatureFilter($0.labels) }
        let manySignatures = many.map { signatureFilter($0.labels) }
        for step in 0..<evaluator.grid.count {
            let present = one.indices.filter { !Column.isAbsent(one[$0].values[step]) }
            let others = many.indices.filter { !Column.isAbsent(many[$0].values[step]) }
            if !fills, present.isEmpty || others.isEmpty { continue }
            var partners: [Labels: Int] = [:]
            for index in present {
                if let other = partners.updateValue(index, forKey: oneSignatures[index]) {
                    return duplicates(oneSignatures[index], one[other].labels, one[index].labels)
                }
            }
            var matched: [Labels: Set<Labels>] = [:]
            for index in others {
                let signature = manySignatures[index]
                guard let partner = partners[signature] else { continue }
                let labels = grouping == .none ? .empty : labels(many[index].labels, one[partner].labels)
                if !matched[signature, default: []].insert(labels).inserted { return multipleMatches }
            }
        }
        return multipleMatches
    }

    private func duplicates(_ signature: Labels, _ first: Labels, _ second: Labels) -> QueryError {
        let pair = [first, second].map(\.explicitDescription).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let side = manyIsRight ? "left" : "right"
        return QueryError(
            .execution,
            "found duplicate series for the match group \(signature.explicitDescription) on the \(side) hand-side of the operation: [\(pair[0]), \(pair[1])];many-to-many matching not allowed: matching labels must be unique on one side"
        )
    }

    private var multipleMatches: QueryError {
        QueryError(
            .execution,
            grouping == .none
                ? "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
                : "multiple matches for labels: grouping labels must ensure unique matches")
    }
}
