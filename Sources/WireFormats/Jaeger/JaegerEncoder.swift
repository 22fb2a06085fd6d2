import ByteCoding
import TelemetryModel

/// Writes traces as the JSON of Jaeger's query service (`/api/traces`), with the tags that Jaeger makes of OTLP.
public enum JaegerEncoder {
    /// An answer with traces, each in a batch of its own.
    public static func traces(_ traces: [SpanBatch], limit: Int = 0, offset: Int = 0) -> [UInt8] {
        var writer = JSONWriter(capacity: traces.reduce(0) { $0 + $1.count } * 1024)
        writer.object { answer in
            answer.key("data")
            answer.array { list in for trace in traces { write(trace, &list) } }
            page(total: traces.count, limit: limit, offset: offset, &answer)
        }
        return writer.bytes
    }

    /// An answer with names, as `/api/services` and `/api/services/{service}/operations` give it.
    public static func names(_ names: [String]) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { answer in
            answer.key("data")
            answer.array { list in for name in names { list.string(name) } }
            page(total: names.count, limit: 0, offset: 0, &answer)
        }
        return writer.bytes
    }

    /// An answer that only says what went wrong; `code` is the HTTP status.
    public static func failure(code: Int, _ message: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { answer in
            answer.key("data")
            answer.null()
            answer.member("total", 0)
            answer.member("limit", 0)
            answer.member("offset", 0)
            answer.key("errors")
            answer.array {
                $0.object {
                    $0.member("code", code)
                    $0.member("msg", message)
                }
            }
        }
        return writer.bytes
    }

    private static func page(total: Int, limit: Int, offset: Int, _ answer: inout JSONWriter) {
        answer.member("total", total)
        answer.member("limit", limit)
        answer.member("offset", offset)
        answer.key("errors")
        answer.null()
    }

    // MARK: - Traces

    private static func write(_ batch: SpanBatch, _ writer: inout JSONWriter) {
        let identities = JaegerIdentities(batch)
        var processes: [Resource: String] = [:]
        var order: [Resource] = []
        writer.object { trace in
            trace.member("traceID", batch.rows.first?.traceID.shortestDescription ?? "")
            trace.key("spans")
            trace.array { list in
                for row in batch.rows.indices {
                    let resource = batch.resource(Int(batch.rows[row].resource))
                    let process = processes[resource] ?? "p\(order.count + 1)"
                    if processes.updateValue(process, forKey: resource) == nil { order.append(resource) }
                    write(batch, row, identities, process, &list)
                }
            }
            trace.key("processes")
            trace.object { object in
                for resource in order {
                    object.key(processes[resource] ?? "")
                    object.object { process in
                        process.member("serviceName", resource.serviceName)
                        process.key("tags")
                        write(resource.attributes.filter { $0.key != "service.name" }, &process)
                    }
                }
            }
            trace.key("warnings")
            trace.null()
        }
    }

    private static func write(
        _ batch: SpanBatch, _ index: Int, _ identities: JaegerIdentities, _ process: String, _ writer: inout JSONWriter
    ) {
        let row = batch.rows[index]
        writer.object { span in
            span.member("traceID", row.traceID.shortestDescription)
            span.member("spanID", identities.spanID(row).description)
            if row.flags != 0 { span.member("flags", row.flags & 0xFF) }
            span.member("operationName", batch.symbols.string(row.name))
            span.key("references")
            span.array { references(batch, row, identities, &$0) }
            span.member("startTime", row.start / 1000)
            span.member("duration", row.duration / 1000)
            span.key("tags")
            write(tags(batch, row), &span)
            span.key("logs")
            span.array { logs(batch, row, &$0) }
            span.member("processID", process)
            span.key("warnings")
            if row.end < row.start {
                span.array { $0.string("the span ends \((row.start - row.end) / 1000) µs before it starts") }
            } else {
                span.null()
            }
        }
    }

    private static func references(
        _ batch: SpanBatch, _ row: SpanRow, _ identities: JaegerIdentities, _ list: inout JSONWriter
    ) {
        let parent = identities.parentSpanID(row)
        if !parent.isZero { reference("CHILD_OF", row.traceID, parent, &list) }
        for index in row.links.indices {
            reference("FOLLOWS_FROM", batch.links[index].traceID, batch.links[index].spanID, &list)
        }
    }

    private static func reference(_ type: String, _ trace: TraceID, _ span: SpanID, _ list: inout JSONWriter) {
        list.object {
            $0.member("refType", type)
            $0.member("traceID", trace.shortestDescription)
            $0.member("spanID", span.description)
        }
    }

    private static func logs(_ batch: SpanBatch, _ row: SpanRow, _ list: inout JSONWriter) {
        for index in row.events.indices {
            let event = batch.events[index]
            list.object { log in
                log.member("timestamp", event.time / 1000)
                log.key("fields")
                var fields = batch.attributeList(event.attributes)
                if event.name != 0 { fields.insert(Attribute("event", batch.symbols.string(event.name)), at: 0) }
                write(fields, &log)
            }
        }
    }

    // MARK: - Tags

    /// The span's attributes and what Jaeger makes tags of: kind, status, scope, trace state.
    private static func tags(_ batch: SpanBatch, _ row: SpanRow) -> [Attribute] {
        var tags = batch.attributeList(row.attributes)
        let scope = batch.scopes[Int(row.scope)]
        func add(_ key: String, _ value: AttributeValue) {
            if tags[key] == nil { tags.append(Attribute(key, value)) }
        }
        if scope.name != 0 { add("otel.scope.name", .string(batch.symbols.string(scope.name))) }
        if scope.version != 0 { add("otel.scope.version", .string(batch.symbols.string(scope.version))) }
        if row.kind != .unspecified { add("span.kind", .string(row.kind.name)) }
        switch row.status {
        case .unset: break
        case .ok: add("otel.status_code", .string("OK"))
        case .error:
            add("otel.status_code", .string("ERROR"))
            add("error", .bool(true))
        }
        if row.statusMessage != 0 { add("otel.status_description", .string(batch.symbols.string(row.statusMessage))) }
        if row.traceState != 0 { add("w3c.tracestate", .string(batch.symbols.string(row.traceState))) }
        return tags
    }

    private static func write(_ tags: [Attribute], _ writer: inout JSONWriter) {
        writer.array { list in
            for tag in tags {
                list.object { object in
                    object.member("key", tag.key)
                    object.member("type", type(tag.value))
                    object.key("value")
                    write(tag.value, &object)
                }
            }
        }
    }

    private static func type(_ value: AttributeValue) -> String {
        switch value {
        case .bool: "bool"
        case .int: "int64"
        case .double: "float64"
        case .bytes: "binary"
        case .empty, .string, .array, .map: "string"
        }
    }

    private static func write(_ value: AttributeValue, _ writer: inout JSONWriter) {
        switch value {
        case .bool(let flag): writer.bool(flag)
        case .int(let number): writer.integer(number)
        case .double(let number) where number.isFinite: writer.double(number)
        default: writer.string(value.text)
        }
    }
}
