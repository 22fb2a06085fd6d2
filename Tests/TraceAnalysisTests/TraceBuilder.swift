import TelemetryModel
import TraceAnalysis

/// Makes small traces for tests: ids count from 1, times are nanoseconds.
struct TraceBuilder {
    var batch = SpanBatch()
    var trace = TraceID(high: 0, low: 1)

    @discardableResult
    mutating func span(
        _ id: UInt64, parent: UInt64 = 0, _ service: String = "shop", _ name: String = "op", _ kind: SpanKind = .internal,
        from: UInt64 = 0, to: UInt64 = 100, status: SpanStatus = .unset, side: SpanSide = .own, resource: [Attribute] = [],
        links: [SpanLink] = [], _ attributes: [Attribute] = []
    ) -> Int {
        var span = Span(
            traceID: trace, spanID: SpanID(id), parentSpanID: SpanID(parent), name: name, kind: kind, start: from, end: to,
            status: status, attributes: attributes, resource: Resource(attributes: [Attribute("service.name", service)] + resource))
        span.side = side
        span.links = links
        batch.append(span)
        return batch.count - 1
    }

    /// The tree's nodes as ids: each with its parent's, 0 for a root.
    static func parents(_ tree: TraceTree, _ batch: SpanBatch) -> [UInt64: UInt64] {
        var parents: [UInt64: UInt64] = [:]
        for node in 0..<tree.count {
            let parent = Int(tree.parents[node])
            parents[batch.rows[tree.rows[node]].spanID.value] = parent < 0 ? 0 : batch.rows[tree.rows[parent]].spanID.value
        }
        return parents
    }
}
