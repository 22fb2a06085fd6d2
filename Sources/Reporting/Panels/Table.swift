/// A table on its way into a page; the template escapes every text.
struct Table {
    /// How a column or cell looks.
    enum Kind: String {
        case name, number, code, bad, good
    }

    struct Cell {
        var text: String
        var kind: Kind?
        var title: String?
        var href: String?
        /// A bar before the text, 0...1.
        var share: Double?
        /// Steps to the right.
        var depth = 0

        init(_ text: String, kind: Kind? = nil, title: String? = nil, href: String? = nil, share: Double? = nil, depth: Int = 0) {
            self.text = text
            self.kind = kind
            self.title = title
            self.href = href
            self.share = share
            self.depth = depth
        }
    }

    var columns: [(text: String, kind: Kind)]
    var rows: [[Cell]]

    /// The table in the form that the template reads.
    var context: [String: Any] {
        [
            "columns": columns.map { ["text": $0.text, "kind": $0.kind.rawValue] },
            "rows": rows.map { row in
                ["cells": zip(row, columns).map { cell, column in Self.context(cell, column.kind) }]
            },
        ]
    }

    private static func context(_ cell: Cell, _ column: Kind) -> [String: Any] {
        var context: [String: Any] = ["text": HTMLText.visible(cell.text), "kind": (cell.kind ?? column).rawValue]
        if let title = cell.title { context["title"] = HTMLText.visible(title) }
        if let href = cell.href { context["href"] = href }
        if let share = cell.share, share.isFinite { context["bar"] = "\(Int((min(max(share, 0), 1) * 100).rounded()))" }
        if cell.depth > 0 { context["indent"] = "\(min(cell.depth, 40) * 14)" }
        return context
    }

    /// A count of failures, marked when there are any.
    static func errors(_ errors: UInt64, of calls: UInt64) -> Cell {
        if errors == 0 { return Cell("0", kind: .number) }
        return Cell("\(Quantity.count(errors)) (\(Quantity.percent(Double(errors) / Double(max(calls, 1)))))", kind: .bad)
    }
}
