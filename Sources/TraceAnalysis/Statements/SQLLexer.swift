/// Reads one SQL statement from left to right and prints its fingerprint.
struct SQLLexer {
    let text: UnsafeRawBufferPointer
    let dialect: StatementFingerprint.Dialect
    var position = 0
    private var output: StatementOutput
    private var lists: SQLLists
    private var pendingBlank = false
    /// What was read last, as far as the next token depends on it.
    private(set) var last = Last.start
    /// Where signs are printed that would belong to a literal, and whether a blank stands before them; -1 if there are none.
    private var signStart = -1
    private var signBlank = false
    /// Within `/*! … */`, which MySQL executes.
    private var isInVersionedComment = false

    enum Last: UInt8 {
        /// A statement begins, or a value is expected behind what was read.
        case start, beforeValue, beforeTruth, open, comma, sign
        /// A dot or another sign behind which a word is a name.
        case dot
        case name, literal, close
    }

    /// The first of `levels` must be initialised; they must outlive this value, as must the memory of `output`.
    init(
        _ text: UnsafeRawBufferPointer, _ dialect: StatementFingerprint.Dialect, _ output: StatementOutput,
        _ levels: UnsafeMutableBufferPointer<SQLLists.Level>
    ) {
        self.text = text
        self.dialect = dialect
        self.output = output
        lists = SQLLists(levels)
    }

    @inline(__always)
    func byte(_ offset: Int = 0) -> UInt8 { position &+ offset < text.count ? text[position &+ offset] : 0 }

    /// Whether what was read last is an operand.
    private var isBehindOperand: Bool { last == .name || last == .literal || last == .close }

    /// Prints the fingerprint and tells its length.
    mutating func run() -> Int {
        while position < text.count {
            let byte = text[position]
            if StatementByte.isSpace(byte) {
                position &+= 1
                pendingBlank = true
            } else if StatementByte.isDigit(byte) {
                number()
            } else if StatementByte.isWord(byte), byte != UInt8(ascii: "$") {
                word()
            } else {
                sign(byte)
            }
        }
        while output.last == UInt8(ascii: ";") || output.last == StatementByte.blank { output.count -= 1 }
        return output.count
    }

    // MARK: - Printing

    private mutating func flushBlank() {
        if pendingBlank, output.count != lists.blankStop, output.count > 0 { output.append(StatementByte.blank) }
        pendingBlank = false
    }

    private mutating func literal() {
        if signStart >= 0 {
            output.count = signStart
            pendingBlank = signBlank
            signStart = -1
        }
        lists.token()
        flushBlank()
        output.append(StatementByte.question)
        last = .literal
    }

    private mutating func name(from start: Int, _ kind: Last = .name) {
        lists.token()
        signStart = -1
        flushBlank()
        output.append(text, from: start, to: position)
        last = kind
    }

    /// Prints the byte that comes.
    private mutating func symbol(_ kind: Last = .sign) {
        lists.token()
        signStart = -1
        flushBlank()
        output.append(text[position])
        position &+= 1
        last = kind
    }

    // MARK: - Words and numbers

    private mutating func word() {
        let start = position
        var packed: UInt64 = 0
        repeat {
            packed = packed &<< 8 | UInt64(text[position] | 0x20)
            position &+= 1
        } while position < text.count && StatementByte.isWord(text[position])
        let length = position &- start
        if length <= 2, prefixedString(packed, length) { return }
        let isName = last == .dot || length > 8 || (byte() == UInt8(ascii: ".") && !StatementByte.isDigit(byte(1)))
        switch isName ? .other : SQLWord(packed, length: length) {
        case .other: name(from: start)
        case .beforeValue: name(from: start, .beforeValue)
        case .beforeTruth: name(from: start, .beforeTruth)
        case .truth: if isBehindOperand || last == .beforeTruth { name(from: start) } else { literal() }
        case .list:
            name(from: start, .beforeValue)
            lists.expectsValues = true
        case .array:
            name(from: start)
            lists.expectsValues = true
        case .rows:
            name(from: start, .beforeValue)
            lists.expectRows()
        case .row: row(start)
        case .query:
            let place = output.count
            lists.query(at: place)
            name(from: start, .beforeValue)
        }
    }

    /// ROW does not end the rows of VALUES.
    private mutating func row(_ start: Int) {
        signStart = -1
        flushBlank()
        output.append(text, from: start, to: position)
        last = .beforeValue
    }

    /// Letters before a quote that make it another kind of string: `E'…'`, `N'…'`, `X'…'`, `B'…'`, `U&'…'`, Oracle's `q'[…]'`.
    private mutating func prefixedString(_ packed: UInt64, _ length: Int) -> Bool {
        let letter = UInt8(truncatingIfNeeded: packed)
        if length == 1, letter == UInt8(ascii: "u"), byte() == UInt8(ascii: "&"), byte(1) == StatementByte.quote {
            position &+= 1
            skipQuoted(StatementByte.quote, escapes: false)
            literal()
            return true
        }
        guard byte() == StatementByte.quote else { return false }
        if letter == UInt8(ascii: "q"), dialect == .generic, length == 1 || packed >> 8 == UInt64(UInt8(ascii: "n")) {
            skipAlternativeQuoted()
        } else if length == 1, letter == UInt8(ascii: "e") {
            skipQuoted(StatementByte.quote, escapes: dialect == .mysql || dialect == .postgresql)
        } else if length == 1, letter == UInt8(ascii: "n") || letter == UInt8(ascii: "x") || letter == UInt8(ascii: "b") {
            skipQuoted(StatementByte.quote, escapes: dialect == .mysql)
        } else {
            return false
        }
        literal()
        return true
    }

    /// A number, or a name that begins with digits.
    private mutating func number() {
        let start = position
        let end = SQLNumber.end(text, from: start)
        let isNumber = end == text.count || !StatementByte.isWord(text[end]) || text[start..<end].contains(UInt8(ascii: "."))
        if isNumber {
            position = end
            literal()
        } else {
            while position < text.count, StatementByte.isWord(text[position]) { position &+= 1 }
            name(from: start)
        }
    }

    // MARK: - Everything else

    private mutating func sign(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "("): open(lists.expectsValues)
        case UInt8(ascii: ")"), UInt8(ascii: "]"): close()
        case UInt8(ascii: ","): comma()
        case UInt8(ascii: "."): dot()
        case UInt8(ascii: ";"): symbol(.start)
        case UInt8(ascii: "}"): symbol(.close)
        case StatementByte.quote:
            skipQuoted(byte, escapes: dialect == .mysql)
            literal()
        case StatementByte.doubleQuote where dialect == .mysql:
            skipQuoted(byte, escapes: true)
            literal()
        case StatementByte.doubleQuote, UInt8(ascii: "`"):
            let start = position
            skipQuoted(byte, escapes: false)
            name(from: start)
        case UInt8(ascii: "["): bracket()
        case UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "*"), UInt8(ascii: "#"):
            if skipComment() { pendingBlank = true } else { arithmetic(byte) }
        case StatementByte.question, UInt8(ascii: ":"), UInt8(ascii: "@"), UInt8(ascii: "$"), UInt8(ascii: "%"):
            placeholder(byte)
        default: symbol()
        }
    }

    private mutating func arithmetic(_ byte: UInt8) {
        guard byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") else { return symbol() }
        let isBinary = isBehindOperand
        let start = signStart >= 0 ? signStart : output.count
        let blank = signStart >= 0 ? signBlank : pendingBlank
        // Two dashes that belong to different things must not become a comment.
        if dialect == .mysql, byte == output.last, byte == UInt8(ascii: "-") { pendingBlank = true }
        symbol()
        if !isBinary {
            signStart = start
            signBlank = blank
        }
    }

    private mutating func dot() {
        if StatementByte.isDigit(byte(1)), !isBehindOperand, last != .dot {
            position = SQLNumber.end(text, from: position)
            literal()
        } else {
            symbol(last == .name || last == .close ? .dot : .sign)
        }
    }

    private mutating func open(_ opensValues: Bool) {
        signStart = -1
        flushBlank()
        let isFirst = last == .open || last == .comma
        output.append(text[position])
        position &+= 1
        lists.expectsValues = opensValues
        lists.open(isFirst: isFirst, output)
        last = .open
    }

    private mutating func close() {
        signStart = -1
        let kind = lists.close(&output)
        if kind == .values || kind == .laterRow { pendingBlank = false }
        if kind != .laterRow {
            flushBlank()
            output.append(text[position])
        }
        position &+= 1
        last = .close
    }

    private mutating func comma() {
        signStart = -1
        if lists.comma(&output) { pendingBlank = false }
        flushBlank()
        output.append(text[position])
        position &+= 1
        lists.beginElement(output)
        last = .comma
    }

    /// `[`: a name in brackets, a list of values, or the place of an element.
    private mutating func bracket() {
        let isSubscript = last == .literal || ((last == .name || last == .close) && !lists.expectsValues)
        let canBeName = dialect == .sqlite || dialect == .mssql || (dialect == .generic && (!isSubscript || pendingBlank))
        if canBeName, let end = bracketedNameEnd() {
            let start = position
            position = end
            return name(from: start)
        }
        open(lists.expectsValues || !isSubscript)
    }

    /// Where a name in brackets ends: words, blanks and a few signs, as many as SQL Server allows; nil for anything else.
    private func bracketedNameEnd() -> Int? {
        guard StatementByte.isWord(byte(1)), !StatementByte.isDigit(byte(1)) || dialect != .generic else { return nil }
        var end = position &+ 1
        while end < text.count, end &- position < 260 {
            let byte = text[end]
            if byte == UInt8(ascii: "]") { return end &+ 1 }
            let fits = StatementByte.isWord(byte) || byte == StatementByte.blank || " .-#@/&".utf8.contains(byte)
            guard fits else { return nil }
            end &+= 1
        }
        return nil
    }

    // MARK: - Placeholders

    /// `?`, `?1`, `:name`, `@name`, `$1`, `$name`, `%s`, `%(name)s`, or the signs that look like them.
    private mutating func placeholder(_ first: UInt8) {
        let next = byte(1)
        let isGlued = isBehindOperand && !pendingBlank
        switch first {
        case StatementByte.question:
            var end = position &+ 1
            while end < text.count, StatementByte.isDigit(text[end]) { end &+= 1 }
            position = end < text.count && StatementByte.isWord(text[end]) ? position &+ 1 : end
            return literal()
        case UInt8(ascii: ":"):
            if next == first {
                symbol()
                return symbol(.dot)
            }
            if isGlued || !StatementByte.isWord(next) { return symbol() }
        case UInt8(ascii: "@"):
            // A variable of MySQL, `@@name`, `user@host`, PostgreSQL's `<@`.
            let isPart = output.last == first || (output.last == UInt8(ascii: "<") && dialect == .postgresql)
            if dialect == .mysql || isGlued || !StatementByte.isWord(next) || (isPart && !pendingBlank) {
                return symbol(StatementByte.isWord(next) || next == first ? .dot : .sign)
            }
        case UInt8(ascii: "$"):
            if dialect == .postgresql || dialect == .generic, skipDollarQuoted() { return literal() }
            if !StatementByte.isWord(next) { return symbol() }
        default:
            if isBehindOperand || !skipDriverPlaceholder() { return symbol() }
            return literal()
        }
        position &+= 1
        while position < text.count, StatementByte.isWord(text[position]) { position &+= 1 }
        literal()
    }

    /// `%s`, `%(name)s`.
    private mutating func skipDriverPlaceholder() -> Bool {
        var end = position &+ 1
        if end < text.count, text[end] == UInt8(ascii: "(") {
            end &+= 1
            while end < text.count, StatementByte.isWord(text[end]) { end &+= 1 }
            guard end < text.count, text[end] == UInt8(ascii: ")") else { return false }
            end &+= 1
        }
        guard end < text.count, text[end] == UInt8(ascii: "s") else { return false }
        if end &+ 1 < text.count, StatementByte.isWord(text[end &+ 1]) { return false }
        position = end &+ 1
        return true
    }

    // MARK: - Comments

    private mutating func skipComment() -> Bool {
        switch (byte(), byte(1)) {
        case (UInt8(ascii: "-"), UInt8(ascii: "-")):
            // MySQL wants white space behind the dashes: `5--3` is a difference there.
            if dialect == .mysql, position &+ 2 >= text.count || byte(2) > 0x20 { return false }
            skipLine()
        case (UInt8(ascii: "#"), _) where dialect == .mysql: skipLine()
        case (UInt8(ascii: "/"), UInt8(ascii: "*")):
            if dialect != .mysql || !enterVersionedComment() { skipBlockComment() }
        case (UInt8(ascii: "*"), UInt8(ascii: "/")) where isInVersionedComment:
            isInVersionedComment = false
            position &+= 2
        default: return false
        }
        return true
    }

    /// `/*!`, MariaDB's `/*M!`, and the version behind it; what follows is executed, and so is read.
    private mutating func enterVersionedComment() -> Bool {
        let length = byte(2) == UInt8(ascii: "!") ? 3 : byte(2) == UInt8(ascii: "M") && byte(3) == UInt8(ascii: "!") ? 4 : 0
        if length == 0 { return false }
        position &+= length
        let start = position
        while position &- start < 6, StatementByte.isDigit(byte()) { position &+= 1 }
        isInVersionedComment = true
        return true
    }

    private mutating func skipLine() {
        while position < text.count, text[position] != 0x0A { position &+= 1 }
    }

    private mutating func skipBlockComment() {
        let nests = dialect == .postgresql || dialect == .mssql
        var depth = 1
        position &+= 2
        while position < text.count, depth > 0 {
            if byte() == UInt8(ascii: "*"), byte(1) == UInt8(ascii: "/") {
                depth &-= 1
                position &+= 2
            } else if nests, byte() == UInt8(ascii: "/"), byte(1) == UInt8(ascii: "*") {
                depth &+= 1
                position &+= 2
            } else {
                position &+= 1
            }
        }
        position = min(position, text.count)
    }
}
