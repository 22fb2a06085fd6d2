import TelemetryModel

/// Found traces as a table, latest first: when each began, by which service and operation, how long it took, its spans and
/// errors, and its id. Where a line is too narrow for the id, it stands on the next one.
struct SearchTable {
    private let traces: [JaegerReply.Trace]
    private let width: Int

    /// Columns that a table with ids needs.
    private static let wideColumns = 110

    /// A width of `Int.max` cuts nothing: whatever reads the lines can take them apart.
    init(_ reply: JaegerReply, width: Int) {
        traces = reply.data
        self.width = width
    }

    /// The head and a line or two for each trace.
    func lines(paint: Paint = Paint()) -> [String] {
        let isWide = width >= Self.wideColumns
        var table = TextTable(
            [
                .init(title: "time", isNumber: true), .init(title: "service"), .init(title: "operation"),
                .init(title: "took", isNumber: true), .init(title: "spans", isNumber: true), .init(title: "errors", isNumber: true),
            ] + (isWide ? [.init(title: "id", isNumber: true)] : []))
        let summaries = traces.map(TraceSummaryLine.init)
        for summary in summaries { table.add(summary.cells + (isWide ? [summary.id] : [])) }
        let lines = table.lines(width: width)
        return zip(lines.dropFirst(), summaries).reduce(into: Array(lines.prefix(1))) { result, pair in
            result.append(pair.1.errors > 0 ? paint.failure(pair.0) : pair.0)
            if !isWide { result.append(paint.faint("  " + TerminalText.shortened(pair.1.id, width - 2))) }
        }
    }
}

/// What is shown of a trace.
private struct TraceSummaryLine {
    var cells: [String]
    var id: String
    var errors: Int

    init(_ trace: JaegerReply.Trace) {
        let spans = trace.spans
        let first = spans.min { ($0.references?.count ?? 0, $0.startTime) < ($1.references?.count ?? 0, $1.startTime) }
        let begin = spans.map(\.startTime).min() ?? 0
        let end = spans.map { $0.startTime.addingReportingOverflow($0.duration).partialValue }.max() ?? 0
        errors = spans.count { span in span.tags?.contains { $0.key == "error" && $0.isTrue } ?? false }
        let (nanoseconds, overflow) = (begin / 1_000_000).multipliedReportingOverflow(by: 1_000_000_000)
        cells = [
            overflow ? "–" : RFC3339.text(nanoseconds: nanoseconds),
            first.flatMap { trace.processes[$0.processID]?.serviceName } ?? "",
            first?.operationName ?? "", QuantityText.duration(Double(end > begin ? end - begin : 0) / 1e6), String(spans.count),
            String(errors),
        ]
        id = trace.traceID
    }
}
