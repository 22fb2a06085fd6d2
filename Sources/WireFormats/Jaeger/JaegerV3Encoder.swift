import ByteCoding
import TelemetryModel

/// Writes the answers of Jaeger's query API version 3 as its HTTP gateway prints them: OTLP/JSON in `{"result":…}`,
/// 64-bit numbers as strings, fields with their default left away.
public enum JaegerV3Encoder {
    /// `{"result":{"resourceSpans":[…]}}` with the spans of all traces.
    public static func traces(_ traces: [SpanBatch]) -> [UInt8] {
        var writer = JSONWriter(capacity: OTLPTraceJSONEncoder.capacity(traces))
        writer.object { answer in
            answer.key("result")
            OTLPTraceJSONEncoder.write(traces, &answer)
        }
        return writer.bytes
    }

    /// `{"services":[…]}`
    public static func services(_ names: [String]) -> [UInt8] {
        list("services", names) { $0.string($1) }
    }

    /// `{"operations":[{"name":…,"spanKind":…}]}`; a kind that the sender did not say is called `internal`, as Jaeger does.
    public static func operations(_ operations: [(name: String, kind: SpanKind)]) -> [UInt8] {
        list("operations", operations) { writer, operation in
            writer.object {
                $0.member("name", operation.name)
                $0.member("spanKind", (operation.kind == .unspecified ? .internal : operation.kind).name)
            }
        }
    }

    /// `{"dependencies":[{"parent":…,"child":…,"callCount":"…"}]}`
    public static func dependencies(_ links: [(parent: String, child: String, callCount: UInt64)]) -> [UInt8] {
        list("dependencies", links) { writer, link in
            writer.object {
                $0.member("parent", link.parent)
                $0.member("child", link.child)
                $0.member("callCount", String(link.callCount))
            }
        }
    }

    /// `{"summaries":[…]}`
    public static func summaries(_ summaries: [JaegerTraceSummary]) -> [UInt8] {
        list("summaries", summaries) { writer, summary in
            writer.object {
                $0.member("traceId", summary.traceID.description)
                text("rootServiceName", summary.rootServiceName, &$0)
                text("rootOperationName", summary.rootOperationName, &$0)
                if summary.start != 0 { $0.member("minStartTimeUnixNano", String(summary.start)) }
                if summary.end != 0 { $0.member("maxEndTimeUnixNano", String(summary.end)) }
                count("spanCount", summary.spanCount, &$0)
                count("errorSpanCount", summary.errorCount, &$0)
                count("orphanSpanCount", summary.orphanCount, &$0)
                $0.key("services")
                $0.array { services in for service in summary.services { write(service, &services) } }
            }
        }
    }

    /// `{"error":{"httpCode":…,"message":…}}`
    public static func failure(code: Int, _ message: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { answer in
            answer.key("error")
            answer.object {
                $0.member("httpCode", code)
                $0.member("message", message)
            }
        }
        return writer.bytes
    }

    // MARK: - Parts

    private static func list<Item>(_ name: String, _ items: [Item], _ write: (inout JSONWriter, Item) -> Void) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { answer in
            answer.key(name)
            answer.array { list in for item in items { write(&list, item) } }
        }
        return writer.bytes
    }

    private static func write(_ service: JaegerTraceSummary.Service, _ writer: inout JSONWriter) {
        writer.object {
            text("name", service.name, &$0)
            count("spanCount", service.spanCount, &$0)
            count("errorSpanCount", service.errorCount, &$0)
        }
    }

    private static func text(_ name: String, _ text: String, _ object: inout JSONWriter) {
        if !text.isEmpty { object.member(name, text) }
    }

    private static func count(_ name: String, _ number: Int, _ object: inout JSONWriter) {
        if number != 0 { object.member(name, number) }
    }
}
