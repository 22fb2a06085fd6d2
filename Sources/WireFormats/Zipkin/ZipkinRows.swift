import ByteCoding
import TelemetryModel

/// Puts spans of Zipkin into the rows of a batch.
struct ZipkinRows {
    private let limits: DecodeLimits
    private var decoded = DecodedSpans()
    private var resourceOfService: [String: UInt32] = [:]
    /// The number of the span that is being read, for sentences that say where.
    private var number = 0
    /// The rows without a time, with the numbers of their spans.
    private var untimed: [(row: Int, number: Int)] = []

    init(_ limits: DecodeLimits) { self.limits = limits }

    /// Counts the spans of the list.
    mutating func beginSpan() { number += 1 }

    /// Counts the span that is being read as refused.
    mutating func refuse(_ refusal: ZipkinRefusal) { refuse(number, refusal) }

    private mutating func refuse(_ number: Int, _ refusal: ZipkinRefusal) {
        decoded.refusals.add(refusal.reason, "Span \(number) of the list: \(refusal.problem).")
    }

    /// The batch, with parts of spans joined.
    mutating func finish() -> DecodedSpans {
        if !untimed.isEmpty { giveTimes() }
        if let joined = ZipkinParts.joined(decoded.batch) { decoded.batch = joined }
        return decoded
    }

    // MARK: - Rows

    /// Adds a span.
    mutating func add(_ span: ZipkinSpan) {
        let poolRowCount = decoded.batch.attributes.count + decoded.batch.events.count
        if poolRowCount + span.tags.count + span.annotations.count + 10 > limits.poolRowCount {
            let problem = "it has more than \(limits.poolRowCount) tags and annotations together with the spans before it"
            return refuse(ZipkinRefusal(.tooLarge, problem))
        }
        let start = span.timestamp > 0 ? span.timestamp : span.annotations.map(\.time).filter { $0 > 0 }.min() ?? 0
        var row = SpanRow()
        row.resource = resource(span.local?.serviceName ?? "")
        row.scope = scope()
        row.traceID = span.traceID
        row.spanID = span.id
        row.parentSpanID = span.parentID == span.id ? SpanID(0) : span.parentID
        // Microseconds of wire formats are at most Int64.max / 1000, so that nanoseconds fit and can be added.
        row.start = start &* 1000
        row.end = row.start.addingReportingOverflow(span.duration &* 1000).overflow ? .max : row.start + span.duration &* 1000
        row.name = decoded.batch.symbols.intern(span.name)
        row.kind = span.kind
        row.side = span.isShared ? .sharedServer : .own
        if let error = span.tags["error"] {
            row.status = .error
            row.statusMessage = decoded.batch.symbols.intern(error == "true" ? "" : error)
        } else if span.tags["otel.status_code"] == "OK" {
            row.status = .ok
        }
        row.attributes = decoded.batch.appendAttributes(attributes(span))
        row.events = RowRange(start: UInt32(decoded.batch.events.count), count: UInt32(span.annotations.count))
        for annotation in span.annotations {
            let name = decoded.batch.symbols.intern(annotation.value)
            decoded.batch.events.append(
                EventRow(time: annotation.time &* 1000, name: name, attributes: .none, droppedAttributeCount: 0))
        }
        if start == 0 { untimed.append((decoded.batch.rows.count, number)) }
        decoded.batch.rows.append(row)
    }

    private func attributes(_ span: ZipkinSpan) -> [Attribute] {
        var list: [Attribute] = []
        if let local = span.local { append(local, ZipkinNames.local, to: &list) }
        if let remote = span.remote { append(remote, ZipkinNames.remote, to: &list) }
        if span.isDebug { list.append(Attribute(ZipkinNames.debug, .bool(true))) }
        if span.timestamp == 0 { list.append(Attribute(ZipkinNames.untimed, .bool(true))) }
        var ambiguous: [String] = []
        for (key, value) in span.tags.list {
            list.append(Attribute(key, value))
            if ZipkinNames.all.contains(key) { ambiguous.append(key) }
        }
        if !ambiguous.isEmpty { list.append(Attribute(ZipkinNames.tagKeys, ambiguous.joined(separator: " "))) }
        return list
    }

    private func append(_ endpoint: ZipkinEndpoint, _ names: ZipkinNames.Endpoint, to list: inout [Attribute]) {
        if let service = names.service, !endpoint.serviceName.isEmpty { list.append(Attribute(service, endpoint.serviceName)) }
        let address = endpoint.ipv4.isEmpty ? endpoint.ipv6 : endpoint.ipv4
        if !address.isEmpty { list.append(Attribute(names.address, address)) }
        if !endpoint.ipv4.isEmpty, !endpoint.ipv6.isEmpty { list.append(Attribute(names.secondAddress, endpoint.ipv6)) }
        if endpoint.port > 0 { list.append(Attribute(names.port, .int(Int64(endpoint.port)))) }
    }

    private mutating func resource(_ service: String) -> UInt32 {
        if let known = resourceOfService[service] { return known }
        let new = decoded.batch.appendResource(
            Resource(attributes: service.isEmpty ? [] : [Attribute("service.name", service)]))
        resourceOfService[service] = new
        return new
    }

    private mutating func scope() -> UInt32 {
        decoded.batch.scopes.isEmpty ? decoded.batch.appendScope(InstrumentationScope()) : 0
    }

    // MARK: - Spans without a time

    /// Zipkin keeps spans that say no time. Here every span has one: that of the other part of its id, else of its parent,
    /// else the earliest of its trace in the list; where there is none the span is refused.
    private mutating func giveTimes() {
        struct Place: Hashable {
            var trace: TraceID
            var span: SpanID
        }
        var startOfSpan: [Place: UInt64] = [:]
        var startOfTrace: [TraceID: UInt64] = [:]
        let traces = Set(untimed.map { decoded.batch.rows[$0.row].traceID })
        for row in decoded.batch.rows where row.start > 0 && traces.contains(row.traceID) {
            startOfSpan[Place(trace: row.traceID, span: row.spanID), default: .max].formMinimum(row.start)
            startOfTrace[row.traceID, default: .max].formMinimum(row.start)
        }
        var removed: Set<Int> = []
        for (index, number) in untimed {
            let row = decoded.batch.rows[index]
            let start =
                startOfSpan[Place(trace: row.traceID, span: row.spanID)]
                ?? startOfSpan[Place(trace: row.traceID, span: row.parentSpanID)] ?? startOfTrace[row.traceID]
            if let start {
                decoded.batch.rows[index].start = start
                decoded.batch.rows[index].end = start.addingReportingOverflow(row.end).overflow ? .max : start + row.end
            } else {
                removed.insert(index)
                refuse(number, ZipkinRefusal(.malformed, "it has no timestamp, and neither has any span of its trace in the list"))
            }
        }
        if removed.isEmpty { return }
        decoded.batch.rows = decoded.batch.rows.indices.filter { !removed.contains($0) }.map { decoded.batch.rows[$0] }
    }
}

extension UInt64 {
    fileprivate mutating func formMinimum(_ other: UInt64) { self = Swift.min(self, other) }
}
