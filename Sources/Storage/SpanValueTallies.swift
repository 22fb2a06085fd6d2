import TelemetryModel

/// Spans of one value, added up.
public struct SpanValueTally: Sendable {
    /// The value as a text.
    public var value: String
    /// What ``SpanValueTallies`` numbers it.
    public var number: Int
    /// Spans.
    public var calls: UInt64
    /// Spans with status error.
    public var errors: UInt64
    /// How long they took.
    public var durations: DurationSketch
    /// The traces of the longest ones.
    public var slowest: SlowestTraces
}

/// Spans added up by the value of an attribute, see ``SpanValueQuery``.
public struct SpanValueTallies: Sendable {
    private struct Group: Sendable {
        var calls: UInt64 = 0
        var errors: UInt64 = 0
        var sum: Int128 = 0
        var minimum = UInt64.max
        var maximum: UInt64 = 0
        /// Shorter durations are no examples.
        var leastExample: UInt64 = 0
        var slowest = SlowestTraces()
    }

    /// Whether there were more values than the query wants.
    public private(set) var isCut = false
    private let valueLimit: Int
    /// The texts of the values; their symbols are the numbers of the groups.
    private var texts = SymbolTable()
    private var groups = [Group()]
    private var counts = DurationCounts()

    /// Nothing yet.
    public init(_ query: SpanValueQuery) { valueLimit = min(query.valueLimit, SpanValueQuery.valueLimitLimit) }

    /// The number of a value by its text; nil when there are too many.
    public mutating func number(_ text: UnsafeRawBufferPointer) -> Int? {
        if let known = texts.find(text) { return Int(known) }
        guard texts.count <= valueLimit else {
            isCut = true
            return nil
        }
        groups.append(Group())
        return Int(texts.intern(text))
    }

    /// The number of a value; nil when there are too many.
    public mutating func number(_ attribute: AttributeRow, _ symbols: SymbolTable) -> Int? {
        if attribute.type == .string {
            return symbols.withBytes(SymbolTable.Symbol(truncatingIfNeeded: attribute.payload)) { number($0) }
        }
        var text = AttributeValueCoding.value(attribute, symbols).text
        return text.withUTF8 { number(UnsafeRawBufferPointer($0)) }
    }

    /// Adds a span of a value that has a number. Returns whether its trace is an example, which ``keep(_:_:_:)`` takes.
    @discardableResult
    public mutating func add(_ number: Int, _ nanoseconds: UInt64, isError: Bool) -> Bool {
        counts.add(group: number, bucket: DurationSketch.bucketIndex(nanoseconds))
        groups[number].calls &+= 1
        groups[number].errors &+= isError ? 1 : 0
        groups[number].sum &+= Int128(nanoseconds)
        groups[number].minimum = min(groups[number].minimum, nanoseconds)
        groups[number].maximum = max(groups[number].maximum, nanoseconds)
        return nanoseconds >= groups[number].leastExample
    }

    /// Keeps the trace of a span that was added if it is one of the slowest.
    public mutating func keep(_ number: Int, _ nanoseconds: UInt64, _ trace: TraceID) {
        groups[number].slowest.add(nanoseconds, trace)
        groups[number].leastExample = groups[number].slowest.leastNanoseconds
    }

    /// A tally for each value that came, in the order in which they came first.
    public var tallies: [SpanValueTally] {
        let buckets = counts.buckets(groupCount: groups.count)
        return groups.indices.compactMap { number in
            let group = groups[number]
            guard group.calls > 0,
                let durations = DurationSketch(
                    buckets: buckets[number], exactSum: group.sum, minimum: group.minimum, maximum: group.maximum)
            else { return nil }
            return SpanValueTally(
                value: texts.string(SymbolTable.Symbol(number)), number: number, calls: group.calls, errors: group.errors,
                durations: durations, slowest: group.slowest)
        }
    }
}

extension SpanValueTallies {
    /// Adds the spans of a batch that the query means; whether they start in its range the caller has seen to. `each` is told
    /// the row and the number of the value of each span.
    public mutating func add(_ batch: SpanBatch, _ query: SpanValueQuery, each: (Int, Int) -> Void = { _, _ in }) {
        let keys = query.keys.compactMap { batch.symbols.find($0) }
        if keys.isEmpty { return }
        var service: SymbolTable.Symbol?
        if let name = query.service {
            service = batch.symbols.find(name)
            if service == nil { return }
        }
        var known = NumbersOfBatch(symbolCount: batch.symbols.count)
        let inherited = batch.resources.map { query.looksAtResources ? batch.first(of: keys, in: $0.attributes) : nil }
        for (index, row) in batch.rows.enumerated() {
            if let service, batch.resources[Int(row.resource)].serviceName != service { continue }
            if let kind = query.kind, row.kind != kind { continue }
            let own = query.looksAtSpans ? batch.first(of: keys, in: row.attributes) : nil
            guard let attribute = own ?? inherited[Int(row.resource)],
                let number = known.number(attribute, { number(attribute, batch.symbols) })
            else { continue }
            if add(number, row.duration, isError: row.status == .error) { keep(number, row.duration, row.traceID) }
            each(index, number)
        }
    }

    /// The numbers of the values that a batch has shown: of texts by symbol, of others by value.
    private struct NumbersOfBatch {
        /// Number + 2; 1 for one of too many, 0 for a text that has not come yet.
        private var ofSymbols: [UInt32]
        private var ofOthers: [AttributeRow: Int?] = [:]

        init(symbolCount: Int) { ofSymbols = [UInt32](repeating: 0, count: symbolCount) }

        mutating func number(_ attribute: AttributeRow, _ make: () -> Int?) -> Int? {
            guard attribute.type == .string else {
                if let known = ofOthers[attribute] { return known }
                let number = make()
                ofOthers[attribute] = .some(number)
                return number
            }
            let symbol = Int(attribute.payload)
            if ofSymbols[symbol] == 0 { ofSymbols[symbol] = make().map { UInt32($0) + 2 } ?? 1 }
            return ofSymbols[symbol] == 1 ? nil : Int(ofSymbols[symbol]) - 2
        }
    }
}

extension SpanBatch {
    /// The first attribute of the first key that has one.
    public func first(of keys: [SymbolTable.Symbol], in range: RowRange) -> AttributeRow? {
        if range.count == 0 { return nil }
        for key in keys {
            if let row = attribute(key, in: range) { return row }
        }
        return nil
    }
}
