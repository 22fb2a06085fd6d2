import ByteCoding
import TelemetryModel

/// Writes the answers of Jaeger's first query API (`/api/services`, `/api/operations`, `/api/traces`, `/api/dependencies`),
/// which its page and Grafana's data source read.
public enum JaegerEncoder {
    /// An answer with traces, each in a batch of its own, and the ids that were asked for and are not known. With `isRaw`
    /// the ids of spans are shown as they are stored, and links that lead nowhere as well.
    public static func traces(_ traces: [SpanBatch], isRaw: Bool = false, missing: [TraceID] = []) -> [UInt8] {
        // With a dozen attributes of a span and two dozen of a resource there is room for everything; more is made if need be.
        var writer = JSONWriter(capacity: traces.reduce(256) { $0 + $1.count * 1536 + $1.resources.count * 2048 })
        writer.object { answer in
            answer.key("data")
            answer.array { list in for trace in traces { JaegerTraceWriter(trace, isRaw: isRaw).write(&list) } }
            // Jaeger counts names, not traces.
            page(total: 0, &answer)
            answer.key("errors")
            if missing.isEmpty {
                answer.null()
            } else {
                answer.array { list in
                    for id in missing {
                        list.object {
                            $0.member("msg", notFound)
                            $0.member("traceID", id.shortestDescription)
                        }
                    }
                }
            }
        }
        return writer.bytes
    }

    /// What Jaeger says of a trace that it does not know.
    public static let notFound = "trace not found"

    /// An answer with names, as `/api/services` and `/api/services/{service}/operations` give it.
    public static func names(_ names: [String]) -> [UInt8] {
        list(names, total: names.count) { $0.string($1) }
    }

    /// An answer with operations and their kinds; "" for a kind that the sender did not say.
    public static func operations(_ operations: [(name: String, kind: SpanKind)]) -> [UInt8] {
        list(operations, total: operations.count) { writer, operation in
            writer.object {
                $0.member("name", operation.name)
                $0.member("spanKind", operation.kind == .unspecified ? "" : operation.kind.name)
            }
        }
    }

    /// An answer with calls between services.
    public static func dependencies(_ links: [(parent: String, child: String, callCount: UInt64)]) -> [UInt8] {
        list(links, total: 0) { writer, link in
            writer.object {
                $0.member("parent", link.parent)
                $0.member("child", link.child)
                $0.member("callCount", link.callCount)
            }
        }
    }

    /// An answer that only says what went wrong; `code` is the HTTP status.
    public static func failure(code: Int, _ message: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { answer in
            answer.key("data")
            answer.null()
            page(total: 0, &answer)
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

    // MARK: - Parts

    private static func list<Item>(_ items: [Item], total: Int, _ write: (inout JSONWriter, Item) -> Void) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { answer in
            answer.key("data")
            answer.array { list in for item in items { write(&list, item) } }
            page(total: total, &answer)
            answer.key("errors")
            answer.null()
        }
        return writer.bytes
    }

    private static func page(total: Int, _ answer: inout JSONWriter) {
        answer.member("total", total)
        answer.member("limit", 0)
        answer.member("offset", 0)
    }
}
