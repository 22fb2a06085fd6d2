import ByteCoding
import TelemetryModel

/// Writes one trace in the JSON of Jaeger's first query API, with the tags, references and logs that Jaeger's own
/// translation makes of OTLP (the `jaeger` translator of opentelemetry-collector-contrib, then Jaeger's adjusters).
struct JaegerTraceWriter {
    private let batch: SpanBatch
    private let isRaw: Bool
    private let identities: JaegerIdentities
    /// The number of the process of each resource; equal resources are one process.
    private let processes: [Int]
    /// Of each process one of its resources.
    private let resources: [Int]
    private let symbols: Symbols

    /// The attributes that mean something, as symbols of the batch; nil when it has none of them.
    private struct Symbols {
        var serviceName: SymbolTable.Symbol?
        var event: SymbolTable.Symbol?
        var referenceType: SymbolTable.Symbol?
        var childOf: SymbolTable.Symbol?
        var addresses: [SymbolTable.Symbol]
    }

    /// The largest whole number that a browser's numbers hold exactly.
    private static let safeInteger = Int64(1) << 53 - 1

    init(_ batch: SpanBatch, isRaw: Bool) {
        self.batch = batch
        self.isRaw = isRaw
        identities = isRaw ? JaegerIdentities() : JaegerIdentities(batch)
        symbols = Symbols(
            serviceName: batch.symbols.find("service.name"), event: batch.symbols.find("event"),
            referenceType: batch.symbols.find("opentracing.ref_type"), childOf: batch.symbols.find("child_of"),
            addresses: isRaw ? [] : ["ip", "peer.ipv4"].compactMap { batch.symbols.find($0) })
        let firsts = OTLPSpanGroups.equalResources(batch)
        var numbers = [Int](repeating: -1, count: firsts.count)
        var resources: [Int] = []
        for row in batch.rows {
            let first = firsts[Int(row.resource)]
            if numbers[first] < 0 {
                numbers[first] = resources.count
                resources.append(first)
            }
            numbers[Int(row.resource)] = numbers[first]
        }
        processes = numbers
        self.resources = resources
    }

    /// Writes the trace as one object.
    func write(_ writer: inout JSONWriter) {
        writer.object { trace in
            trace.member("traceID", batch.rows.first?.traceID.shortestDescription ?? "")
            trace.key("spans")
            trace.array { list in for row in batch.rows { write(row, &list) } }
            trace.key("processes")
            trace.object { object in
                for (number, resource) in resources.enumerated() {
                    object.key("p\(number + 1)")
                    write(process: batch.resources[resource], &object)
                }
            }
            trace.key("warnings")
            trace.null()
        }
    }

    private func write(process: ResourceRow, _ writer: inout JSONWriter) {
        writer.object { object in
            object.key("serviceName")
            string(process.serviceName, &object)
            object.key("tags")
            object.array { tags in
                for index in process.attributes.indices where batch.attributes[index].key != symbols.serviceName {
                    write(tag: batch.attributes[index], &tags)
                }
            }
        }
    }

    private func write(_ row: SpanRow, _ span: inout JSONWriter) {
        span.beginObject()
        span.key("traceID")
        span.shortestIdentifier(row.traceID)
        span.key("spanID")
        span.identifier(identities.spanID(row))
        span.key("operationName")
        string(row.name, &span)
        span.key("references")
        span.beginArray()
        references(row, &span)
        span.endArray()
        span.member("startTime", row.start / 1000)
        span.member("duration", row.duration / 1000)
        span.key("tags")
        span.beginArray()
        tags(row, &span)
        span.endArray()
        span.key("logs")
        span.beginArray()
        for index in row.events.indices { write(log: batch.events[index], &span) }
        span.endArray()
        span.key("processID")
        span.beginPieces()
        span.piece("\"p")
        span.piece(UInt64(processes[Int(row.resource)] + 1))
        span.piece("\"")
        span.key("warnings")
        warnings(row, &span)
        span.endObject()
    }

    private func warnings(_ row: SpanRow, _ span: inout JSONWriter) {
        let emptyLinks = isRaw ? 0 : row.links.indices.count { batch.links[$0].traceID.isZero }
        if row.end >= row.start, emptyLinks == 0 { return span.null() }
        span.array { list in
            if row.end < row.start { list.string("the span ends \((row.start - row.end) / 1000) µs before it starts") }
            for _ in 0..<emptyLinks { list.string("Invalid span link removed") }
        }
    }

    // MARK: - References

    /// The parent first, then the links. A link to the parent says what kind of reference the parent is.
    private func references(_ row: SpanRow, _ list: inout JSONWriter) {
        let parent = identities.parentSpanID(row)
        func isParent(_ link: LinkRow) -> Bool { !parent.isZero && link.traceID == row.traceID && link.spanID == parent }
        if !parent.isZero {
            let link = row.links.indices.last { isParent(batch.links[$0]) }
            reference(link.map { type(batch.links[$0]) } ?? "CHILD_OF", row.traceID, parent, &list)
        }
        for index in row.links.indices {
            let link = batch.links[index]
            if isParent(link) || (!isRaw && link.traceID.isZero) { continue }
            reference(type(link), link.traceID, link.spanID, &list)
        }
    }

    private func type(_ link: LinkRow) -> StaticString {
        guard let key = symbols.referenceType, let type = batch.attribute(key, in: link.attributes), type.type == .string,
            let childOf = symbols.childOf, type.payload == UInt64(childOf)
        else { return "FOLLOWS_FROM" }
        return "CHILD_OF"
    }

    private func reference(_ type: StaticString, _ trace: TraceID, _ span: SpanID, _ list: inout JSONWriter) {
        list.beginObject()
        list.key("refType")
        list.beginPieces()
        list.piece("\"")
        list.piece(type)
        list.piece("\"")
        list.key("traceID")
        list.shortestIdentifier(trace)
        list.key("spanID")
        list.identifier(span)
        list.endObject()
    }

    // MARK: - Tags and logs

    /// Scope, attributes, kind, status and trace state, in Jaeger's order.
    private func tags(_ row: SpanRow, _ list: inout JSONWriter) {
        let scope = batch.scopes[Int(row.scope)]
        tag("otel.scope.name", scope.name, &list)
        tag("otel.scope.version", scope.version, &list)
        for index in row.attributes.indices { write(tag: batch.attributes[index], &list) }
        if row.kind != .unspecified { tag("span.kind", row.kind.name, &list) }
        switch row.status {
        case .unset: break
        case .ok: tag("otel.status_code", "OK", &list)
        case .error:
            tag("otel.status_code", "ERROR", &list)
            list.beginPieces()
            list.piece(#"{"key":"error","type":"bool","value":true}"#)
        }
        tag("otel.status_description", row.statusMessage, &list)
        tag("w3c.tracestate", row.traceState, &list)
    }

    private func tag(_ key: StaticString, _ text: String, _ list: inout JSONWriter) {
        var text = text
        text.withUTF8 { tag(key, UnsafeRawBufferPointer($0), &list) }
    }

    private func tag(_ key: StaticString, _ text: SymbolTable.Symbol, _ list: inout JSONWriter) {
        if text == 0 { return }
        batch.symbols.withBytes(text) { tag(key, $0, &list) }
    }

    private func tag(_ key: StaticString, _ text: UnsafeRawBufferPointer, _ list: inout JSONWriter) {
        list.beginPieces()
        list.piece(#"{"key":""#)
        list.piece(key)
        list.piece(#"","type":"string","value":""#)
        list.piece(utf8: text)
        list.piece(#""}"#)
    }

    /// The name of an event is its field `event`, unless it has one already.
    private func write(log event: EventRow, _ writer: inout JSONWriter) {
        writer.object { log in
            log.member("timestamp", event.time / 1000)
            log.key("fields")
            log.array { fields in
                if symbols.event.flatMap({ batch.attribute($0, in: event.attributes) }) == nil { tag("event", event.name, &fields) }
                for index in event.attributes.indices { write(tag: batch.attributes[index], &fields) }
            }
        }
    }

    /// Most of an answer are tags, so that each is written in few pieces.
    private func write(tag row: AttributeRow, _ writer: inout JSONWriter) {
        if symbols.addresses.contains(row.key), let address = Self.address(row) {
            return write(tag: row.key, #"","type":"string","value":""#, address, &writer)
        }
        switch row.type {
        case .string:
            batch.symbols.withBytes(SymbolTable.Symbol(row.payload)) { text in
                begin(tag: row.key, #"","type":"string","value":""#, &writer)
                writer.piece(utf8: text)
                writer.piece(#""}"#)
            }
        case .bool:
            begin(tag: row.key, #"","type":"bool","value":"#, &writer)
            writer.piece(row.payload != 0 ? "true}" : "false}")
        case .int:
            let number = Int64(bitPattern: row.payload)
            let isText = number.magnitude > UInt64(Self.safeInteger)
            begin(tag: row.key, isText ? #"","type":"int64","value":""# : #"","type":"int64","value":"#, &writer)
            if number < 0 { writer.piece("-") }
            writer.piece(number.magnitude)
            writer.piece(isText ? #""}"# : "}")
        case .double:
            let number = Double(bitPattern: row.payload)
            if !number.isFinite { return write(tag: row.key, #"","type":"float64","value":""#, text(row), &writer) }
            begin(tag: row.key, #"","type":"float64","value":"#, &writer)
            writer.piece(utf8: number.description)
            writer.piece("}")
        case .bytes: write(tag: row.key, #"","type":"binary","value":""#, text(row), &writer)
        case .empty, .composite: write(tag: row.key, #"","type":"string","value":""#, text(row), &writer)
        }
    }

    private func text(_ row: AttributeRow) -> String { AttributeValueCoding.value(row, batch.symbols).text }

    /// The object of a tag up to its value: the key, then the rest up to there, which tells the type.
    private func begin(tag key: SymbolTable.Symbol, _ rest: StaticString, _ writer: inout JSONWriter) {
        writer.beginPieces()
        writer.piece(#"{"key":""#)
        batch.symbols.withBytes(key) { writer.piece(utf8: $0) }
        writer.piece(rest)
    }

    private func write(tag key: SymbolTable.Symbol, _ rest: StaticString, _ text: String, _ writer: inout JSONWriter) {
        begin(tag: key, rest, &writer)
        writer.piece(utf8: text)
        writer.piece(#""}"#)
    }

    /// The address of version 4 that older clients send as a number.
    private static func address(_ row: AttributeRow) -> String? {
        let number: UInt32
        switch row.type {
        case .int: number = UInt32(truncatingIfNeeded: row.payload)
        case .double:
            guard let whole = UInt32(exactly: Double(bitPattern: row.payload).rounded(.towardZero)) else { return nil }
            number = whole
        default: return nil
        }
        return [24, 16, 8, 0].map { String(number >> $0 & 255) }.joined(separator: ".")
    }

    private func string(_ symbol: SymbolTable.Symbol, _ writer: inout JSONWriter) {
        batch.symbols.withBytes(symbol) { writer.string(utf8: $0) }
    }
}
