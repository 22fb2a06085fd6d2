import ByteCoding
import TelemetryModel

/// Spans of a body, and what was not taken of it.
public struct DecodedSpans: Sendable {
    /// The spans.
    public var batch = SpanBatch()
    /// The spans that were refused.
    public var refusals = WireRefusals()

    /// Nothing decoded yet.
    public init() {}
}

/// Reads OTLP's `ExportTraceServiceRequest` (opentelemetry.proto.collector.trace.v1) straight into the columns of a
/// ``SpanBatch``. Fields that are not known are skipped.
public enum OTLPTraceDecoder {
    /// Decodes a request. Bytes whose outer framing is broken are thrown back whole; a span that cannot be read, or
    /// whose resource or scope cannot, is refused alone.
    public static func decode(
        _ bytes: UnsafeRawBufferPointer, limits: DecodeLimits = DecodeLimits()
    ) throws(ByteCodingError) -> DecodedSpans {
        var assembly = SpanAssembly(limits: limits)
        var request = ProtobufReader(bytes)
        while try request.nextField() {
            if request.fieldNumber == 1 {
                try assembly.readResourceSpans(try request.bytes())
            } else {
                try request.skipValue()
            }
        }
        ZipkinSharing.restore(&assembly.decoded.batch)
        return assembly.decoded
    }
}

/// The state of decoding one request.
private struct SpanAssembly {
    let limits: DecodeLimits
    var decoded = DecodedSpans()
    /// Spans seen so far, for sentences that say where.
    var spanNumber = 0
    /// Events and links of the span being read: they wait until all of its own attributes are in the pool, because
    /// attributes of one item must lie side by side.
    var waitingEvents: [UnsafeRawBufferPointer] = []
    var waitingLinks: [UnsafeRawBufferPointer] = []
    private var memo = OTLPAttributeMemo()

    init(limits: DecodeLimits) { self.limits = limits }

    // MARK: - Resource and scope

    mutating func readResourceSpans(_ bytes: UnsafeRawBufferPointer) throws(ByteCodingError) {
        // The resource may legally stand behind its spans, and its schema URL usually does: look for both first.
        var resourceBytes = UnsafeRawBufferPointer(start: nil, count: 0)
        var schemaURL = UnsafeRawBufferPointer(start: nil, count: 0)
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            switch fields.fieldNumber {
            case 1: resourceBytes = try fields.bytes()
            case 3: schemaURL = try fields.bytes()
            default: try fields.skipValue()
            }
        }
        let attributeCount = decoded.batch.attributes.count
        let rowCount = decoded.batch.rows.count
        let resource: UInt32
        do throws(ByteCodingError) {
            resource = try readResource(resourceBytes, schemaURL)
        } catch {
            decoded.batch.attributes.removeLast(decoded.batch.attributes.count - attributeCount)
            try refuseSpans(ofResource: bytes, error)
            return
        }
        fields = ProtobufReader(bytes)
        while try fields.nextField() {
            if fields.fieldNumber == 2 {
                try readScopeSpans(try fields.bytes(), resource)
            } else {
                try fields.skipValue()
            }
        }
        // Two bytes are enough for an empty resource or scope, so that those without a span must leave nothing behind.
        if decoded.batch.rows.count == rowCount {
            decoded.batch.resources.removeLast()
            decoded.batch.attributes.removeLast(decoded.batch.attributes.count - attributeCount)
        }
    }

    mutating func readScopeSpans(_ bytes: UnsafeRawBufferPointer, _ resource: UInt32) throws(ByteCodingError) {
        var scopeBytes = UnsafeRawBufferPointer(start: nil, count: 0)
        var schemaURL = UnsafeRawBufferPointer(start: nil, count: 0)
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            switch fields.fieldNumber {
            case 1: scopeBytes = try fields.bytes()
            case 3: schemaURL = try fields.bytes()
            default: try fields.skipValue()
            }
        }
        let attributeCount = decoded.batch.attributes.count
        let rowCount = decoded.batch.rows.count
        let scope: UInt32
        do throws(ByteCodingError) {
            scope = try readScope(scopeBytes, schemaURL)
        } catch {
            decoded.batch.attributes.removeLast(decoded.batch.attributes.count - attributeCount)
            refuse(try countFields(2, in: bytes), "scope", error)
            return
        }
        fields = ProtobufReader(bytes)
        while try fields.nextField() {
            if fields.fieldNumber == 2 {
                takeSpan(try fields.bytes(), resource, scope)
            } else {
                try fields.skipValue()
            }
        }
        if decoded.batch.rows.count == rowCount {
            decoded.batch.scopes.removeLast()
            decoded.batch.attributes.removeLast(decoded.batch.attributes.count - attributeCount)
        }
    }

    mutating func readResource(
        _ bytes: UnsafeRawBufferPointer, _ schemaURL: UnsafeRawBufferPointer
    ) throws(ByteCodingError) -> UInt32 {
        let start = decoded.batch.attributes.count
        var row = ResourceRow(attributes: .none, droppedAttributeCount: 0, schemaURL: 0, serviceName: 0)
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            switch fields.fieldNumber {
            case 1: try readAttribute(try fields.bytes(), since: start)
            case 2: row.droppedAttributeCount = UInt32(truncatingIfNeeded: try fields.varint())
            default: try fields.skipValue()
            }
        }
        row.attributes = range(since: start)
        row.schemaURL = try decoded.batch.symbols.internText(schemaURL, "a schema URL")
        let key = decoded.batch.symbols.intern("service.name")
        if let name = decoded.batch.attribute(key, in: row.attributes), name.type == .string, name.payload != 0 {
            row.serviceName = SymbolTable.Symbol(name.payload)
        } else {
            row.serviceName = decoded.batch.symbols.intern(Resource.unknownService)
        }
        decoded.batch.resources.append(row)
        return UInt32(decoded.batch.resources.count - 1)
    }

    mutating func readScope(
        _ bytes: UnsafeRawBufferPointer, _ schemaURL: UnsafeRawBufferPointer
    ) throws(ByteCodingError) -> UInt32 {
        let start = decoded.batch.attributes.count
        var row = ScopeRow(name: 0, version: 0, attributes: .none, droppedAttributeCount: 0, schemaURL: 0)
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            switch fields.fieldNumber {
            case 1: row.name = try decoded.batch.symbols.internText(try fields.bytes(), "a scope's name")
            case 2: row.version = try decoded.batch.symbols.internText(try fields.bytes(), "a scope's version")
            case 3: try readAttribute(try fields.bytes(), since: start)
            case 4: row.droppedAttributeCount = UInt32(truncatingIfNeeded: try fields.varint())
            default: try fields.skipValue()
            }
        }
        row.attributes = range(since: start)
        row.schemaURL = try decoded.batch.symbols.internText(schemaURL, "a schema URL")
        decoded.batch.scopes.append(row)
        return UInt32(decoded.batch.scopes.count - 1)
    }

    // MARK: - Spans

    mutating func takeSpan(_ bytes: UnsafeRawBufferPointer, _ resource: UInt32, _ scope: UInt32) {
        spanNumber += 1
        let attributeCount = decoded.batch.attributes.count
        let eventCount = decoded.batch.events.count
        let linkCount = decoded.batch.links.count
        do throws(ByteCodingError) {
            var row = try readSpan(bytes)
            if !row.traceID.isZero, !row.spanID.isZero {
                row.resource = resource
                row.scope = scope
                decoded.batch.rows.append(row)
                return
            }
            let what = row.traceID.isZero ? "trace id must be 16 bytes" : "span id must be 8 bytes"
            decoded.refusals.add(.invalidID, "Span \(spanNumber) of the request: its \(what) and not all zero.")
        } catch {
            decoded.refusals.add(WireRefusalReason(error), "Span \(spanNumber) of the request: \(error.message).")
        }
        decoded.batch.attributes.removeLast(decoded.batch.attributes.count - attributeCount)
        decoded.batch.events.removeLast(decoded.batch.events.count - eventCount)
        decoded.batch.links.removeLast(decoded.batch.links.count - linkCount)
    }

    mutating func readSpan(_ bytes: UnsafeRawBufferPointer) throws(ByteCodingError) -> SpanRow {
        let start = decoded.batch.attributes.count
        waitingEvents.removeAll(keepingCapacity: true)
        waitingLinks.removeAll(keepingCapacity: true)
        var row = SpanRow()
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            switch fields.fieldNumber {
            case 1: row.traceID = OTLPIdentifiers.traceID(try fields.bytes())
            case 2: row.spanID = OTLPIdentifiers.spanID(try fields.bytes())
            case 3: row.traceState = try decoded.batch.symbols.internText(try fields.bytes(), "its trace state")
            case 4: row.parentSpanID = try OTLPIdentifiers.parentSpanID(try fields.bytes())
            case 5: row.name = try decoded.batch.symbols.internText(try fields.bytes(), "its name")
            case 6: row.kind = SpanKind(rawValue: UInt8(truncatingIfNeeded: min(try fields.varint(), 255))) ?? .unspecified
            case 7: row.start = try fields.fixed64()
            case 8: row.end = try fields.fixed64()
            case 9: try readAttribute(try fields.bytes(), since: start)
            case 11: waitingEvents.append(try fields.bytes())
            case 13: waitingLinks.append(try fields.bytes())
            default: try readRareField(&fields, &row)
            }
        }
        row.attributes = range(since: start)
        if !waitingEvents.isEmpty { try readEvents(&row) }
        if !waitingLinks.isEmpty { try readLinks(&row) }
        let poolRowCount = decoded.batch.attributes.count + decoded.batch.events.count + decoded.batch.links.count
        try limit(poolRowCount, limits.poolRowCount, "attributes, events and links together with the spans before it")
        return row
    }

    private mutating func readRareField(_ fields: inout ProtobufReader, _ row: inout SpanRow) throws(ByteCodingError) {
        switch fields.fieldNumber {
        case 10: row.droppedAttributeCount = UInt32(truncatingIfNeeded: try fields.varint())
        case 12: row.droppedEventCount = UInt32(truncatingIfNeeded: try fields.varint())
        case 14: row.droppedLinkCount = UInt32(truncatingIfNeeded: try fields.varint())
        case 15: try readStatus(try fields.bytes(), &row)
        case 16: row.flags = try fields.fixed32()
        default: try fields.skipValue()
        }
    }

    private mutating func readStatus(_ bytes: UnsafeRawBufferPointer, _ row: inout SpanRow) throws(ByteCodingError) {
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            switch fields.fieldNumber {
            case 2: row.statusMessage = try decoded.batch.symbols.internText(try fields.bytes(), "its status message")
            case 3: row.status = SpanStatus(rawValue: UInt8(truncatingIfNeeded: min(try fields.varint(), 255))) ?? .unset
            default: try fields.skipValue()
            }
        }
    }

    private mutating func readEvents(_ span: inout SpanRow) throws(ByteCodingError) {
        try limit(waitingEvents.count, limits.eventCount, "events")
        span.events = RowRange(start: UInt32(decoded.batch.events.count), count: UInt32(waitingEvents.count))
        for bytes in waitingEvents {
            let start = decoded.batch.attributes.count
            var row = EventRow(time: 0, name: 0, attributes: .none, droppedAttributeCount: 0)
            var fields = ProtobufReader(bytes)
            while try fields.nextField() {
                switch fields.fieldNumber {
                case 1: row.time = try fields.fixed64()
                case 2: row.name = try decoded.batch.symbols.internText(try fields.bytes(), "the name of an event")
                case 3: try readAttribute(try fields.bytes(), since: start)
                case 4: row.droppedAttributeCount = UInt32(truncatingIfNeeded: try fields.varint())
                default: try fields.skipValue()
                }
            }
            row.attributes = range(since: start)
            decoded.batch.events.append(row)
        }
    }

    private mutating func readLinks(_ span: inout SpanRow) throws(ByteCodingError) {
        try limit(waitingLinks.count, limits.linkCount, "links")
        span.links = RowRange(start: UInt32(decoded.batch.links.count), count: UInt32(waitingLinks.count))
        for bytes in waitingLinks {
            let start = decoded.batch.attributes.count
            var row = LinkRow(
                traceID: TraceID(high: 0, low: 0), spanID: SpanID(0), traceState: 0, flags: 0, attributes: .none,
                droppedAttributeCount: 0)
            var fields = ProtobufReader(bytes)
            while try fields.nextField() {
                switch fields.fieldNumber {
                case 1: row.traceID = OTLPIdentifiers.traceID(try fields.bytes())
                case 2: row.spanID = OTLPIdentifiers.spanID(try fields.bytes())
                case 3: row.traceState = try decoded.batch.symbols.internText(try fields.bytes(), "the trace state of a link")
                case 4: try readAttribute(try fields.bytes(), since: start)
                case 5: row.droppedAttributeCount = UInt32(truncatingIfNeeded: try fields.varint())
                case 6: row.flags = try fields.fixed32()
                default: try fields.skipValue()
                }
            }
            row.attributes = range(since: start)
            decoded.batch.links.append(row)
        }
    }

    // MARK: - Parts

    private mutating func readAttribute(_ bytes: UnsafeRawBufferPointer, since start: Int) throws(ByteCodingError) {
        try limit(decoded.batch.attributes.count - start + 1, limits.attributeCount, "attributes")
        decoded.batch.attributes.append(try memo.row(bytes, &decoded.batch.symbols))
    }

    private func range(since start: Int) -> RowRange {
        RowRange(start: UInt32(start), count: UInt32(decoded.batch.attributes.count - start))
    }

    private func limit(_ count: Int, _ limit: Int, _ what: String) throws(ByteCodingError) {
        if count > limit { throw ByteCodingError(.tooLarge, "it has more than \(limit) \(what)") }
    }

    // MARK: - Refusing by resource or scope

    private mutating func refuseSpans(ofResource bytes: UnsafeRawBufferPointer, _ error: ByteCodingError) throws(ByteCodingError) {
        var count = 0
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            if fields.fieldNumber == 2 {
                count += try countFields(2, in: try fields.bytes())
            } else {
                try fields.skipValue()
            }
        }
        refuse(count, "resource", error)
    }

    private mutating func refuse(_ count: Int, _ part: String, _ error: ByteCodingError) {
        decoded.refusals.add(
            WireRefusalReason(error), count: count,
            "Spans \(spanNumber + 1) to \(spanNumber + count) of the request: their \(part) cannot be read: \(error.message).")
        spanNumber += count
    }

    private func countFields(_ number: UInt32, in bytes: UnsafeRawBufferPointer) throws(ByteCodingError) -> Int {
        var count = 0
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            if fields.fieldNumber == number { count += 1 }
            try fields.skipValue()
        }
        return count
    }
}
