/// What a word of SQL means to the lexer.
enum SQLWord {
    /// A name, or a word that changes nothing.
    case other
    /// A value comes behind it: a sign belongs to that value, and NULL is one.
    case beforeValue
    /// As ``beforeValue``, but NULL, TRUE and FALSE behind it belong to the statement: `IS NULL`, `NOT NULL`, `SET NULL`.
    case beforeTruth
    /// NULL, TRUE, FALSE.
    case truth
    /// IN: a list of values may follow.
    case list
    /// ARRAY: a list of values follows in brackets.
    case array
    /// VALUES: rows may follow.
    case rows
    /// ROW: stands before a row of VALUES in MySQL.
    case row
    /// SELECT and others that begin a statement.
    case query

    /// Looks at the letters of a word, each with bit 0x20 set, the last one lowest; words of more than eight are names.
    init(_ packed: UInt64, length: Int) {
        self =
            switch length {
            case 2: Self.two(packed)
            case 3: Self.three(packed)
            case 4: Self.four(packed)
            case 5: Self.five(packed)
            case 6: Self.six(packed)
            case 7: Self.isAny(packed, "between", "default") ? .beforeValue : .other
            case 8: Self.isAny(packed, "interval", "distinct") ? .beforeValue : .other
            default: .other
            }
    }

    private static func two(_ packed: UInt64) -> SQLWord {
        if packed == word("in") { return .list }
        if packed == word("is") { return .beforeTruth }
        return isAny(packed, "or", "by", "on") || packed == word("if") || packed == word("do") ? .beforeValue : .other
    }

    private static func three(_ packed: UInt64) -> SQLWord {
        if packed == word("not") || packed == word("set") { return .beforeTruth }
        if packed == word("row") { return .row }
        return isAny(packed, "and", "any", "all") || isAny(packed, "top", "xor", "div") || isAny(packed, "mod", "for", "out")
            ? .beforeValue : .other
    }

    private static func four(_ packed: UInt64) -> SQLWord {
        if isAny(packed, "null", "true") { return .truth }
        if packed == word("with") { return .query }
        return isAny(packed, "when", "then", "else") || isAny(packed, "case", "like", "from")
            || isAny(packed, "call", "glob", "exec")
            || packed == word("some") ? .beforeValue : .other
    }

    private static func five(_ packed: UInt64) -> SQLWord {
        if packed == word("false") { return .truth }
        if packed == word("array") { return .array }
        if isAny(packed, "merge", "table") { return .query }
        return isAny(packed, "where", "limit", "ilike") || isAny(packed, "using", "rlike", "fetch") || packed == word("match")
            ? .beforeValue : .other
    }

    private static func six(_ packed: UInt64) -> SQLWord {
        if packed == word("values") { return .rows }
        if isAny(packed, "select", "insert", "update") || isAny(packed, "delete", "upsert", "create") { return .query }
        return isAny(packed, "having", "offset", "return") || isAny(packed, "regexp", "escape", "elseif") ? .beforeValue : .other
    }

    @inline(__always)
    private static func isAny(_ packed: UInt64, _ a: StaticString, _ b: StaticString, _ c: StaticString) -> Bool {
        packed == word(a) || packed == word(b) || packed == word(c)
    }

    @inline(__always)
    private static func isAny(_ packed: UInt64, _ a: StaticString, _ b: StaticString) -> Bool {
        packed == word(a) || packed == word(b)
    }

    /// A word as it is packed; a constant once it is compiled with optimisation.
    @inline(__always)
    private static func word(_ text: StaticString) -> UInt64 {
        var packed: UInt64 = 0
        for index in 0..<text.utf8CodeUnitCount { packed = packed &<< 8 | UInt64(text.utf8Start[index] | 0x20) }
        return packed
    }
}
