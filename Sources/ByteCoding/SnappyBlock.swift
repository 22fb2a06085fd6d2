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
