import Answers

/// One trace drawn as lines of text.
///
/// Each line is a span: a mark, service and operation indented by depth, duration, and a bar over the time of the trace,
/// thick where the trace waited for the span.
struct Waterfall {
    private let trace: TraceAnswer
    private let width: Int
    private let segments: [String: [CriticalSegment]]

    private static let durationColumns = 8
    private static let deepestIndent = 20

    init(_ trace: TraceAnswer, width: Int) {
        self.trace = trace
        self.width = max(60, width)
        segments = Dictionary(grouping: trace.criticalPath, by: \.spanID)
    }

    /// The drawing with at most so many spans.
    func lines(spanLimit: Int) -> [String] {
        var lines = [
            "trace \(TerminalText.safe(trace.traceID))", summary,
            "━ waited for  ─ not  ✗ failed  ~ asynchronous  ? its parent is missing", "",
        ]
        lines += trace.spans.prefix(spanLimit).map(line)
        if trace.spans.count > spanLimit {
            lines.append("… and \(trace.spans.count - spanLimit) more; --spans \(trace.spans.count) shows all")
        }
        return lines
    }

    private var summary: String {
        let parts = [
            QuantityText.duration(trace.durationSeconds), Self.counted(trace.spans.count, "span"),
            Self.counted(trace.services.count, "service"), Self.counted(trace.errors, "error"),
        ]
        return parts.joined(separator: " · ")
    }

    static func counted(_ count: Int, _ what: String) -> String { "\(count) \(what)\(count == 1 ? "" : "s")" }

    private func line(_ span: TraceSpan) -> String {
        let mark = span.status == "error" ? "✗" : span.missingParent ? "?" : span.asynchronous ? "~" : " "
        let nameColumns = (width - Self.durationColumns - 4) / 2
        let indent = String(repeating: " ", count: min(span.depth * 2, Self.deepestIndent))
        let name = TerminalText.fitted("\(indent)\(span.service) \(span.operation)", nameColumns)
        let duration = TerminalText.fitted(QuantityText.duration(span.durationSeconds), Self.durationColumns, alignsRight: true)
        let bar = bar(span, columns: width - nameColumns - Self.durationColumns - 4)
        return "\(mark) \(name) \(duration) \(bar)"
    }

    /// A bar as long as the span, at least one column.
    private func bar(_ span: TraceSpan, columns: Int) -> String {
        let total = trace.durationSeconds
        guard total > 0, total.isFinite else { return "━" }
        func column(_ seconds: Double) -> Int {
            let share = seconds / total
            return share.isFinite ? Int((min(max(share, 0), 1) * Double(columns)).rounded()) : 0
        }
        let first = min(columns - 1, column(span.offsetSeconds))
        let last = max(first + 1, column(span.offsetSeconds + span.durationSeconds))
        var cells = [Character](repeating: "─", count: last - first)
        for segment in segments[span.spanID] ?? [] {
            let from = max(first, min(last - 1, column(segment.fromSeconds)))
            for index in from..<max(from + 1, min(last, column(segment.toSeconds))) { cells[index - first] = "━" }
        }
        return String(repeating: " ", count: first) + String(cells)
    }
}
