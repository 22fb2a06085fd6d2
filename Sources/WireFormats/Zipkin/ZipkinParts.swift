import TelemetryModel

/// Joins the parts in which a span was reported, by the rules of Zipkin's `Trace.merge`.
///
/// Parts of one id and side whose hosts do not contradict each other are one span: what the first does not say the next
/// one does, annotations are gathered, of tags the last value stays. Of two hosts the second is the server's half, as if it
/// had said `shared`, when the first is a client's span and it a server's; otherwise it is kept as the second side without
/// being called shared.
enum ZipkinParts {
    /// Ids with more parts than this in one list are left as they came.
    static let partLimit = 64

    private struct Identity: Hashable {
        var trace: TraceID
        var span: SpanID
    }

    /// The batch with its parts joined; nil when there are none.
    static func joined(_ batch: SpanBatch) -> SpanBatch? {
        var first: [Identity: Int] = [:]
        first.reserveCapacity(batch.count)
        var groups: [Identity: [Int]] = [:]
        for (index, row) in batch.rows.enumerated() {
            let identity = Identity(trace: row.traceID, span: row.spanID)
            if let known = first[identity] {
                groups[identity, default: [known]].append(index)
            } else {
                first[identity] = index
            }
        }
        // A client's and a server's half are the ordinary case.
        groups = groups.filter { _, rows in
            rows.count > 2 ? rows.count <= partLimit : batch.rows[rows[0]].side == batch.rows[rows[1]].side
        }
        if groups.isEmpty { return nil }
        var joined = SpanBatch()
        let grouped = Set(groups.values.joined())
        joined.append(rows: batch.rows.indices.filter { !grouped.contains($0) }, of: batch)
        for rows in groups.values.sorted(by: { $0[0] < $1[0] }) {
            for span in join(rows.map(batch.span)) { joined.append(span) }
        }
        return joined
    }

    /// The spans that parts of one id make.
    static func join(_ parts: [Span]) -> [Span] {
        let sorted = parts.enumerated().sorted { (order($0.element), $0.offset) < (order($1.element), $1.offset) }.map(\.element)
        var result: [Span] = []
        // What came twice as it is stays two: the store counts it as a duplicate.
        var copies: [Span] = []
        for (index, part) in sorted.enumerated() {
            if index > 0, sorted[..<index].contains(part) {
                copies.append(part)
            } else if let place = result.firstIndex(where: { canJoin($0, part) }) {
                result[place] = join(result[place], part)
            } else {
                result.append(part)
            }
        }
        if result.count == 2, result.allSatisfy({ $0.side == .own }) {
            result[1].side = .sharedServer
            if result[0].kind != .client || result[1].kind != .server {
                result[1].attributes.append(Attribute(ZipkinNames.secondHost, .bool(true)))
            }
        }
        return result + copies
    }

    /// Clients first, shared halves last.
    private static func order(_ span: Span) -> Int { span.side == .sharedServer ? 2 : span.kind == .client ? 0 : 1 }

    private static func canJoin(_ a: Span, _ b: Span) -> Bool {
        if a.side != b.side { return false }
        if let x = service(a), let y = service(b), x != y { return false }
        for name in [ZipkinNames.local.address, ZipkinNames.local.secondAddress, ZipkinNames.local.port] {
            if let x = a.attributes[name], let y = b.attributes[name], x != y { return false }
        }
        return true
    }

    private static func service(_ span: Span) -> String? { span.resource.attributes.string("service.name") }

    private static func join(_ a: Span, _ b: Span) -> Span {
        var span = a
        if span.parentSpanID.isZero { span.parentSpanID = b.parentSpanID }
        if span.kind == .internal { span.kind = b.kind }
        if span.name.isEmpty { span.name = b.name }
        if service(a) == nil { span.resource = b.resource }
        joinTimes(&span, b)
        span.attributes = joined(span.attributes, b.attributes)
        var known = Set(span.events)
        for event in b.events where known.insert(event).inserted { span.events.append(event) }
        if b.status == .error { (span.status, span.statusMessage) = (b.status, b.statusMessage) }
        return span
    }

    /// The first timestamp and the first duration that were said.
    private static func joinTimes(_ a: inout Span, _ b: Span) {
        let duration = a.duration > 0 ? a.duration : b.duration
        if a.attributes[ZipkinNames.untimed] != nil, b.attributes[ZipkinNames.untimed] == nil {
            a.attributes.removeAll { $0.key == ZipkinNames.untimed }
            a.start = b.start
        }
        a.end = a.start.addingReportingOverflow(duration).overflow ? .max : a.start + duration
    }

    private static func joined(_ a: [Attribute], _ b: [Attribute]) -> [Attribute] {
        var list = a
        var places = Dictionary(a.enumerated().map { ($0.element.key, $0.offset) }) { first, _ in first }
        let isTimed = a[ZipkinNames.untimed] == nil
        for attribute in b {
            if let place = places[attribute.key] {
                // What belongs to endpoints stays as the first said it.
                if !ZipkinNames.all.contains(attribute.key) { list[place].value = attribute.value }
            } else if attribute.key != ZipkinNames.untimed || !isTimed {
                places[attribute.key] = list.count
                list.append(attribute)
            }
        }
        return list
    }
}
