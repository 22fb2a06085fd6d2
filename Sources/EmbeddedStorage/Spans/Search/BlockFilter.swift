import Storage
import TelemetryModel

/// Says of the pages of a block whether one of their spans may satisfy a query, without reading them. Texts of the query are
/// looked up once for the block; when a span starts is not looked at.
struct BlockFilter {
    private struct Condition {
        /// The index of its key in the digests, if it is there.
        var key: UInt32?
        /// Under which it is in the filters of values; nil when any value will do, or when it is too long for the filters.
        var hash: UInt64?
        /// Whether the name of an event satisfies it.
        var isKey: Bool
        /// Whether the status error satisfies it.
        var isError: Bool
    }

    private let zones: [PageZone]
    private let digests: PageDigests?
    private let minimumDuration: UInt64
    private let durationBucket: UInt16
    /// Whether one of the conditions is an error.
    private let asksError: Bool
    private var services: NameCondition
    private var operations: NameCondition
    /// For each operation of the block whether spans of it may match.
    private var isWanted: [Bool] = []
    private var conditions: [Condition] = []
    /// The index of the key `error` in the digests.
    private var errorKey: UInt32?
    /// Whether a resource that pages share may satisfy one of the conditions.
    let mayMatchResources: Bool

    init(_ query: TraceQuery, _ block: SpanBlock) throws {
        zones = block.zones
        let keys = query.tags.map(\.key) + query.keys
        mayMatchResources =
            try !keys.isEmpty && (block.tables().resourceKeys.map { !$0.isDisjoint(with: keys) } ?? true)
        digests = try block.digests()
        minimumDuration = query.minimumDuration ?? 0
        durationBucket = DurationSketch.bucketIndex(minimumDuration)
        asksError = query.keys.contains("error") || query.tags.contains { $0.key == "error" && $0.value == "true" }
        services = NameCondition(query.service, block.names)
        operations = NameCondition(query.operation, block.names)
        guard let digests else { return }
        isWanted = digests.operations.map { name in
            (query.service ?? name.service) == name.service && (query.operation ?? name.operation) == name.operation
                && (query.kind ?? name.kind) == name.kind
        }
        func number(_ key: String) -> UInt32? { digests.keys.firstIndex(of: key).map { UInt32($0) } }
        errorKey = number("error")
        conditions = query.tags.map { key, value in
            Condition(
                key: number(key), hash: PageDigests.hash(key: key, value: value), isKey: false,
                isError: key == "error" && value == "true")
        }
        conditions += query.keys.map { Condition(key: number($0), hash: nil, isKey: true, isError: $0 == "error") }
    }

    /// Whether a span of the page may match.
    func mayMatch(page: Int) -> Bool {
        let zone = zones[page]
        if zone.maximumDuration < minimumDuration || (asksError && !zone.hasError) { return false }
        if !services.mayHold(zone.services) || !operations.mayHold(zone.operations) { return false }
        guard let digests else { return true }
        let page = digests.pages[page]
        let keys = page.keys.map { digests.pageKeys[$0] }
        if let keys, !conditions.allSatisfy({ mayHold($0, keys, page.values) }) { return false }
        guard let operations = page.operations else { return true }
        // Where nothing is called "error", only the status satisfies such a condition.
        let needsStatus = asksError && keys.map { keys in !keys.contains { $0.key == errorKey } } ?? false
        return digests.pageOperations[operations].contains { known in
            isWanted[Int(known.operation)] && known.duration >= durationBucket && (known.hasError || !needsStatus)
        }
    }

    private func mayHold(
        _ condition: Condition, _ keys: ArraySlice<PageDigests.PageKey>, _ values: TraceFilter?
    ) -> Bool {
        if condition.isError { return true }
        guard let number = condition.key, let key = keys.first(where: { $0.key == number }) else { return false }
        if condition.isKey { return true }
        let types = key.types & ~PageDigests.eventBit
        // Only texts are in the filter: numbers and the like are compared by their text form when the page is read.
        guard types == PageDigests.textBit, let values, let hash = condition.hash else { return types != 0 }
        return values.mayContain(hash)
    }

    /// A name in the list of a block that does not have digests.
    private struct NameCondition {
        private let isAsked: Bool
        private let number: UInt32?

        init(_ name: String?, _ names: [String]) {
            isAsked = name != nil
            number = name.flatMap { names.firstIndex(of: $0) }.map { UInt32($0) }
        }

        func mayHold(_ listed: [UInt32]?) -> Bool {
            guard isAsked, let listed else { return true }
            return number.map(listed.contains) ?? false
        }
    }
}
