/// Writes JSON (RFC 8259) by appending; commas are set by itself.
///
/// Values and keys come in the order of the calls: inside an object each value follows its ``key(_:)``. Closing what
/// was not opened is a programmer's error.
public struct JSONWriter: Sendable {
    /// What has been written.
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false
    private var depth = 0

    /// Starts empty, with room for `capacity` bytes.
    public init(capacity: Int = 0) {
        if capacity > 0 { bytes.reserveCapacity(capacity) }
    }

    // MARK: - Structure

    /// Opens an object.
    public mutating func beginObject() { open(UInt8(ascii: "{")) }

    /// Closes an object.
    public mutating func endObject() { close(UInt8(ascii: "}")) }

    /// Opens an array.
    public mutating func beginArray() { open(UInt8(ascii: "[")) }

    /// Closes an array.
    public mutating func endArray() { close(UInt8(ascii: "]")) }

    /// Writes the object whose members `body` writes.
    public mutating func object(_ body: (inout JSONWriter) throws -> Void) rethrows {
        beginObject()
        try body(&self)
        endObject()
    }

    /// Writes the array whose elements `body` writes.
    public mutating func array(_ body: (inout JSONWriter) throws -> Void) rethrows {
        beginArray()
        try body(&self)
        endArray()
    }

    /// Writes the name of the member whose value follows.
    public mutating func key(_ name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes the name of the member whose value follows from bytes, see ``string(utf8:)``.
    public mutating func key(utf8 name: UnsafeRawBufferPointer) {
        string(utf8: name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    // MARK: - Values

    /// Writes a string.
    public mutating func string(_ text: String) {
        var text = text
        text.withUTF8 { string(utf8: UnsafeRawBufferPointer($0)) }
    }

    /// Writes a string from bytes; whatever of them is not UTF-8 becomes U+FFFD.
    public mutating func string(utf8 raw: UnsafeRawBufferPointer) {
        startValue()
        bytes.append(UInt8(ascii: "\""))
        piece(utf8: raw)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes a whole number.
    @inlinable
    public mutating func integer(_ value: some BinaryInteger) {
        if value.bitWidth > 64 { return raw(String(value)) }
        beginPieces()
        if value < 0 { piece("-") }
        piece(UInt64(truncatingIfNeeded: value.magnitude))
    }

    /// Writes a double by the shortest text that reads back as the same; JSON has none for NaN and the infinities, so
    /// these become `null`.
    public mutating func double(_ value: Double) { raw(value.isFinite ? value.description : "null") }

    /// Writes `true` or `false`.
    public mutating func bool(_ value: Bool) { raw(value ? "true" : "false") }

    /// Writes `null`.
    public mutating func null() { raw("null") }

    /// Writes a value that is JSON already.
    public mutating func raw(_ json: String) {
        startValue()
        bytes.append(contentsOf: json.utf8)
    }

    /// Writes a value that is JSON already.
    public mutating func raw(_ json: [UInt8]) {
        startValue()
        bytes.append(contentsOf: json)
    }

    /// Writes a value of at most `capacity` bytes that is JSON already: `body` puts them into the room that it is given,
    /// and tells how many they are.
    public mutating func raw(capacity: Int, _ body: (UnsafeMutableBufferPointer<UInt8>) -> Int) {
        startValue()
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: capacity) { room in
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: room[..<body(room)]))
        }
    }

    // MARK: - Pieces

    /// Begins a value that the caller writes in pieces, which must be one JSON value together: what an answer says for each of
    /// many thousand things costs less when what is always the same is written at once.
    public mutating func beginPieces() { startValue() }

    /// Writes a part of the value that ``beginPieces()`` has begun.
    public mutating func piece(_ json: StaticString) {
        json.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    /// Writes the digits of a number as a part of a value.
    public mutating func piece(_ number: UInt64) {
        var rest = number
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { room in
            var start = 20
            repeat {
                start &-= 1
                let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
                room[start] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: digit)
                rest = quotient
            } while rest > 0
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: room[start...]))
        }
    }

    /// Writes what stands between the quotes of a string as a part of a value.
    public mutating func piece(utf8 text: String) {
        var text = text
        text.withUTF8 { piece(utf8: UnsafeRawBufferPointer($0)) }
    }

    /// Writes what stands between the quotes of a string as a part of a value; whatever is not UTF-8 becomes U+FFFD.
    public mutating func piece(utf8 raw: UnsafeRawBufferPointer) {
        var start = 0
        var offset = Self.plainEnd(raw, from: 0)
        while offset < raw.count {
            let length =
                raw[offset] < 0x20 || raw[offset] == 0x22 || raw[offset] == 0x5C ? 0 : UTF8Check.sequenceLength(raw, at: offset)
            if length > 0 {
                offset += length
            } else {
                bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: raw[start..<offset]))
                escape(raw[offset])
                offset += 1
                start = offset
            }
            offset = Self.plainEnd(raw, from: offset)
        }
        bytes.append(contentsOf: start == 0 ? raw : UnsafeRawBufferPointer(rebasing: raw[start...]))
    }

    /// Where the ASCII ends, from `start` on, that stands in a string as it is: nearly all texts are nothing else.
    private static func plainEnd(_ raw: UnsafeRawBufferPointer, from start: Int) -> Int {
        var offset = start
        while offset &+ 8 <= raw.count, isPlain(raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) { offset &+= 8 }
        while offset < raw.count, isPlain(raw[offset]) { offset &+= 1 }
        return offset
    }

    @inline(__always)
    private static func isPlain(_ byte: UInt8) -> Bool { byte >= 0x20 && byte < 0x80 && byte != 0x22 && byte != 0x5C }

    /// Whether that is true of all eight bytes of a word. Of each byte the highest bit is looked at, which the subtractions set
    /// below 0x20 and where a byte is the quote or the backslash; what they borrow matters only above such a byte.
    @inline(__always)
    private static func isPlain(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = (word ^ (ones &* 0x22)) &- ones
        let backslashes = (word ^ (ones &* 0x5C)) &- ones
        return (word | (word &- ones &* 0x20) | quotes | backslashes) & (ones &* 0x80) == 0
    }

    // MARK: - Members

    /// Writes a member whose value is a string.
    public mutating func member(_ name: String, _ value: String) {
        key(name)
        string(value)
    }

    /// Writes a member whose value is a whole number.
    @inlinable
    public mutating func member(_ name: String, _ value: some BinaryInteger) {
        key(name)
        integer(value)
    }

    /// Writes a member whose value is a double, see ``double(_:)``.
    public mutating func member(_ name: String, _ value: Double) {
        key(name)
        double(value)
    }

    /// Writes a member whose value is `true` or `false`.
    public mutating func member(_ name: String, _ value: Bool) {
        key(name)
        bool(value)
    }

    // MARK: - Inside

    private mutating func startValue() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func open(_ bracket: UInt8) {
        startValue()
        bytes.append(bracket)
        needsComma = false
        depth += 1
    }

    private mutating func close(_ bracket: UInt8) {
        precondition(depth > 0, "an object or array must be opened before it is closed")
        depth -= 1
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case 0x22: bytes.append(contentsOf: "\\\"".utf8)
        case 0x5C: bytes.append(contentsOf: "\\\\".utf8)
        case 0x08: bytes.append(contentsOf: "\\b".utf8)
        case 0x09: bytes.append(contentsOf: "\\t".utf8)
        case 0x0A: bytes.append(contentsOf: "\\n".utf8)
        case 0x0C: bytes.append(contentsOf: "\\f".utf8)
        case 0x0D: bytes.append(contentsOf: "\\r".utf8)
        case 0..<0x20:
            bytes.append(contentsOf: "\\u00".utf8)
            bytes.append(Self.digits[Int(byte >> 4)])
            bytes.append(Self.digits[Int(byte & 15)])
        default: bytes.append(contentsOf: "\u{FFFD}".utf8)
        }
    }

    private static let digits = Array("0123456789abcdef".utf8)
}
