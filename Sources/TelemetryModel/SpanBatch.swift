import ByteCoding

/// Spans as flat rows over one symbol table: the only form in which spans travel between decoding, the log, the store
/// and analysis. A batch is self-contained, so it can be cut, merged and written without looking elsewhere.
@frozen
public struct SpanBatch: Sendable {
    /// Every string and byte string of the batch, once.
    public var symbols = SymbolTable()
    /// The resources that the rows point to.
    public var resources: [ResourceRow] = []
    /// The scopes that the rows point to.
    public var scopes: [ScopeRow] = []
    /// The spans.
    public var rows: [SpanRow] = []
    /// The attributes of resources, scopes, spans, events and links.
    public var attributes: [AttributeRow] = []
    /// The events of the spans.
    public var events: [EventRow] = []
    /// The links of the spans.
    public var links: [LinkRow] = []

    /// An empty batch.
    public init() {}

    /// How many spans there are.
    @inlinable
    public var count: Int { rows.count }

    /// Whether there are none.
    @inlinable
    public var isEmpty: Bool { rows.isEmpty }

    /// The service of a row, as text.
    public func serviceName(_ row: Int) -> String { symbols.string(resources[Int(rows[row].resource)].serviceName) }

    /// The operation of a row, as text.
    public func name(_ row: Int) -> String { symbols.string(rows[row].name) }

    /// The first attribute with this key among `range`, or nil.
    public func attribute(_ key: SymbolTable.Symbol, in range: RowRange) -> AttributeRow? {
        for index in range.indices where attributes[index].key == key { return attributes[index] }
        return nil
    }

    /// Gives back what has been set aside for more rows; for batches that stay in memory as they are.
    public mutating func trim() {
        symbols.trim()
        resources = resources.trimmed()
        scopes = scopes.trimmed()
        rows = rows.trimmed()
        attributes = attributes.trimmed()
        events = events.trimmed()
        links = links.trimmed()
    }

    // MARK: - Taking spans in

    /// Adds attributes to the pool.
    public mutating func appendAttributes(_ list: [Attribute]) -> RowRange {
        let start = attributes.count
        for attribute in list {
            let key = symbols.intern(attribute.key)
            let (type, payload) = AttributeValueCoding.row(attribute.value, &symbols)
            attributes.append(AttributeRow(key: key, type: type, payload: payload))
        }
        return RowRange(start: UInt32(start), count: UInt32(list.count))
    }

    /// Adds a resource and returns its index.
    public mutating func appendResource(_ resource: Resource) -> UInt32 {
        let row = ResourceRow(
            attributes: appendAttributes(resource.attributes), droppedAttributeCount: resource.droppedAttributeCount,
            schemaURL: symbols.intern(resource.schemaURL), serviceName: symbols.intern(resource.serviceName))
        resources.append(row)
        return UInt32(resources.count - 1)
    }

    /// Adds a scope and returns its index.
    public mutating func appendScope(_ scope: InstrumentationScope) -> UInt32 {
        let row = ScopeRow(
            name: symbols.intern(scope.name), version: symbols.intern(scope.version),
            attributes: appendAttributes(scope.attributes), droppedAttributeCount: scope.droppedAttributeCount,
            schemaURL: symbols.intern(scope.schemaURL))
        scopes.append(row)
        return UInt32(scopes.count - 1)
    }

    /// Adds a whole span. Its resource and scope are shared with the row before when they are the same.
    public mutating func append(_ span: Span) {
        var row = SpanRow()
        row.resource = sharedResource(span.resource)
        row.scope = sharedScope(span.scope)
        row.traceID = span.traceID
        row.spanID = span.spanID
        row.parentSpanID = span.parentSpanID
        row.start = span.start
        row.end = span.end
        row.name = symbols.intern(span.name)
        row.kind = span.kind
        row.status = span.status
        row.side = span.side
        row.statusMessage = symbols.intern(span.statusMessage)
        row.traceState = symbols.intern(span.traceState)
        row.flags = span.flags
        row.attributes = appendAttributes(span.attributes)
        row.droppedAttributeCount = span.droppedAttributeCount
        row.droppedEventCount = span.droppedEventCount
        row.droppedLinkCount = span.droppedLinkCount
        let eventRows = span.events.map { event in
            EventRow(
                time: event.time, name: symbols.intern(event.name), attributes: appendAttributes(event.attributes),
                droppedAttributeCount: event.droppedAttributeCount)
        }
        row.events = RowRange(start: UInt32(events.count), count: UInt32(eventRows.count))
        events.append(contentsOf: eventRows)
        let linkRows = span.links.map { link in
            LinkRow(
                traceID: link.traceID, spanID: link.spanID, traceState: symbols.intern(link.traceState), flags: link.flags,
                attributes: appendAttributes(link.attributes), droppedAttributeCount: link.droppedAttributeCount)
        }
        row.links = RowRange(start: UInt32(links.count), count: UInt32(linkRows.count))
        links.append(contentsOf: linkRows)
        rows.append(row)
    }

    private mutating func sharedResource(_ resource: Resource) -> UInt32 {
        if let last = rows.last?.resource, self.resource(Int(last)) == resource { return last }
        return appendResource(resource)
    }

    private mutating func sharedScope(_ scope: InstrumentationScope) -> UInt32 {
        if let last = rows.last?.scope, self.scope(Int(last)) == scope { return last }
        return appendScope(scope)
    }

    // MARK: - Giving spans out

    /// The attributes in `range`, whole.
    public func attributeList(_ range: RowRange) -> [Attribute] {
        range.indices.map { index in
            let row = attributes[index]
            return Attribute(symbols.string(row.key), AttributeValueCoding.value(row, symbols))
        }
    }

    /// A resource, whole.
    public func resource(_ index: Int) -> Resource {
        let row = resources[index]
        return Resource(
            attributes: attributeList(row.attributes), droppedAttributeCount: row.droppedAttributeCount,
            schemaURL: symbols.string(row.schemaURL))
    }

    /// A scope, whole.
    public func scope(_ index: Int) -> InstrumentationScope {
        let row = scopes[index]
        return InstrumentationScope(
            name: symbols.string(row.name), version: symbols.string(row.version), attributes: attributeList(row.attributes),
            droppedAttributeCount: row.droppedAttributeCount, schemaURL: symbols.string(row.schemaURL))
    }

    /// A span, whole.
    public func span(_ index: Int) -> Span {
        let row = rows[index]
        var span = Span(
            traceID: row.traceID, spanID: row.spanID, parentSpanID: row.parentSpanID, name: symbols.string(row.name),
            kind: row.kind, start: row.start, end: row.end, status: row.status, attributes: attributeList(row.attributes),
            resource: resource(Int(row.resource)), scope: scope(Int(row.scope)))
        span.side = row.side
        span.traceState = symbols.string(row.traceState)
        span.flags = row.flags
        span.statusMessage = symbols.string(row.statusMessage)
        span.droppedAttributeCount = row.droppedAttributeCount
        span.droppedEventCount = row.droppedEventCount
        span.droppedLinkCount = row.droppedLinkCount
        span.events = row.events.indices.map { index in
            let event = events[index]
            return SpanEvent(
                time: event.time, name: symbols.string(event.name), attributes: attributeList(event.attributes),
                droppedAttributeCount: event.droppedAttributeCount)
        }
        span.links = row.links.indices.map { index in
            let link = links[index]
            return SpanLink(
                traceID: link.traceID, spanID: link.spanID, traceState: symbols.string(link.traceState), flags: link.flags,
                attributes: attributeList(link.attributes), droppedAttributeCount: link.droppedAttributeCount)
        }
        return span
    }

    /// All spans, whole.
    public var spans: [Span] { rows.indices.map(span) }
}

extension Array {
    /// The array with no more room than it needs, give or take an eighth.
    func trimmed() -> [Element] {
        capacity - count <= count / 8 ? self : withUnsafeBufferPointer { Array($0) }
    }
}
