/// Ways past what is quoted.
extension SQLLexer {
    /// Goes behind the quote that closes; a doubled one does not close.
    mutating func skipQuoted(_ quote: UInt8, escapes: Bool) {
        position &+= 1
        while position < text.count {
            let current = text[position]
            position &+= 1
            if escapes, current == StatementByte.backslash {
                position &+= 1
            } else if current == quote {
                if byte() != quote { break }
                position &+= 1
            }
        }
        position = min(position, text.count)
    }

    /// Oracle's `q'[…]'`: the character behind the quote, or its partner, closes together with a quote.
    mutating func skipAlternativeQuoted() {
        let opening = byte(1)
        let closing: UInt8 =
            switch opening {
            case UInt8(ascii: "["): UInt8(ascii: "]")
            case UInt8(ascii: "("): UInt8(ascii: ")")
            case UInt8(ascii: "{"): UInt8(ascii: "}")
            case UInt8(ascii: "<"): UInt8(ascii: ">")
            default: opening
            }
        position = min(position &+ 2, text.count)
        while position < text.count {
            if text[position] == closing, byte(1) == StatementByte.quote {
                position &+= 2
                return
            }
            position &+= 1
        }
    }

    /// PostgreSQL's `$$…$$` and `$tag$…$tag$`; false if no such thing begins here.
    mutating func skipDollarQuoted() -> Bool {
        let dollar = UInt8(ascii: "$")
        var end = position &+ 1
        while end < text.count, StatementByte.isWord(text[end]), text[end] != dollar { end &+= 1 }
        guard end < text.count, text[end] == dollar, !StatementByte.isDigit(byte(1)) else { return false }
        let tag = UnsafeRawBufferPointer(rebasing: text[position...end])
        position = end &+ 1
        while position < text.count {
            if text[position] == dollar, text.count &- position >= tag.count,
                UnsafeRawBufferPointer(rebasing: text[position..<position &+ tag.count]).elementsEqual(tag)
            {
                position &+= tag.count
                return true
            }
            position &+= 1
        }
        return true
    }
}

/// The notations of numbers: `1`, `1.5e-3`, `.5`, `1_000`, `0xFF`, `0b01`, `0o17`.
enum SQLNumber {
    /// Where the number ends that begins here with a digit or a dot.
    static func end(_ text: UnsafeRawBufferPointer, from start: Int) -> Int {
        func byte(_ place: Int) -> UInt8 { place < text.count ? text[place] : 0 }
        func digits(_ place: Int) -> Int {
            var end = place
            while StatementByte.isDigit(byte(end)) || (byte(end) == UInt8(ascii: "_") && StatementByte.isDigit(byte(end &+ 1))) {
                end &+= 1
            }
            return end
        }
        let letter = byte(start &+ 1) | 0x20
        if byte(start) == UInt8(ascii: "0"),
            letter == UInt8(ascii: "x") || letter == UInt8(ascii: "b") || letter == UInt8(ascii: "o")
        {
            var end = start &+ 2
            while StatementByte.isHexadecimal(byte(end)) || byte(end) == UInt8(ascii: "_") { end &+= 1 }
            if end > start &+ 2 { return end }
        }
        var end = digits(start)
        if byte(end) == UInt8(ascii: ".") { end = digits(end &+ 1) }
        if byte(end) | 0x20 == UInt8(ascii: "e") {
            let isSigned = byte(end &+ 1) == UInt8(ascii: "-") || byte(end &+ 1) == UInt8(ascii: "+")
            let exponent = end &+ (isSigned ? 2 : 1)
            if StatementByte.isDigit(byte(exponent)) { end = digits(exponent) }
        }
        return end
    }
}
