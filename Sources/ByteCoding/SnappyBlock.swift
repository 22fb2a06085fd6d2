/// Snappy's block format (google/snappy, format_description.txt): a varint of the decompressed size, then literals and
/// copies. Prometheus remote write bodies are such blocks.
public enum SnappyBlock {
    /// Decompresses a block of at most `limit` bytes; a larger announced size is ``ByteCodingError/Kind/tooLarge`` and
    /// costs no memory.
    public static func decompress(_ block: UnsafeRawBufferPointer, limit: Int) throws(ByteCodingError) -> [UInt8] {
        var reader = ByteReader(block)
        let size = try reader.readVarint()
        if size > UInt64(max(limit, 0)) { throw .beyond(limit: limit, "a Snappy block announces \(size) bytes") }
        // A copy of at most 64 bytes takes two bytes: whoever announces more than 64 times the input cannot keep it.
        if size > UInt64(block.count) &* 64 { throw .malformed(at: 0, "a Snappy block too short for its announced size") }
        var failure: ByteCodingError?
        let output = [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, count in
            do throws(ByteCodingError) {
                count = try expand(&reader, into: UnsafeMutableRawBufferPointer(buffer), size: Int(size))
            } catch { failure = error }
        }
        if let failure { throw failure }
        if output.count != Int(size) { throw .truncated(at: block.count, needing: Int(size) - output.count) }
        return output
    }

    private static func expand(
        _ reader: inout ByteReader, into output: UnsafeMutableRawBufferPointer, size: Int
    ) throws(ByteCodingError) -> Int {
        var written = 0
        while !reader.isAtEnd {
            if let target = output.baseAddress { expandInside(&reader, into: target, &written, size: size) }
            let start = reader.position
            let tag = try reader.readByte()
            var length: Int
            if tag & 3 == 0 {
                length = Int(tag &>> 2) &+ 1
                if length > 60 { length = try littleEndian(&reader, byteCount: length &- 60) &+ 1 }
                let literal = try reader.readBytes(length)
                if length > size &- written { throw .malformed(at: start, "a Snappy literal beyond the announced size") }
                UnsafeMutableRawBufferPointer(rebasing: output[written..<(written &+ length)]).copyMemory(from: literal)
            } else {
                let distance: Int
                if tag & 3 == 1 {
                    length = Int((tag &>> 2) & 7) &+ 4
                    distance = Int(tag &>> 5) &<< 8 | Int(try reader.readByte())
                } else {
                    length = Int(tag &>> 2) &+ 1
                    distance = try littleEndian(&reader, byteCount: tag & 3 == 2 ? 2 : 4)
                }
                if distance == 0 || distance > written { throw .malformed(at: start, "a Snappy copy from outside") }
                if length > size &- written { throw .malformed(at: start, "a Snappy copy beyond the announced size") }
                // Source and target may overlap, which repeats a pattern: byte by byte, forwards.
                for index in written..<(written &+ length) { output[index] = output[index &- distance] }
            }
            written &+= length
        }
        return written
    }

    /// So far from both ends, whole words may be read and written beyond what an element of at most 64 bytes needs.
    private static let margin = 80
    private static let wordByteCount = 16

    /// Expands as long as there is room to copy sixteen bytes at a time, and stops before whatever it cannot do so: the end,
    /// long literals, patterns shorter than a word, and everything that is wrong.
    private static func expandInside(
        _ reader: inout ByteReader, into target: UnsafeMutableRawPointer, _ output: inout Int, size: Int
    ) {
        guard let source = reader.bytes.baseAddress else { return }
        let sourceEnd = reader.bytes.count &- margin
        let targetEnd = size &- margin
        var position = reader.position
        var written = output
        while position < sourceEnd, written < targetEnd {
            let tag = Int(source.load(fromByteOffset: position, as: UInt8.self))
            // Every form but the long literal and the nearest copy has its length here.
            var length = (tag &>> 2) &+ 1
            var elementByteCount: Int
            if tag & 3 == 0 {
                if length > 60 { break }
                copyWords(from: source + (position &+ 1), to: target + written, length)
                elementByteCount = length &+ 1
            } else {
                let trailer = Int(UInt32(littleEndian: source.loadUnaligned(fromByteOffset: position &+ 1, as: UInt32.self)))
                var distance = trailer & 0xFFFF
                elementByteCount = 3
                if tag & 3 == 1 {
                    length = ((tag &>> 2) & 7) &+ 4
                    distance = (tag & 0xE0) &<< 3 | (trailer & 0xFF)
                    elementByteCount = 2
                } else if tag & 3 == 3 {
                    distance = trailer
                    elementByteCount = 5
                }
                if distance < wordByteCount || distance > written { break }
                copyWords(from: target + (written &- distance), to: target + written, length)
            }
            position &+= elementByteCount
            written &+= length
        }
        reader.position = position
        output = written
    }

    /// Copies at most 64 bytes, and up to fifteen more behind them.
    @inline(__always)
    private static func copyWords(from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, _ length: Int) {
        var offset = 0
        repeat {
            let word = source.loadUnaligned(fromByteOffset: offset, as: SIMD16<UInt8>.self)
            target.storeBytes(of: word, toByteOffset: offset, as: SIMD16<UInt8>.self)
            offset &+= wordByteCount
        } while offset < length
    }

    private static func littleEndian(_ reader: inout ByteReader, byteCount: Int) throws(ByteCodingError) -> Int {
        var value = 0
        for index in 0..<byteCount { value |= Int(try reader.readByte()) &<< (8 &* index) }
        return value
    }

    /// Compresses `bytes`, at most `UInt32.max` of them. Matches of at least four bytes within the last 65,535 are found
    /// through a table of the last position of each hash.
    public static func compress(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        precondition(bytes.count <= Int(UInt32.max), "a Snappy block holds at most 4 GiB")
        var output = ByteWriter(capacity: bytes.count / 2 + 16)
        output.writeVarint(UInt64(bytes.count))
        var table = [UInt32](repeating: 0, count: 1 << 14)
        var position = 0
        var literalStart = 0
        while position &+ 4 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self)
            let slot = Int((word &* 0x9E37_79B1) &>> 18)
            let candidate = Int(table[slot]) &- 1
            table[slot] = UInt32(truncatingIfNeeded: position &+ 1)
            guard candidate >= 0, position &- candidate < 65_536,
                bytes.loadUnaligned(fromByteOffset: candidate, as: UInt32.self) == word
            else {
                position &+= 1
                continue
            }
            var length = 4
            while position &+ length < bytes.count, bytes[candidate &+ length] == bytes[position &+ length] { length &+= 1 }
            writeLiteral(&output, UnsafeRawBufferPointer(rebasing: bytes[literalStart..<position]))
            writeCopy(&output, length: length, distance: position &- candidate)
            position &+= length
            literalStart = position
        }
        writeLiteral(&output, UnsafeRawBufferPointer(rebasing: bytes[literalStart...]))
        return output.bytes
    }

    /// Compresses `bytes`.
    public static func compress(_ bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { compress($0) } }

    private static func writeLiteral(_ output: inout ByteWriter, _ literal: UnsafeRawBufferPointer) {
        if literal.isEmpty { return }
        let last = UInt32(literal.count - 1)
        if last < 60 {
            output.writeByte(UInt8(last) << 2)
        } else {
            output.writeByte(63 << 2)
            output.writeInteger(last)
        }
        output.writeBytes(literal)
    }

    private static func writeCopy(_ output: inout ByteWriter, length: Int, distance: Int) {
        var rest = length
        while rest > 0 {
            let part = min(rest, 64)
            output.writeByte(UInt8(truncatingIfNeeded: (part &- 1) &<< 2) | 2)
            output.writeInteger(UInt16(truncatingIfNeeded: distance))
            rest &-= part
        }
    }
}
