/// Reads one SQL statement from left to right and prints its fingerprint.
struct SQLLexer {
    private let bytes: UnsafeRawBufferPointer
    private let dialect: StatementFingerprint.Dialect
    private var position = 0
    private var pendingBlank = false
    /// What was printed last, as far as the next token depends on it.
    private var last = Last.start
    private var lists = SQLLists()

    private enum Last {
        case start, name, keyword, literal, open, close, comma, sign
    }

    /// Words after which a sign belongs to the number behind it, and a bracket opens no call.
    private static let keywords: Set<String> = [
        "select", "where", "and", "or", "not", "in", "values", "set", "by", "then", "else", "when", "case", "return", "limit",
        "offset", "between", "like", "ilike", "on", "having", "is", "any", "all", "default", "interval", "top", "fetch", "using",
    ]
    private static let longestKeyword = 8

    init(_ bytes: UnsafeRawBufferPointer, _ dialect: StatementFingerprint.Dialect) {
        self.bytes = bytes
        self.dialect = dialect
    }

    private func byte(_ offset: Int = 0) -> UInt8 { position + offset < bytes.count ? bytes[position + offset] : 0 }

    mutating func run(into output: inout [UInt8]) {
        while position < bytes.count {
            let byte = bytes[position]
            if StatementByte.isSpace(byte) {
                position += 1
                pendingBlank = true
            } else if skipComment() {
                pendingBlank = true
            } else if StatementByte.startsWord(byte) {
                word(&output)
            } else if startsNumber(byte) {
                skipNumber()
                literal(&output)
            } else if !quoted(byte, &output), !placeholder(byte, &output) {
                symbol(byte, &output)
            }
        }
        while let end = output.last, end == UInt8(ascii: ";") || end == StatementByte.blank { output.removeLast() }
    }

    // MARK: - Comments

    private mutating func skipComment() -> Bool {
        switch (byte(), byte(1)) {
        case (UInt8(ascii: "-"), UInt8(ascii: "-")):
            // MySQL wants white space behind the dashes: `5--3` is a difference there.
            if dialect == .mysql, position + 2 < bytes.count, byte(2) > 0x20 { return false }
            skipLine()
        case (UInt8(ascii: "#"), _) where dialect == .mysql: skipLine()
        case (UInt8(ascii: "/"), UInt8(ascii: "*")): skipBlockComment()
        default: return false
        }
        return true
    }

    private mutating func skipLine() {
        while position < bytes.count, bytes[position] != 0x0A { position += 1 }
    }

    private mutating func skipBlockComment() {
        var depth = 1
        position += 2
        while position < bytes.count, depth > 0 {
            if byte() == UInt8(ascii: "*"), byte(1) == UInt8(ascii: "/") {
                depth -= 1
                position += 2
            } else if dialect == .postgresql, byte() == UInt8(ascii: "/"), byte(1) == UInt8(ascii: "*") {
                depth += 1
                position += 2
            } else {
                position += 1
            }
        }
        position = min(position, bytes.count)
    }

    // MARK: - Literals

    private func startsNumber(_ first: UInt8) -> Bool {
        if StatementByte.isDigit(first) { return true }
        if first == UInt8(ascii: ".") { return StatementByte.isDigit(byte(1)) && last != .name && last != .close }
        guard first == UInt8(ascii: "-") || first == UInt8(ascii: "+") else { return false }
        switch last {
        case .name, .literal, .close: return false
        case .start, .keyword, .open, .comma, .sign:
            return StatementByte.isDigit(byte(1)) || (byte(1) == UInt8(ascii: ".") && StatementByte.isDigit(byte(2)))
        }
    }

    private mutating func skipNumber() {
        position += 1
        while position < bytes.count {
            let current = bytes[position]
            let previous = bytes[position - 1] | 0x20
            let isSign = (current == UInt8(ascii: "-") || current == UInt8(ascii: "+")) && previous == UInt8(ascii: "e")
            if isSign ? !StatementByte.isDigit(byte(1)) : !StatementByte.isWord(current) && current != UInt8(ascii: ".") { return }
            position += 1
        }
    }

    private mutating func literal(_ output: inout [UInt8]) {
        lists.beforeToken(isWord: false, at: output.count)
        flushBlank(&output)
        output.append(StatementByte.question)
        last = .literal
    }

    /// Whether something quoted stood here: a string, or a name that is printed as it is.
    private mutating func quoted(_ first: UInt8, _ output: inout [UInt8]) -> Bool {
        switch first {
        case StatementByte.quote:
            skipQuoted(first, escapes: dialect == .mysql)
            literal(&output)
        case StatementByte.doubleQuote where dialect == .mysql:
            skipQuoted(first, escapes: true)
            literal(&output)
        case StatementByte.doubleQuote, UInt8(ascii: "`"):
            let start = position
            skipQuoted(first, escapes: false)
            name(start, &output)
        case UInt8(ascii: "[") where dialect == .sqlite:
            let start = position
            while position < bytes.count, bytes[position] != UInt8(ascii: "]") { position += 1 }
            position = min(position + 1, bytes.count)
            name(start, &output)
        case UInt8(ascii: "$") where dialect == .postgresql || dialect == .generic:
            guard skipDollarQuoted() else { return false }
            literal(&output)
        default: return false
        }
        return true
    }

    private mutating func skipQuoted(_ quote: UInt8, escapes: Bool) {
        position += 1
        while position < bytes.count {
            let current = bytes[position]
            position += 1
            if escapes, current == StatementByte.backslash {
                position += 1
            } else if current == quote {
                if byte() != quote { break }
                position += 1
            }
        }
        position = min(position, bytes.count)
    }

    private mutating func skipDollarQuoted() -> Bool {
        var end = position + 1
        while end < bytes.count, StatementByte.isWord(bytes[end]), bytes[end] != UInt8(ascii: "$") { end += 1 }
        guard end < bytes.count, bytes[end] == UInt8(ascii: "$"), !StatementByte.isDigit(byte(1)) else { return false }
        let tag = UnsafeRawBufferPointer(rebasing: bytes[position...end])
        position = end + 1
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "$"), bytes.count - position >= tag.count,
                UnsafeRawBufferPointer(rebasing: bytes[position..<position + tag.count]).elementsEqual(tag)
            {
                position += tag.count
                return true
            }
            position += 1
        }
        return true
    }

    /// `?`, `?1`, `:name`, `@name`, `$1`, `$name`, `%s`, `%(name)s`.
    private mutating func placeholder(_ first: UInt8, _ output: inout [UInt8]) -> Bool {
        let next = byte(1)
        switch first {
        case StatementByte.question: position += 1
        case UInt8(ascii: ":"):
            guard StatementByte.isWord(next), position == 0 || bytes[position - 1] != first else { return false }
            position += 1
        case UInt8(ascii: "@"):
            guard StatementByte.isWord(next), dialect != .mysql, position == 0 || bytes[position - 1] != first else { return false }
            position += 1
        case UInt8(ascii: "$"):
            guard StatementByte.isWord(next) else { return false }
            position += 1
        case UInt8(ascii: "%"):
            guard last != .name, last != .literal, last != .close else { return false }
            return driverPlaceholder(&output)
        default: return false
        }
        while StatementByte.isWord(byte()) { position += 1 }
        literal(&output)
        return true
    }

    private mutating func driverPlaceholder(_ output: inout [UInt8]) -> Bool {
        var end = position + 1
        if end < bytes.count, bytes[end] == UInt8(ascii: "(") {
            while end < bytes.count, bytes[end] != UInt8(ascii: ")") { end += 1 }
            end += 1
        }
        guard end < bytes.count, bytes[end] == UInt8(ascii: "s"), end + 1 == bytes.count || !StatementByte.isWord(bytes[end + 1])
        else { return false }
        position = end + 1
        literal(&output)
        return true
    }

    // MARK: - Words and signs

    private mutating func word(_ output: inout [UInt8]) {
        let start = position
        while position < bytes.count, StatementByte.isWord(bytes[position]) { position += 1 }
        let length = position - start
        if byte() == StatementByte.quote, length == 1, let prefix = Self.stringPrefixes[bytes[start] | 0x20] {
            skipQuoted(StatementByte.quote, escapes: dialect == .mysql || (prefix && dialect == .postgresql))
            literal(&output)
            return
        }
        guard length <= Self.longestKeyword else { return name(start, &output) }
        let lowercase = String(decoding: bytes[start..<position].map { $0 < 0x80 ? $0 | 0x20 : $0 }, as: UTF8.self)
        if lowercase == "true" || lowercase == "false" || (lowercase == "null" && lists.isInRow) {
            literal(&output)
        } else {
            name(start, &output)
            if Self.keywords.contains(lowercase) { last = .keyword }
            if lowercase == "in" { lists.expectValues() }
            if lowercase == "values" { lists.expectRows() }
        }
    }

    /// Letters before a quote that make it another kind of string, and whether a backslash escapes in it.
    private static let stringPrefixes: [UInt8: Bool] = [
        UInt8(ascii: "e"): true, UInt8(ascii: "b"): false, UInt8(ascii: "x"): false, UInt8(ascii: "n"): false,
    ]

    private mutating func name(_ start: Int, _ output: inout [UInt8]) {
        lists.beforeToken(isWord: true, at: output.count)
        flushBlank(&output)
        output.append(contentsOf: bytes[start..<position])
        last = .name
    }

    private mutating func symbol(_ byte: UInt8, _ output: inout [UInt8]) {
        position += 1
        switch byte {
        case UInt8(ascii: "("):
            flushBlank(&output)
            lists.open(at: output.count)
            output.append(byte)
            last = .open
        case UInt8(ascii: ")"):
            // A blank before the end of a list goes with it when the list is collapsed.
            let isCollapsed = lists.close(&output)
            if isCollapsed { pendingBlank = false } else { flushBlank(&output) }
            if !lists.rowWasDropped { output.append(byte) }
            lists.closed()
            last = .close
        case UInt8(ascii: ","):
            lists.comma(at: output.count)
            flushBlank(&output)
            output.append(byte)
            last = .comma
        default:
            lists.beforeToken(isWord: true, at: output.count)
            flushBlank(&output)
            output.append(byte)
            last = byte == UInt8(ascii: "]") ? .close : .sign
        }
    }

    private mutating func flushBlank(_ output: inout [UInt8]) {
        if pendingBlank, !output.isEmpty { output.append(StatementByte.blank) }
        pendingBlank = false
    }
}

/// Which lists of a statement are open, to print `IN (1, 2)` as `IN (?)` and only the first row of `VALUES`.
struct SQLLists {
    private struct List {
        /// Where its bracket stands in the output.
        var start: Int
        /// Whether it stands behind IN, or within such a list.
        var isValues: Bool
        /// Whether it is a row of VALUES, and not the first.
        var isLaterRow: Bool
        var isRow: Bool
        /// Nothing but literals, commas, and lists of such.
        var isPlain = true
        /// Where the first list within it ends.
        var firstEnd: Int?
    }

    private enum Rows { case none, first, after, later }

    private var open: [List] = []
    private var expectsValues = false
    private var rows = Rows.none
    private var rowsDepth = 0
    private var lastComma = 0
    private var wasLaterRow = false

    /// Lists deeper than this are printed as they are.
    private static let depthLimit = 1000

    /// Whether the token stands in a row of VALUES.
    var isInRow: Bool { open.last?.isRow ?? false }
    /// Whether the list closed just now is a row that is not printed.
    var rowWasDropped: Bool { wasLaterRow }

    mutating func expectValues() { expectsValues = true }

    mutating func expectRows() {
        rows = .first
        rowsDepth = open.count
    }

    /// Something that is neither bracket nor comma comes.
    mutating func beforeToken(isWord: Bool, at end: Int) {
        expectsValues = false
        if isWord, !open.isEmpty { open[open.count - 1].isPlain = false }
        if open.count == rowsDepth { rows = .none }
    }

    mutating func open(at start: Int) {
        guard open.count < Self.depthLimit else { return }
        let isRowLevel = open.count == rowsDepth
        let isFirst = isRowLevel && rows == .first
        let isLater = isRowLevel && rows == .later
        let isNested = open.last.map { $0.isValues && $0.isPlain } ?? false
        open.append(
            List(start: start, isValues: expectsValues || isNested, isLaterRow: isLater, isRow: isFirst || isLater))
        expectsValues = false
    }

    mutating func comma(at end: Int) {
        if open.count == rowsDepth, rows == .after {
            rows = .later
            lastComma = end
        }
    }

    /// Cuts the output of the list that ends here to its fingerprint; whether it did.
    mutating func close(_ output: inout [UInt8]) -> Bool {
        wasLaterRow = false
        guard let list = open.popLast() else { return false }
        if list.isLaterRow {
            output.removeSubrange(lastComma...)
            wasLaterRow = true
            return true
        }
        if list.isValues, list.isPlain {
            if let firstEnd = list.firstEnd {
                output.removeSubrange(firstEnd...)
            } else if output.count > list.start + 1 {
                output.removeSubrange((list.start + 1)...)
                output.append(StatementByte.question)
            }
            if !open.isEmpty, open[open.count - 1].firstEnd == nil { open[open.count - 1].firstEnd = output.count + 1 }
            return true
        }
        if !open.isEmpty { open[open.count - 1].isPlain = false }
        return false
    }

    /// The closing bracket has been printed, or left out.
    mutating func closed() {
        if open.count == rowsDepth, rows == .first || rows == .later { rows = .after }
    }
}
