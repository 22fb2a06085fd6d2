import ByteCoding
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
        let sameResource = Self.equalResources(batch)
        let sameScope = Self.firstEquals(batch.scopes.map { Flat($0, batch) })
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

    /// For each resource of a batch the index of the first one that is equal.
    static func equalResources(_ batch: SpanBatch) -> [Int] { firstEquals(batch.resources.map { Flat($0, batch) }) }

    /// A resource or a scope as the numbers that it consists of: in one batch equal texts have equal symbols.
    private struct Flat: Hashable {
        var name: SymbolTable.Symbol = 0
        var version: SymbolTable.Symbol = 0
        var schemaURL: SymbolTable.Symbol
        var droppedAttributeCount: UInt32
        var attributes: ArraySlice<AttributeRow>

        init(_ row: ResourceRow, _ batch: SpanBatch) {
            schemaURL = row.schemaURL
            droppedAttributeCount = row.droppedAttributeCount
            attributes = batch.attributes[row.attributes.indices]
        }

        init(_ row: ScopeRow, _ batch: SpanBatch) {
            name = row.name
            version = row.version
            schemaURL = row.schemaURL
            droppedAttributeCount = row.droppedAttributeCount
            attributes = batch.attributes[row.attributes.indices]
        }

        func hash(into hasher: inout Hasher) {
            // One step for each attribute: the hasher would take one for each of its numbers.
            var hash = UInt64(name) << 32 | UInt64(version)
            for row in attributes { hash = SeededHash.hash(hash ^ UInt64(row.key), row.payload) }
            hasher.combine(hash)
        }
    }

    private static func firstEquals(_ items: [Flat]) -> [Int] {
        if items.count < 2 { return Array(items.indices) }
        var firsts: [Flat: Int] = [:]
        return items.enumerated().map { index, item in
            if let first = firsts[item] { return first }
            firsts[item] = index
            return index
        }
    }
}
