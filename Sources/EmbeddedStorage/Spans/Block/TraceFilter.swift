import ByteCoding
import TelemetryModel

/// Says of a trace id "not in this block" for sure, or "perhaps": a Bloom filter (B. Bloom, 1970) of about ten bits a
/// trace whose seven bits lie in one 64-byte line, so that a question costs one look at memory.
struct TraceFilter: Sendable {
    private(set) var words: [UInt64]

    private static let bitsPerTrace = 12
    private static let lineWordCount = 8
    private static let probeCount = 7
    /// At most so many bytes are believed.
    static let byteLimit = 1 << 28

    /// A filter for about `count` traces, empty at first.
    init(expecting count: Int) {
        let lines = max(1, (count * Self.bitsPerTrace + 511) / 512)
        words = [UInt64](repeating: 0, count: lines * Self.lineWordCount)
    }

    /// The filter in stored bytes.
    init(_ bytes: UnsafeRawBufferPointer) throws(ByteCodingError) {
        let lineByteCount = Self.lineWordCount * 8
        guard bytes.count >= lineByteCount, bytes.count % lineByteCount == 0, bytes.count <= Self.byteLimit else {
            throw ByteCodingError(.malformed, "a trace filter of \(bytes.count) bytes")
        }
        var reader = ByteReader(bytes)
        words = []
        words.reserveCapacity(bytes.count / 8)
        while !reader.isAtEnd { words.append(try reader.readInteger()) }
    }

    /// The filter as bytes.
    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: words.count * 8)
        for word in words { writer.writeInteger(word) }
        return writer.bytes
    }

    /// The hash by which traces are found in filters and indexes.
    static func hash(_ id: TraceID) -> UInt64 { SeededHash.hash(id.high, id.low) }

    /// Adds the trace of this hash.
    mutating func insert(_ hash: UInt64) {
        let line = line(hash)
        var bits = hash
        for _ in 0..<Self.probeCount {
            words[line &+ Int(bits >> 6 & 7)] |= 1 &<< (bits & 63)
            bits &>>= 9
        }
    }

    /// Whether the trace of this hash may have been added.
    func mayContain(_ hash: UInt64) -> Bool {
        let line = line(hash)
        var bits = hash
        for _ in 0..<Self.probeCount {
            if words[line &+ Int(bits >> 6 & 7)] & 1 &<< (bits & 63) == 0 { return false }
            bits &>>= 9
        }
        return true
    }

    /// The line of a hash, taken from its product so that the low bits stay free for the probes.
    private func line(_ hash: UInt64) -> Int {
        let lineCount = UInt64(words.count / Self.lineWordCount)
        return Int((hash &* 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(by: lineCount).high) * Self.lineWordCount
    }
}
