import ByteCoding

/// Where a print is written: lent memory and how much of it is used. What does not fit is left out; as a print is never
/// longer than twice the statement, everything fits.
struct StatementOutput {
    private let base: UnsafeMutablePointer<UInt8>?
    private let capacity: Int
    var count = 0

    /// `memory` must outlive this value: it lies on the stack of ``StatementFingerprint/fingerprint(_:_:into:)``.
    init(_ memory: UnsafeMutableRawBufferPointer) {
        base = memory.baseAddress?.assumingMemoryBound(to: UInt8.self)
        capacity = memory.count
    }

    /// The last byte, or 0.
    var last: UInt8 { if let base, count > 0 { base[count - 1] } else { 0 } }

    /// The byte at a place that has been written.
    subscript(_ place: Int) -> UInt8 { if let base, place >= 0, place < count { base[place] } else { 0 } }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        guard let base, count < capacity else { return }
        base[count] = byte
        count &+= 1
    }

    /// Appends a part of the statement, byte by byte: most are words of a few letters.
    mutating func append(_ text: UnsafeRawBufferPointer, from start: Int, to end: Int) {
        guard let base, start >= 0, end <= text.count, end - start <= capacity - count else { return }
        for place in start..<max(start, end) {
            base[count] = text[place]
            count &+= 1
        }
    }

    /// Whether two written ranges hold the same.
    func equal(_ a: Range<Int>, _ b: Range<Int>) -> Bool {
        guard let base, a.upperBound <= count, b.upperBound <= count else { return false }
        let written = UnsafeRawBufferPointer(start: base, count: count)
        return RawBytes.equal(UnsafeRawBufferPointer(rebasing: written[a]), UnsafeRawBufferPointer(rebasing: written[b]))
    }
}

/// The classes of ASCII that statements are made of; bytes of other characters count as letters.
enum StatementByte {
    /// `$`, digits: bits of the bytes 0…63 that words hold.
    private static let lowWord: UInt64 = 0x03FF_0010_0000_0000
    /// Letters and `_`: bits of the bytes 64…127.
    private static let highWord: UInt64 = 0x07FF_FFFE_87FF_FFFE

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
    @inline(__always)
    static func isHexadecimal(_ byte: UInt8) -> Bool { isDigit(byte) || (byte | 0x20) &- 0x61 < 6 }
    @inline(__always)
    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte &- 0x09 < 5 }
    @inline(__always)
    static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }
    @inline(__always)
    static func isWord(_ byte: UInt8) -> Bool {
        byte >= 0x80 || ((byte < 64 ? lowWord : highWord) &>> UInt64(byte & 63)) & 1 == 1
    }

    static let question = UInt8(ascii: "?")
    static let blank = UInt8(ascii: " ")
    static let quote = UInt8(ascii: "'")
    static let doubleQuote = UInt8(ascii: "\"")
    static let backslash = UInt8(ascii: "\\")
}
