import TelemetryModel

/// The rows of a batch under their resources and scopes, as OTLP nests them: in the order in which these appear first, with
/// equal ones as one, whatever their indices are.
struct OTLPSpanGroups {
    /// The rows of one scope.
    struct ScopeGroup {
        /// Index into the batch's scopes.
        var scope: Int
        /// Indices into the batch's rows.
        var rows: [Int]
    }

    /// The scopes of one resource.
    struct ResourceGroup {
        /// Index into the batch's resources.
        var resource: Int
        /// Its scopes.
        var scopes: [ScopeGroup]
    }

    /// The groups.
    private(set) var resources: [ResourceGroup] = []

    /// Groups the rows of a batch.
    init(_ batch: SpanBatch) {
        let sameResource = Self.firstEquals(batch.resources.count) { batch.resource($0) }
        let sameScope = Self.firstEquals(batch.scopes.count) { batch.scope($0) }
        var placeOfResource = [Int?](repeating: nil, count: batch.resources.count)
        var placeOfScope: [UInt64: Int] = [:]
        for (index, row) in batch.rows.enumerated() {
            let resource = sameResource[Int(row.resource)]
            let scope = sameScope[Int(row.scope)]
            let group = placeOfResource[resource] ?? resources.count
            if group == resources.count {
                placeOfResource[resource] = group
                resources.append(ResourceGroup(resource: resource, scopes: []))
            }
            let pair = UInt64(resource) << 32 | UInt64(scope)
            if let place = placeOfScope[pair] {
                resources[group].scopes[place].rows.append(index)
            } else {
                placeOfScope[pair] = resources[group].scopes.count
                resources[group].scopes.append(ScopeGroup(scope: scope, rows: [index]))
            }
        }
    }

    /// For each index the first one whose item is equal.
    static func firstEquals<Item: Hashable>(_ count: Int, _ item: (Int) -> Item) -> [Int] {
        if count < 2 { return Array(0..<count) }
        var firsts: [Item: Int] = [:]
        return (0..<count).map { index in
            let item = item(index)
            if let first = firsts[item] { return first }
            firsts[item] = index
            return index
        }
    }
}
