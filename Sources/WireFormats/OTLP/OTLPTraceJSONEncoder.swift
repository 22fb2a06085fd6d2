import ByteCoding
import TelemetryModel

/// Writes spans as OTLP/JSON (opentelemetry-proto's `TracesData`, with the JSON mapping of the OTLP specification): ids in
/// lower-case hexadecimal, 64-bit numbers as strings, enums as numbers, bytes in base64. Fields that have their default are
/// left away; `resource`, `scope` and `status` are there always, as the collector's marshaller writes them.
public enum OTLPTraceJSONEncoder {
    /// `{"resourceSpans":[…]}`, grouped by resource and scope in the order in which these appear first in each batch.
    public static func encode(_ batches: [SpanBatch]) -> [UInt8] {
        var writer = JSONWriter(capacity: capacity(batches))
        write(batches, &writer)
        return writer.bytes
    }

    /// About how many bytes the spans will take.
    static func capacity(_ batches: [SpanBatch]) -> Int { batches.reduce(0) { $0 + $1.count } * 1024 }

    /// The object as a value of another one.
    static func write(_ batches: [SpanBatch], _ writer: inout JSONWriter) {
        writer.object { data in
            data.key("resourceSpans")
            data.array { list in
                for batch in batches {
                    for group in OTLPSpanGroups(batch).resources { write(group, batch, &list) }
                }
            }
        }
    }

    private static func write(_ group: OTLPSpanGroups.ResourceGroup, _ batch: SpanBatch, _ writer: inout JSONWriter) {
        let row = batch.resources[group.resource]
        writer.object { resourceSpans in
            resourceSpans.key("resource")
            resourceSpans.object { resource in
                write(row.attributes, batch, &resource)
                count("droppedAttributesCount", row.droppedAttributeCount, &resource)
            }
            resourceSpans.key("scopeSpans")
            resourceSpans.array { list in for scope in group.scopes { write(scope, batch, &list) } }
            text("schemaUrl", row.schemaURL, batch, &resourceSpans)
        }
    }

    private static func write(_ group: OTLPSpanGroups.ScopeGroup, _ batch: SpanBatch, _ writer: inout JSONWriter) {
        let row = batch.scopes[group.scope]
        writer.object { scopeSpans in
            scopeSpans.key("scope")
            scopeSpans.object { scope in
                text("name", row.name, batch, &scope)
                text("version", row.version, batch, &scope)
                write(row.attributes, batch, &scope)
                count("droppedAttributesCount", row.droppedAttributeCount, &scope)
            }
            scopeSpans.key("spans")
            scopeSpans.array { list in for index in group.rows { write(batch.rows[index], batch, &list) } }
            text("schemaUrl", row.schemaURL, batch, &scopeSpans)
        }
    }

    // MARK: - Spans

    private static func write(_ row: SpanRow, _ batch: SpanBatch, _ writer: inout JSONWriter) {
        writer.object { span in
            span.key("traceId")
            span.identifier(row.traceID)
            span.key("spanId")
            span.identifier(row.spanID)
            text("traceState", row.traceState, batch, &span)
            if !row.parentSpanID.isZero {
                span.key("parentSpanId")
                span.identifier(row.parentSpanID)
            }
            count("flags", row.flags, &span)
            text("name", row.name, batch, &span)
            if row.kind != .unspecified { span.member("kind", row.kind.rawValue) }
            time("startTimeUnixNano", row.start, &span)
            time("endTimeUnixNano", row.end, &span)
            write(row.attributes, batch, &span)
            count("droppedAttributesCount", row.droppedAttributeCount, &span)
            if row.events.count > 0 {
                span.key("events")
                span.array { list in for index in row.events.indices { write(batch.events[index], batch, &list) } }
            }
            count("droppedEventsCount", row.droppedEventCount, &span)
            if row.links.count > 0 {
                span.key("links")
                span.array { list in for index in row.links.indices { write(batch.links[index], batch, &list) } }
            }
            count("droppedLinksCount", row.droppedLinkCount, &span)
            span.key("status")
            span.object { status in
                text("message", row.statusMessage, batch, &status)
                if row.status != .unset { status.member("code", row.status.rawValue) }
            }
        }
    }

    private static func write(_ row: EventRow, _ batch: SpanBatch, _ writer: inout JSONWriter) {
        writer.object { event in
            time("timeUnixNano", row.time, &event)
            text("name", row.name, batch, &event)
            write(row.attributes, batch, &event)
            count("droppedAttributesCount", row.droppedAttributeCount, &event)
        }
    }

    private static func write(_ row: LinkRow, _ batch: SpanBatch, _ writer: inout JSONWriter) {
        writer.object { link in
            if !row.traceID.isZero { link.member("traceId", row.traceID.description) }
            if !row.spanID.isZero { link.member("spanId", row.spanID.description) }
            text("traceState", row.traceState, batch, &link)
            write(row.attributes, batch, &link)
            count("droppedAttributesCount", row.droppedAttributeCount, &link)
            count("flags", row.flags, &link)
        }
    }

    // MARK: - Attributes

    private static func write(_ range: RowRange, _ batch: SpanBatch, _ owner: inout JSONWriter) {
        if range.count == 0 { return }
        owner.key("attributes")
        owner.array { list in
            for index in range.indices {
                let row = batch.attributes[index]
                list.object { pair in
                    pair.key("key")
                    batch.symbols.withBytes(row.key) { pair.string(utf8: $0) }
                    pair.key("value")
                    write(row, batch, &pair)
                }
            }
        }
    }

    private static func write(_ row: AttributeRow, _ batch: SpanBatch, _ writer: inout JSONWriter) {
        // Strings are nearly all that there is, and need no copy.
        if row.type == .string {
            writer.object { value in
                value.key("stringValue")
                batch.symbols.withBytes(SymbolTable.Symbol(row.payload)) { value.string(utf8: $0) }
            }
        } else {
            write(AttributeValueCoding.value(row, batch.symbols), &writer)
        }
    }

    /// `AnyValue`. Recursion ends at ``AttributeValue/depthLimit``, beyond which nothing is decoded.
    private static func write(_ value: AttributeValue, _ writer: inout JSONWriter) {
        writer.object { object in
            switch value {
            case .empty: break
            case .string(let text): object.member("stringValue", text)
            case .bool(let flag): object.member("boolValue", flag)
            case .int(let number): object.member("intValue", String(number))
            case .double(let number): write(number, &object)
            case .bytes: object.member("bytesValue", value.text)
            case .array(let values):
                object.key("arrayValue")
                object.object { array in
                    if values.isEmpty { return }
                    array.key("values")
                    array.array { list in for value in values { write(value, &list) } }
                }
            case .map(let pairs):
                object.key("kvlistValue")
                object.object { map in
                    if pairs.isEmpty { return }
                    map.key("values")
                    map.array { list in for pair in pairs { write(pair, &list) } }
                }
            }
        }
    }

    private static func write(_ pair: Attribute, _ writer: inout JSONWriter) {
        writer.object { object in
            if !pair.key.isEmpty { object.member("key", pair.key) }
            object.key("value")
            write(pair.value, &object)
        }
    }

    private static func write(_ number: Double, _ object: inout JSONWriter) {
        object.key("doubleValue")
        if number.isFinite {
            object.double(number)
        } else {
            // The names that protobuf's JSON mapping has for them.
            object.string(number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity")
        }
    }

    // MARK: - Members that are left away when they say nothing

    private static func text(_ name: String, _ symbol: SymbolTable.Symbol, _ batch: SpanBatch, _ object: inout JSONWriter) {
        if symbol == 0 { return }
        object.key(name)
        batch.symbols.withBytes(symbol) { object.string(utf8: $0) }
    }

    private static func time(_ name: String, _ nanoseconds: UInt64, _ object: inout JSONWriter) {
        if nanoseconds == 0 { return }
        object.key(name)
        object.quotedInteger(nanoseconds)
    }

    private static func count(_ name: String, _ number: UInt32, _ object: inout JSONWriter) {
        if number != 0 { object.member(name, number) }
    }
}
