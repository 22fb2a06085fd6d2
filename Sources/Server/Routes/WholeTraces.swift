import Storage
import TelemetryModel

/// Reads whole traces for an answer, within bounds.
enum WholeTraces {
    /// How many traces are asked of the store at once.
    static let chunkSize = 64
    /// The most spans of one answer.
    static let spanLimit = 1_000_000

    /// The traces of these ids; unknown ones are left away. Throws a 422 when they have more than ``spanLimit`` spans. Blocks.
    static func read(_ ids: [TraceID], _ store: any TraceReader) throws -> [SpanBatch] {
        var traces: [SpanBatch] = []
        var spanCount = 0
        try forEach(ids, store) { trace in
            spanCount += trace.count
            if spanCount > spanLimit {
                throw APIError(
                    .unprocessableContent, code: "limit_exceeded",
                    "The traces found have more than \(spanLimit) spans together. Ask for fewer of them, or for one by its id.")
            }
            traces.append(trace)
        }
        return traces
    }

    /// Calls `body` with one trace after the other, never holding more than ``chunkSize`` of them. Blocks.
    static func forEach(_ ids: [TraceID], _ store: any TraceReader, _ body: (SpanBatch) throws -> Void) throws {
        for start in stride(from: 0, to: ids.count, by: chunkSize) {
            let chunk = Array(ids[start..<min(start + chunkSize, ids.count)])
            for trace in try store.traces(chunk) where !trace.isEmpty { try body(trace) }
        }
    }
}
