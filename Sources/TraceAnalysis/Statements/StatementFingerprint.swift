/// A database statement with its literals taken out, so that executions of one statement count together.
///
/// Literals and placeholders print as `?`, comments are dropped, white space is one blank, letter case stays. Neighbours
/// that print alike within `IN (…)`, and all rows of `VALUES` but the first, are left out. At most ``byteLimit`` bytes are
/// read; what stands behind them makes no difference. The print of a print is itself. `docs/statements.md` has every rule.
public enum StatementFingerprint {
    /// How much of a statement is read.
    public static let byteLimit = 64 << 10

    /// Brackets deeper than this are printed as they are. Forty levels take less than 1 KiB, which lies on the stack.
    static let depthLimit = 40

    /// The fingerprint of a text.
    public static func fingerprint(_ text: String, _ dialect: Dialect) -> String {
        var text = text
        var output: [UInt8] = []
        text.withUTF8 { fingerprint(UnsafeRawBufferPointer($0), dialect, into: &output) }
        return String(decoding: output, as: UTF8.self)
    }

    /// Puts the fingerprint of a statement in place of what `output` holds. Takes time in proportion to the statement, and
    /// allocates nothing once `output` has grown to twice the longest statement.
    public static func fingerprint(_ bytes: UnsafeRawBufferPointer, _ dialect: Dialect, into output: inout [UInt8]) {
        let head = UnsafeRawBufferPointer(rebasing: bytes.prefix(byteLimit))
        let room = 2 * head.count
        if output.count < room { output.append(contentsOf: repeatElement(0, count: room - output.count)) }
        let length = output.withUnsafeMutableBytes { print(head, dialect, StatementOutput($0)) }
        output.removeLast(output.count - length)
    }

    /// Prints and tells how long the print is.
    private static func print(_ text: UnsafeRawBufferPointer, _ dialect: Dialect, _ output: StatementOutput) -> Int {
        switch sniffed(text, dialect) {
        case .command:
            var lexer = CommandLexer(text, output)
            return lexer.run()
        case .json:
            return withUnsafeTemporaryAllocation(of: JSONLexer.Level.self, capacity: depthLimit) { levels in
                levels.initializeElement(at: 0, to: JSONLexer.Level())
                var lexer = JSONLexer(text, output, levels)
                return lexer.run()
            }
        case .mysql, .postgresql, .sqlite, .mssql, .generic:
            return withUnsafeTemporaryAllocation(of: SQLLists.Level.self, capacity: depthLimit) { levels in
                levels.initializeElement(at: 0, to: SQLLists.Level())
                var lexer = SQLLexer(text, dialect == .json ? .generic : dialect, output, levels)
                return lexer.run()
            }
        }
    }

    /// Several databases are asked in SQL and in JSON; the first characters tell which.
    private static func sniffed(_ text: UnsafeRawBufferPointer, _ dialect: Dialect) -> Dialect {
        if dialect == .command { return dialect }
        guard let start = text.firstIndex(where: { !StatementByte.isSpace($0) }) else { return dialect }
        if dialect == .json { return startsSQL(text, start) ? .generic : .json }
        return startsDocument(text, start) ? .json : dialect
    }

    /// Whether a document with a quoted key begins here.
    private static func startsDocument(_ text: UnsafeRawBufferPointer, _ start: Int) -> Bool {
        func skipSpace(_ from: Int) -> Int {
            var place = from
            while place < text.count, StatementByte.isSpace(text[place]) { place += 1 }
            return place
        }
        guard text[start] == UInt8(ascii: "{") else { return false }
        var place = skipSpace(start + 1)
        guard place < text.count, text[place] == StatementByte.doubleQuote else { return false }
        place += 1
        while place < text.count, text[place] != StatementByte.doubleQuote {
            place += text[place] == StatementByte.backslash ? 2 : 1
        }
        place = skipSpace(place + 1)
        return place < text.count && text[place] == UInt8(ascii: ":")
    }

    private static func startsSQL(_ text: UnsafeRawBufferPointer, _ start: Int) -> Bool {
        var packed: UInt64 = 0
        var end = start
        while end < text.count, StatementByte.isWord(text[end]) {
            packed = packed << 8 | UInt64(text[end] | 0x20)
            end += 1
        }
        guard end - start <= 8, end < text.count, StatementByte.isSpace(text[end]) else { return false }
        return SQLWord(packed, length: end - start) == .query
    }
}
