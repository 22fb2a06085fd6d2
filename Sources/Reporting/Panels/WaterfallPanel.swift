import Answers
import Foundation

/// The spans of a trace on their time axis.
enum WaterfallPanel {
    /// How many spans are drawn; the rest is counted.
    static let spanLimit = 2_000

    static func html(_ answer: TraceAnswer, links: PageLinks) -> String {
        let total = max(answer.spans.map { $0.offsetSeconds + $0.durationSeconds }.max() ?? 0, 1e-9)
        let colours = Dictionary(
            answer.services.enumerated().map { ($0.element, $0.offset % 8) }, uniquingKeysWith: { first, _ in first })
        var html =
            "<p class=\"none\">\(answer.spans.count) spans of \(answer.services.count) services in \(Quantity.duration(answer.durationSeconds))"
        html += answer.errors > 0 ? ", \(answer.errors) failed" : ""
        html += answer.missingParents.isEmpty ? "" : ", \(answer.missingParents.count) parents are missing"
        html += ". A line below a bar marks the critical path.</p><div class=\"legend\">"
        html += answer.services.map { name in
            let text = links.href(.service(name)).map { "<a href=\"\(HTMLText.escaped($0))\">\(HTMLText.escaped(name))</a>" }
            return "<span><i class=\"l\(colours[name] ?? 0)\"></i>\(text ?? HTMLText.escaped(name))</span>"
        }.joined()
        html += "</div>"
        let critical = Dictionary(grouping: answer.criticalPath, by: \.spanID)
        for span in answer.spans.prefix(spanLimit) {
            html += row(span, total: total, colour: colours[span.service] ?? 0, critical: critical[span.spanID] ?? [])
        }
        if answer.spans.count > spanLimit { html += "<p class=\"none\">and \(answer.spans.count - spanLimit) more spans</p>" }
        return html
    }

    private static func row(_ span: TraceSpan, total: Double, colour: Int, critical: [CriticalSegment]) -> String {
        let left = percent(span.offsetSeconds, total)
        let width = percent(span.durationSeconds, total)
        let failed = span.status == "error" ? " class=\"failed\"" : ""
        let mark = (span.asynchronous ? "⤳ " : "") + (span.missingParent ? "⚠ " : "")
        let indent = min(span.depth, 40) * 12
        var html = "<div class=\"span\"><details><summary style=\"padding-left:\(indent)px\"\(failed)>"
        html +=
            "\(mark)<b>\(HTMLText.escaped(HTMLText.shortened(span.service, 40)))</b> \(HTMLText.escaped(HTMLText.shortened(span.operation, 120)))</summary>"
        html += details(span) + "</details><div class=\"track\">"
        html += "<i class=\"l\(colour)\" style=\"left:\(left)%;width:\(width)%\"></i>"
        for segment in critical {
            let length = percent(segment.toSeconds - segment.fromSeconds, total)
            html += "<i class=\"critical\" style=\"left:\(percent(segment.fromSeconds, total))%;width:\(length)%\"></i>"
        }
        // The duration stands right of its bar, or left of it near the right edge.
        let end = (span.offsetSeconds + span.durationSeconds) / total
        let place =
            end < 0.8
            ? "left:\(percent(span.offsetSeconds + span.durationSeconds, total))%"
            : "right:\(percent(total - span.offsetSeconds, total))%"
        return html + "<em style=\"\(place)\">\(Quantity.duration(span.durationSeconds))</em></div></div>"
    }

    private static func percent(_ value: Double, _ total: Double) -> String {
        String(format: "%.2f", min(max(value / total, 0), 1) * 100)
    }

    private static func details(_ span: TraceSpan) -> String {
        var entries = [
            ("span", span.spanID), ("kind", span.kind), ("start", span.start), ("self time", Quantity.duration(span.selfSeconds)),
        ]
        if let parent = span.parentSpanID { entries.append(("parent", parent)) }
        if span.clockOffsetSeconds != 0 { entries.append(("clock corrected by", Quantity.duration(span.clockOffsetSeconds))) }
        if !span.statusMessage.isEmpty { entries.append(("status", span.statusMessage)) }
        if !span.instance.isEmpty { entries.append(("instance", span.instance)) }
        if !span.host.isEmpty { entries.append(("host", span.host)) }
        entries += span.attributes.map { ($0.key, $0.value) }
        for event in span.events {
            let text = event.attributes.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
            entries.append(("event at \(Quantity.duration(event.offsetSeconds))", event.name + (text.isEmpty ? "" : " · " + text)))
        }
        entries += span.links.map { ("link", "\($0.traceID) \($0.spanID)") }
        let rows = entries.map { "<dt>\(HTMLText.escaped($0))</dt><dd>\(HTMLText.escaped(HTMLText.shortened($1, 4_000)))</dd>" }
        return "<dl>\(rows.joined())</dl>"
    }
}
