/// Walks JSON (RFC 8259) value by value without building it, the counterpart of ``JSONWriter``.
///
/// The caller drives: it asks what comes next and takes or skips it. Everything passed over is checked: structure, UTF-8,
/// escapes with their surrogate pairs, the grammar of numbers, and nesting up to a limit. A scanner borrows its bytes;
/// it is made inside `withUnsafeBytes`, and neither it nor the texts it hands out may outlive that call.
public struct JSONScanner {
    /// What a value is.
    public enum Kind: Sendable {
        /// `{…}`
        case object
        /// `[…]`
        case array
        /// `"…"`
        case string
        /// A number.
        case number
        /// `true` or `false`.
        case bool
        /// `null`
        case null
    }

    /// The nesting that is taken unless said otherwise.
    public static let defaultDepthLimit = 128

    private let bytes: UnsafeRawBufferPointer
    private let depthLimit: Int
    private var depth = 0
    /// Whether the next element of the open object or array is its first, which no comma precedes.
    private var isFirst = true
    /// The offset of the next byte.
    public private(set) var position = 0

    /// Starts before the one value in `bytes`; objects and arrays nested deeper than `depthLimit` are refused.
    public init(_ bytes: UnsafeRawBufferPointer, depthLimit: Int = JSONScanner.defaultDepthLimit) {
        self.bytes = bytes
        self.depthLimit = depthLimit
    }

    // MARK: - Structure

    /// What comes next.
    public mutating func peek() throws(ByteCodingError) -> Kind {
        skipWhitespace()
        switch try current() {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        default: throw unexpected("a value")
        }
    }

    /// Enters an object; its members follow by ``nextKey()``.
    public mutating func beginObject() throws(ByteCodingError) { try open(UInt8(ascii: "{"), "an object") }

    /// The name of the next member, whose value must be taken or skipped before the next call; nil when the object ends.
    public mutating func nextKey() throws(ByteCodingError) -> JSONText? {
        guard try advance(closing: UInt8(ascii: "}")) else { return nil }
        let key = try string()
        skipWhitespace()
        guard try current() == UInt8(ascii: ":") else { throw unexpected("a colon") }
        position += 1
        return key
    }

    /// Enters an array; its elements follow by ``nextElement()``.
    public mutating func beginArray() throws(ByteCodingError) { try open(UInt8(ascii: "["), "an array") }

    /// Whether another element follows, which must be taken or skipped before the next call; `false` when the array ends.
    public mutating func nextElement() throws(ByteCodingError) -> Bool { try advance(closing: UInt8(ascii: "]")) }

    /// Throws unless nothing but white space is left.
    public mutating func end() throws(ByteCodingError) {
        skipWhitespace()
        if position < bytes.count { throw unexpected("the end of the JSON text") }
    }

    private mutating func open(_ bracket: UInt8, _ what: StaticString) throws(ByteCodingError) {
        skipWhitespace()
        guard try current() == bracket else { throw unexpected(what) }
        if depth >= depthLimit {
            throw ByteCodingError(.tooLarge, "JSON is nested more than \(depthLimit) deep at byte \(position)")
        }
        depth += 1
        position += 1
        isFirst = true
    }

    private mutating func advance(closing bracket: UInt8) throws(ByteCodingError) -> Bool {
        skipWhitespace()
        let byte = try current()
        if byte == bracket {
            position += 1
            depth -= 1
            isFirst = false
            return false
        }
        if !isFirst {
            guard byte == UInt8(ascii: ",") else { throw unexpected("a comma") }
            position += 1
            skipWhitespace()
        }
        isFirst = false
        return true
    }

    // MARK: - Values

    /// Takes a string.
    public mutating func string() throws(ByteCodingError) -> JSONText {
        skipWhitespace()
        guard try current() == UInt8(ascii: "\"") else { throw unexpected("a string") }
        let start = position + 1
        position = start
        var hasEscapes = false
        while true {
            let byte = try current()
            switch byte {
            case UInt8(ascii: "\""):
                defer { position += 1 }
                return JSONText(raw: UnsafeRawBufferPointer(rebasing: bytes[start..<position]), hasEscapes: hasEscapes)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                try checkEscape()
            case 0..<0x20: throw .malformed(at: position, "a control character inside a JSON string")
            case 0x20..<0x80: position += 1
            default:
                let length = UTF8Check.sequenceLength(bytes, at: position)
                if length == 0 { throw .malformed(at: position, "a JSON string that is not UTF-8") }
                position += length
            }
        }
    }

    /// Takes a number.
    public mutating func number() throws(ByteCodingError) -> JSONNumber {
        skipWhitespace()
        let start = position
        if try current() == UInt8(ascii: "-") { position += 1 }
        if try current() == UInt8(ascii: "0") { position += 1 } else { try digits() }
        var isWhole = true
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            isWhole = false
            position += 1
            try digits()
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            isWhole = false
            position += 1
            let sign = try current()
            if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        return JSONNumber(raw: UnsafeRawBufferPointer(rebasing: bytes[start..<position]), isWhole: isWhole)
    }

    /// Takes `true` or `false`.
    public mutating func bool() throws(ByteCodingError) -> Bool {
        skipWhitespace()
        if try current() == UInt8(ascii: "t") {
            try word("true")
            return true
        }
        try word("false")
        return false
    }

    /// Takes `null`.
    public mutating func null() throws(ByteCodingError) {
        skipWhitespace()
        try word("null")
    }

    /// Passes over a value, whatever it is.
    public mutating func skipValue() throws(ByteCodingError) {
        // Recursion ends at the depth limit.
        switch try peek() {
        case .object:
            try beginObject()
            while try nextKey() != nil { try skipValue() }
        case .array:
            try beginArray()
            while try nextElement() { try skipValue() }
        case .string: _ = try string()
        case .number: _ = try number()
        case .bool: _ = try bool()
        case .null: try null()
        }
    }

    // MARK: - Inside

    private func current() throws(ByteCodingError) -> UInt8 {
        if position >= bytes.count { throw ByteCodingError(.truncated, "the JSON text ends too early, at byte \(position)") }
        return bytes[position]
    }

    private mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private mutating func digits() throws(ByteCodingError) {
        let start = position
        while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) { position += 1 }
        if position == start {
            _ = try current()
            throw unexpected("a digit")
        }
    }

    private mutating func word(_ word: StaticString) throws(ByteCodingError) {
        for index in 0..<word.utf8CodeUnitCount {
            guard try current() == word.utf8Start[index] else { throw unexpected(word) }
            position += 1
        }
    }

    private mutating func checkEscape() throws(ByteCodingError) {
        let start = position
        position += 1
        switch try current() {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        case UInt8(ascii: "u"):
            position += 1
            let unit = try codeUnit()
            if unit & 0xFC00 == 0xDC00 { throw .malformed(at: start, "a lone surrogate in a JSON string") }
            guard unit & 0xFC00 == 0xD800 else { return }
            guard try current() == UInt8(ascii: "\\") else { throw .malformed(at: start, "a lone surrogate in a JSON string") }
            position += 1
            guard try current() == UInt8(ascii: "u") else { throw .malformed(at: start, "a lone surrogate in a JSON string") }
            position += 1
            guard try codeUnit() & 0xFC00 == 0xDC00 else { throw .malformed(at: start, "a lone surrogate in a JSON string") }
        default: throw .malformed(at: start, "an unknown escape in a JSON string")
        }
    }

    private mutating func codeUnit() throws(ByteCodingError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Hexadecimal.value(try current()) else { throw unexpected("a hexadecimal digit") }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }

    private func unexpected(_ wanted: StaticString) -> ByteCodingError {
        if position >= bytes.count { return ByteCodingError(.truncated, "the JSON text ends where \(wanted) should be") }
        return .malformed(at: position, "the JSON text has something else where \(wanted) should be,")
    }
}
