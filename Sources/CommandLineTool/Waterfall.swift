import Answers

/// One trace drawn as lines of text.
///
/// Each line is a span, or several that are alike: a mark, service and operation indented by depth, duration, time without
/// children, and a bar over the time of the trace, thick where the trace waited for the span. A statement or the reason of a
/// failure stands on a line of its own below.
struct Waterfall {
    private let trace: TraceAnswer
    private let width: Int
    private let paint: Paint
    private let segments: [String: [CriticalSegment]]
    private let placeOfService: [String: Int]

    private static let durationColumns = 8
    private static let narrowest = 60
    /// Deeper spans are not indented further, their depth is written out.
    private static let deepestIndent = 10
    /// Services whose clocks are told, and missing parents that are named.
    private static let listedCount = 4

    init(_ trace: TraceAnswer, width: Int, paint: Paint = Paint()) {
        self.trace = trace
        self.width = max(Self.narrowest, width)
        self.paint = paint
        segments = Dictionary(grouping: trace.criticalPath, by: \.spanID)
        placeOfService = Dictionary(trace.services.enumerated().map { ($0.element, $0.offset) }) { first, _ in first }
    }

    private var nameColumns: Int { (width - 2 * (Self.durationColumns + 1) - 2) * 4 / 7 }
    private var barColumns: Int { width - 2 - nameColumns - 2 * (Self.durationColumns + 1) - 1 }

    /// The drawing with at most so many lines of spans.
    func lines(spanLimit: Int, folds: Bool = true) -> [String] {
        let tree = WaterfallTree(trace.spans, folds: folds, lineLimit: spanLimit)
        var lines = head + [axis]
        for line in tree.lines { lines += drawn(line) }
        if tree.hiddenCount > 0 {
            let count = Self.counted(tree.hiddenCount, "more span")
            lines.append("… and \(count); --spans \(min(trace.spans.count, spanLimit * 10)) shows more lines")
        }
        return lines
    }

    static func counted(_ count: Int, _ what: String) -> String { "\(count) \(what)\(count == 1 ? "" : "s")" }

    // MARK: - Head

    private var head: [String] {
        let parts = [
            QuantityText.duration(trace.durationSeconds), Self.counted(trace.spans.count, "span"),
            Self.counted(trace.services.count, "service"), Self.counted(trace.errors, "error"), "from \(trace.range.from)",
        ]
        var lines = ["trace \(TerminalText.safe(trace.traceID))", fitted(parts.joined(separator: " · "))]
        if !trace.missingParents.isEmpty {
            let named = trace.missingParents.prefix(Self.listedCount).joined(separator: ", ")
            let more = trace.missingParents.count > Self.listedCount ? ", …" : ""
            let what = Self.counted(trace.missingParents.count, "parent")
            lines.append(
                fitted("\(what) that spans name \(trace.missingParents.count == 1 ? "is" : "are") missing: \(named)\(more)"))
        }
        if let clocks { lines.append(fitted(clocks)) }
        return lines + ["━ waited for  ─ not  ✗ failed  ~ asynchronous  ? its parent is missing", ""]
    }

    /// Which clocks were found to be wrong, by how much.
    private var clocks: String? {
        var largest: [String: Double] = [:]
        for span in trace.spans where span.clockOffsetSeconds != 0 {
            if abs(span.clockOffsetSeconds) > abs(largest[span.service] ?? 0) { largest[span.service] = span.clockOffsetSeconds }
        }
        if largest.isEmpty { return nil }
        let sorted = largest.sorted { (abs($1.value), $0.key) < (abs($0.value), $1.key) }
        let texts = sorted.prefix(Self.listedCount).map { service, seconds in
            "\(service) by \(seconds > 0 ? "+" : "")\(QuantityText.duration(seconds))"
        }
        return "clocks corrected: \(texts.joined(separator: ", "))\(largest.count > Self.listedCount ? ", …" : "")"
    }

    private func fitted(_ text: String) -> String { TerminalText.shortened(text, width) }

    private var axis: String {
        let end = QuantityText.duration(trace.durationSeconds)
        let titles =
            "  " + TerminalText.fitted("SERVICE OPERATION", nameColumns) + " "
            + TerminalText.fitted("TOOK", Self.durationColumns, alignsRight: true) + " "
            + TerminalText.fitted("SELF", Self.durationColumns, alignsRight: true) + " "
        return titles + "0" + TerminalText.fitted(end, barColumns - 1, alignsRight: true)
    }

    // MARK: - Lines

    private func drawn(_ line: WaterfallTree.Line) -> [String] {
        let members = line.spans.map { trace.spans[$0] }
        let span = members[0]
        let hasFailed = span.status == "error"
        let mark = hasFailed ? paint.failure("✗") : span.missingParent ? "?" : span.asynchronous ? "~" : " "
        let took = QuantityText.duration(members.reduce(0) { $0 + $1.durationSeconds })
        let own = QuantityText.duration(members.reduce(0) { $0 + $1.selfSeconds })
        let columns = [
            mark, name(span, line.depth, count: members.count),
            TerminalText.fitted(took, Self.durationColumns, alignsRight: true),
            paint.faint(TerminalText.fitted(own, Self.durationColumns, alignsRight: true)), bar(members, span.service),
        ]
        var lines = [columns.joined(separator: " ")]
        if hasFailed, !span.statusMessage.isEmpty {
            lines.append(paint.failure(detail("✗ " + span.statusMessage, line.depth)))
        }
        if !line.statement.isEmpty { lines.append(paint.faint(detail("» " + line.statement, line.depth))) }
        return lines
    }

    private static func indent(_ depth: Int) -> String {
        String(repeating: "  ", count: min(depth, deepestIndent)) + (depth > deepestIndent ? "›\(depth) " : "")
    }

    private func name(_ span: TraceSpan, _ depth: Int, count: Int) -> String {
        let times = count > 1 ? " ×\(count)" : ""
        let indent = Self.indent(depth)
        let service = TerminalText.safe(span.service)
        // The number of a folded line stays readable however long the name is.
        let text = TerminalText.shortened("\(indent)\(span.service) \(span.operation)", nameColumns - TerminalText.width(times))
        let fitted = TerminalText.fitted(text + times, nameColumns)
        guard paint.isOn, fitted.hasPrefix(indent + service) else { return fitted }
        return indent + paint.service(placeOfService[span.service] ?? 0, service) + fitted.dropFirst((indent + service).count)
    }

    private func detail(_ text: String, _ depth: Int) -> String {
        TerminalText.shortened("  " + Self.indent(min(depth, Self.deepestIndent)) + "  " + text, width)
    }

    /// A bar from start to end of each span, at least one column.
    private func bar(_ spans: [TraceSpan], _ service: String) -> String {
        var cells = [Character](repeating: " ", count: barColumns)
        for span in spans { draw(span, into: &cells) }
        while cells.last == " " { cells.removeLast() }
        return paint.service(placeOfService[service] ?? 0, String(cells))
    }

    private func draw(_ span: TraceSpan, into cells: inout [Character]) {
        let total = trace.durationSeconds
        func column(_ seconds: Double) -> Int {
            let share = seconds / total
            return share.isFinite ? Int((min(max(share, 0), 1) * Double(barColumns)).rounded()) : 0
        }
        let first = min(barColumns - 1, column(span.offsetSeconds))
        let last = max(first + 1, column(span.offsetSeconds + span.durationSeconds))
        for index in first..<last where cells[index] == " " { cells[index] = "─" }
        for segment in segments[span.spanID] ?? [] {
            let from = max(first, min(last - 1, column(segment.fromSeconds)))
            for index in from..<max(from + 1, min(last, column(segment.toSeconds))) { cells[index] = "━" }
        }
    }
}
