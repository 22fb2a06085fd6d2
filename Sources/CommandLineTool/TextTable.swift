/// Rows of text under a head, in columns that fit the terminal: the widest text column gives way.
struct TextTable {
    /// A column.
    struct Column {
        var title: String
        /// Numbers stand on the right and are never cut.
        var isNumber = false
        /// A name that must be repeated as it is, such as a label's; other titles are in capitals.
        var isName = false
    }

    private let columns: [Column]
    private var rows: [[String]] = []
    /// Blanks between columns.
    static let gap = 2
    /// A column of text keeps at least this width.
    static let narrowest = 8

    init(_ columns: [Column]) { self.columns = columns }

    mutating func add(_ row: [String]) { rows.append(row.map(TerminalText.safe)) }

    /// The lines, without blanks at their ends.
    func lines(width: Int) -> [String] {
        let widths = widths(within: width)
        let head = columns.map { $0.isName ? TerminalText.safe($0.title) : $0.title.uppercased() }
        return ([head] + rows).map { row in
            let cells = row.indices.map { index in
                TerminalText.fitted(row[index], widths[index], alignsRight: columns[index].isNumber)
            }
            return Self.trimmed(cells.joined(separator: String(repeating: " ", count: Self.gap)))
        }
    }

    private func widths(within width: Int) -> [Int] {
        var widths = columns.indices.map { index in
            rows.reduce(TerminalText.width(columns[index].title)) { max($0, TerminalText.width($1[index])) }
        }
        var excess = widths.reduce(0, +) + Self.gap * (columns.count - 1) - width
        while excess > 0 {
            let flexible = columns.indices.filter { !columns[$0].isNumber && widths[$0] > Self.narrowest }
            guard let widest = flexible.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }

    private static func trimmed(_ line: String) -> String {
        var line = line[...]
        while line.hasSuffix(" ") { line.removeLast() }
        return String(line)
    }
}
