import Answers
import Foundation

/// Who calls whom: services in columns by their distance from the outside, calls as curves between them.
struct ServiceMapChart {
    private static let nodeWidth = 200.0
    private static let nodeHeight = 52.0
    private static let columnGap = 130.0
    private static let rowGap = 22.0
    /// How many nodes are drawn; the rest is counted below the map.
    static let nodeLimit = 60

    let services: [String: ServiceSummary]
    let edges: [DependencyEdge]
    let seconds: Double
    let links: PageLinks

    /// The map as HTML.
    var html: String {
        let all = Set(services.keys).union(edges.flatMap { [$0.caller, $0.callee] })
        if all.isEmpty { return "<p class=\"none\">No calls in this range.</p>" }
        let busiest = all.sorted { (weight($0), $1) > (weight($1), $0) }
        let drawn = Set(busiest.prefix(Self.nodeLimit))
        let inner = edges.filter { drawn.contains($0.caller) && drawn.contains($0.callee) }
        let places = layout(drawn, inner)
        let right = places.values.map(\.x).max() ?? 0
        let below = places.values.map(\.y).max() ?? 0
        let body = inner.map { edge($0, places) }.joined() + drawn.sorted().map { node($0, places) }.joined()
        let width = right + Self.nodeWidth + 20
        let height = below + Self.nodeHeight + 20
        let note = all.count > drawn.count ? "<p class=\"none\">and \(all.count - drawn.count) more with fewer calls</p>" : ""
        return
            "<div class=\"scroll\"><svg viewBox=\"0 0 \(Int(width)) \(Int(height))\" width=\"\(Int(width))\" role=\"img\">\(body)</svg></div>"
            + note
    }

    private func weight(_ name: String) -> UInt64 {
        edges.reduce(services[name]?.calls ?? 0) { $0 &+ ($1.caller == name || $1.callee == name ? $1.calls : 0) }
    }

    /// Columns by the longest way from a service that nobody calls, as far as there are no cycles; rows by the callers' rows.
    private func layout(_ names: Set<String>, _ edges: [DependencyEdge]) -> [String: (x: Double, y: Double)] {
        let called = Set(edges.filter { $0.caller != $0.callee }.map(\.callee))
        var column: [String: Int] = [:]
        for name in names where !called.contains(name) { column[name] = 0 }
        if column.isEmpty, let first = names.min() { column[first] = 0 }
        // As many rounds as there are nodes settle every way without a cycle; a cycle ends with them.
        for _ in 0..<min(names.count, Self.nodeLimit) {
            var changed = false
            for edge in edges where edge.caller != edge.callee {
                guard let from = column[edge.caller], from + 1 < names.count, (column[edge.callee] ?? -1) < from + 1, from < 8
                else { continue }
                column[edge.callee] = from + 1
                changed = true
            }
            if !changed { break }
        }
        var places: [String: (x: Double, y: Double)] = [:]
        let columns = Dictionary(grouping: names) { column[$0] ?? 0 }
        for index in columns.keys.sorted() {
            let ordered = (columns[index] ?? []).sorted { a, b in
                let (rowA, rowB) = (callerRow(a, edges, places), callerRow(b, edges, places))
                return rowA != rowB ? rowA < rowB : a < b
            }
            for (row, name) in ordered.enumerated() {
                // Every other column stands half a row lower, so that an edge over it does not hide behind a box.
                let shift = index % 2 == 0 ? 0 : (Self.nodeHeight + Self.rowGap) / 2
                let y = 14 + shift + Double(row) * (Self.nodeHeight + Self.rowGap)
                places[name] = (10 + Double(index) * (Self.nodeWidth + Self.columnGap), y)
            }
        }
        return places
    }

    private func callerRow(_ name: String, _ edges: [DependencyEdge], _ places: [String: (x: Double, y: Double)]) -> Double {
        let rows = edges.filter { $0.callee == name }.compactMap { places[$0.caller]?.y }
        return rows.isEmpty ? 0 : rows.reduce(0, +) / Double(rows.count)
    }

    private func edge(_ edge: DependencyEdge, _ places: [String: (x: Double, y: Double)]) -> String {
        guard let a = places[edge.caller], let b = places[edge.callee] else { return "" }
        let rate = Double(edge.calls) / max(seconds, 1)
        let isTrouble = Double(edge.errors) > 0.01 * Double(edge.calls)
        let title = HTMLText.escaped(
            "\(edge.caller) → \(edge.callee): \(Quantity.count(edge.calls)) calls, \(Quantity.count(edge.errors)) errors, p95 \(Quantity.duration(edge.p95Seconds))"
        )
        let width = min(6, 1.2 + log10(1 + rate) * 1.6)
        let kind = (isTrouble ? " trouble" : "") + (edge.kind == "messaging" ? " async" : "")
        let (x1, y1) = (a.x + Self.nodeWidth, a.y + Self.nodeHeight / 2)
        let (x2, y2) = (b.x, b.y + Self.nodeHeight / 2)
        let bend = max(40, abs(x2 - x1) / 2)
        let path = "M\(Int(x1)) \(Int(y1))C\(Int(x1 + bend)) \(Int(y1)) \(Int(x2 - bend)) \(Int(y2)) \(Int(x2)) \(Int(y2))"
        // Near the callee curves have spread, so labels seldom meet.
        let (labelX, labelY) = (x1 + (x2 - x1) * 0.66, y1 + (y2 - y1) * 0.8 - 5)
        return
            "<g><title>\(title)</title><path class=\"edge\(kind)\" stroke-width=\"\(String(format: "%.1f", width))\" d=\"\(path)\"/>"
            + "<text x=\"\(Int(labelX))\" y=\"\(Int(labelY))\" text-anchor=\"middle\">\(Quantity.text(rate, .perSecond))</text></g>"
    }

    private func node(_ name: String, _ places: [String: (x: Double, y: Double)]) -> String {
        guard let place = places[name] else { return "" }
        let summary = services[name]
        let errorShare = summary.map { $0.calls > 0 ? Double($0.errors) / Double($0.calls) : 0 } ?? 0
        let layer = summary?.layer ?? .external
        let kind =
            (layer == .database || layer == .cache || layer == .queue ? " data" : layer == .external ? " far" : "")
            + (errorShare > 0.01 ? " trouble" : "")
        var text =
            "<text class=\"strong\" x=\"\(Int(place.x) + 10)\" y=\"\(Int(place.y) + 20)\">\(HTMLText.escaped(HTMLText.shortened(name, 22)))</text>"
        if let summary, summary.calls > 0 {
            let line =
                "\(Quantity.text(Double(summary.calls) / max(seconds, 1), .perSecond)) · p95 \(Quantity.duration(summary.p95Seconds))"
            text += "<text x=\"\(Int(place.x) + 10)\" y=\"\(Int(place.y) + 39)\">\(line)"
            if errorShare > 0 { text += "<tspan class=\"badtext\"> · \(Quantity.percent(errorShare))</tspan>" }
            text += "</text>"
        } else {
            text += "<text x=\"\(Int(place.x) + 10)\" y=\"\(Int(place.y) + 39)\">\(layer.rawValue)</text>"
        }
        let box =
            "<rect class=\"node\(kind)\" x=\"\(Int(place.x))\" y=\"\(Int(place.y))\" width=\"\(Int(Self.nodeWidth))\" height=\"\(Int(Self.nodeHeight))\" rx=\"8\"/>"
        let group = "<g><title>\(HTMLText.escaped(name))</title>\(box)\(text)</g>"
        guard let href = links.href(.service(name)), layer == .entry || layer == .service else { return group }
        return "<a href=\"\(HTMLText.escaped(href))\">\(group)</a>"
    }
}
