import Storage
import TelemetryModel

/// What the questions of Zipkin's API find out from the store. Calls block.
struct ZipkinReader {
    let store: any TraceReader & RollupReader
    /// Nanoseconds since 1970.
    let now: UInt64
    /// The tags whose values are offered for completion.
    let autocompleteKeys: [String]
    private let isStrict: Bool

    /// The most values of one tag that are offered.
    static let autocompleteLimit = 1_000

    init(_ asked: TraceQueries) {
        store = asked
        now = asked.server.time.now()
        autocompleteKeys = asked.server.configuration.zipkinAutocompleteKeys
        isStrict = asked.server.configuration.zipkinStrictTraceID
    }

    // MARK: - Names

    /// The names of all services.
    func services() throws -> [String] { Set(try store.operationNames().map(\.service)).sorted() }

    /// The operations of a service.
    func spanNames(service: String) throws -> [String] {
        let names = try store.operationNames()
        let known = Self.known(service, among: Set(names.map(\.service)))
        return Set(names.filter { known.contains($0.service) && !$0.operation.isEmpty }.map(\.operation)).sorted()
    }

    /// The services, databases and brokers that a service calls.
    func remoteServices(of service: String) throws -> [String] {
        let links = try DependencyTotals(store, range: 0...UInt64.max).links
        let known = Self.known(service, among: Set(links.map(\.parent)))
        return Set(links.filter { known.contains($0.parent) }.map(\.child)).sorted()
    }

    /// Zipkin keeps names in lower case and asks so; here they keep their case. A name that exists as it is asked for means
    /// itself, another one those that differ from it by case only.
    private static func known(_ name: String, among names: Set<String>) -> Set<String> {
        if names.contains(name) { return [name] }
        let lowercased = name.lowercased()
        return names.filter { $0.lowercased() == lowercased }
    }

    /// The values of a tag over the last day, if it is one whose values are offered.
    func autocompleteValues(key: String) throws -> [String] {
        guard autocompleteKeys.contains(key) else { return [] }
        let range = ZipkinSearch.range(end: now, lookback: ZipkinSearch.defaultLookback)
        var values: Set<String> = []
        struct Enough: Error {}
        do {
            let projection = SpanProjection([.attributes, .resources], attributeKeys: [key])
            try store.scan(from: range.lowerBound, through: range.upperBound, projection) { batch in
                guard let symbol = batch.symbols.find(key) else { return }
                for row in batch.rows {
                    for place in [row.attributes, batch.resources[Int(row.resource)].attributes] {
                        guard let attribute = batch.attribute(symbol, in: place) else { continue }
                        values.insert(AttributeValueCoding.value(attribute, batch.symbols).text)
                    }
                }
                if values.count >= Self.autocompleteLimit { throw Enough() }
            }
        } catch is Enough {}
        return Array(values.sorted().prefix(Self.autocompleteLimit))
    }

    // MARK: - Traces

    /// The traces that satisfy a query, whole, latest first.
    func search(_ query: TraceQuery) throws -> [SpanBatch] {
        let found = try store.search(query)
        if !found.isEmpty { return try traces(found) }
        let others = Set(try otherCases(of: query).flatMap { try store.search($0) })
        let latestFirst = try traces(others.sorted()).sorted { $0.rows[0].start > $1.rows[0].start }
        return Array(latestFirst.prefix(query.limit))
    }

    /// The query with the names that differ from its own by case only; none when it names nothing.
    private func otherCases(of query: TraceQuery) throws -> [TraceQuery] {
        if query.service == nil, query.operation == nil { return [] }
        let names = try store.operationNames()
        let services = query.service.map { Self.known($0, among: Set(names.map(\.service))) }
        var queries: [TraceQuery] = []
        for service in services?.sorted().map(Optional.some) ?? [nil] {
            let ofService = Set(names.filter { service == nil || $0.service == service }.map(\.operation))
            let operations = query.operation.map { Self.known($0, among: ofService).sorted().map(Optional.some) } ?? [nil]
            for operation in operations where service != query.service || operation != query.operation {
                var other = query
                (other.service, other.operation) = (service, operation)
                queries.append(other)
            }
        }
        return Array(queries.prefix(Self.caseLimit))
    }

    /// The most spellings of names that one search tries.
    private static let caseLimit = 16

    /// The traces of these ids, whole, in their order; those that are unknown are left away.
    ///
    /// Where ids are not strict, a service that knows the lower half only took part in the same trace as one that knows all of
    /// it: what came under the lower half belongs to every trace that ends in it.
    func traces(_ ids: [TraceID]) throws -> [SpanBatch] {
        if isStrict { return try WholeTraces.read(ids, store) }
        var groups: [[TraceID]] = []
        var groupOfLower: [UInt64: Int] = [:]
        for id in ids {
            if let group = groupOfLower[id.low] {
                if !groups[group].contains(id) { groups[group].append(id) }
            } else {
                groupOfLower[id.low] = groups.count
                groups.append(id.isShort ? [id] : [id, TraceID(high: 0, low: id.low)])
            }
        }
        // What was read is found again by its ids, so that the bounds of an answer hold here as well.
        let parts = Dictionary(try WholeTraces.read(groups.flatMap(\.self), store).map { ($0.rows[0].traceID, $0) }) { first, _ in
            first
        }
        return groups.compactMap { group in
            var trace = SpanBatch()
            for id in group { if let part = parts[id] { trace.append(contentsOf: part) } }
            return trace.isEmpty ? nil : trace
        }
    }
}
