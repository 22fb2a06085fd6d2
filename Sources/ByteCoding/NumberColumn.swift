/// A column of unsigned numbers in the smallest of a few forms; a byte says which one.
///
/// - `constant`: a varint that stands for every row.
/// - `packed`: a byte with the width, a varint base, then each number's distance from the base in that many bits.
/// - `varints`: a varint per row.
/// - `squeezed`: the varints as a zstd piece (``ZstdPacker``) behind its varint length; finds what repeats.
/// - `magnitudes`: a column of the bit lengths of the numbers, then, for each number, its bits below the highest one. What is
///   spread over several powers of two costs little more than its entropy, and nothing is searched for.
///
/// Bits go from the lowest of each byte upwards and end with a whole byte. A column of no rows has no bytes.
public enum NumberColumn {
    enum Form: UInt8 {
        case constant = 0
        case packed = 1
        case varints = 2
        case squeezed = 3
        case magnitudes = 4
    }

    /// What the numbers are like, which saves trying forms in vain.
    public enum Nature: Sendable {
        /// Choices among few, in patterns that repeat.
        case codes
        /// Measured: hardly one comes twice.
        case measures
    }

    // MARK: - Writing

    /// Appends a column.
    public static func encode(
        _ values: [UInt64], _ nature: Nature, to writer: inout ByteWriter, _ packer: ZstdPacker
    ) throws(ByteCodingError) {
        if values.isEmpty { return }
        do {
            try values.withUnsafeBufferPointer { try encode($0, nature, isNested: false, to: &writer, packer) }
        } catch { throw .wrap(error) }
    }

    private static func encode(
        _ values: UnsafeBufferPointer<UInt64>, _ nature: Nature, isNested: Bool, to writer: inout ByteWriter, _ packer: ZstdPacker
    ) throws {
        let profile = Profile(values)
        if profile.minimum == profile.maximum {
            writer.writeByte(Form.constant.rawValue)
            return writer.writeVarint(profile.minimum)
        }
        let width = bitLength(profile.maximum &- profile.minimum)
        var best = (form: Form.packed, byteCount: 2 + (values.count * width + 7) / 8)
        if profile.varintByteCount < best.byteCount { best = (.varints, profile.varintByteCount) }
        if !isNested, values.count >= leastMagnitudeCount {
            let byteCount = profile.magnitudeByteCount
            if byteCount < best.byteCount { best = (.magnitudes, byteCount) }
        }
        if nature == .codes, values.count >= leastSqueezedCount {
            var varints = ByteWriter(capacity: profile.varintByteCount)
            for value in values { varints.writeVarint(value) }
            if let piece = try varints.bytes.withUnsafeBytes({ try packer.pack($0) }), piece.count + 2 < best.byteCount {
                writer.writeByte(Form.squeezed.rawValue)
                writer.writeVarint(UInt64(piece.count))
                return writer.bytes.append(contentsOf: piece)
            }
        }
        writer.writeByte(best.form.rawValue)
        switch best.form {
        case .packed:
            writer.writeByte(UInt8(width))
            writer.writeVarint(profile.minimum)
            var bits = BitPacker()
            for value in values { bits.write(value &- profile.minimum, width: width, &writer) }
            bits.finish(&writer)
        case .magnitudes: try encodeMagnitudes(values, to: &writer, packer)
        default: for value in values { writer.writeVarint(value) }
        }
    }

    private static func encodeMagnitudes(
        _ values: UnsafeBufferPointer<UInt64>, to writer: inout ByteWriter, _ packer: ZstdPacker
    ) throws {
        let lengths = values.map { UInt64(bitLength($0)) }
        try lengths.withUnsafeBufferPointer { try encode($0, .codes, isNested: true, to: &writer, packer) }
        var bits = BitPacker()
        for value in values {
            let length = bitLength(value)
            if length > 1 { bits.write(value & ~(1 &<< UInt64(length &- 1)), width: length &- 1, &writer) }
        }
        bits.finish(&writer)
    }

    /// Fewer numbers than this are not worth a zstd piece.
    private static let leastSqueezedCount = 24
    private static let leastMagnitudeCount = 24

    @inline(__always)
    private static func bitLength(_ value: UInt64) -> Int { 64 &- value.leadingZeroBitCount }

    /// What decides about the form.
    private struct Profile {
        var minimum = UInt64.max
        var maximum: UInt64 = 0
        var varintByteCount = 0
        /// About how long the form `magnitudes` is.
        var magnitudeByteCount = 0

        init(_ values: UnsafeBufferPointer<UInt64>) {
            var histogram = InlineArray<65, Int>(repeating: 0)
            for value in values {
                minimum = min(minimum, value)
                maximum = max(maximum, value)
                histogram[bitLength(value)] &+= 1
            }
            var bitCount = 0
            var entropy = 0.0
            var lengthCount = 0
            for length in 0...64 where histogram[length] > 0 {
                varintByteCount += histogram[length] * max(1, (length + 6) / 7)
                bitCount += histogram[length] * max(0, length - 1)
                entropy += Double(histogram[length]) * (Self.log2(values.count) - Self.log2(histogram[length]))
                lengthCount += 1
            }
            magnitudeByteCount = (bitCount + Int(entropy) + 7) / 8 + 8 + lengthCount / 2
        }

        /// The logarithm within a tenth.
        private static func log2(_ value: Int) -> Double {
            let floor = 63 - value.leadingZeroBitCount
            return Double(floor) + Double(value) / Double(1 << floor) - 1
        }
    }

    // MARK: - Reading

    /// Reads a column of `count` numbers, which the caller has bounded.
    public static func decode(
        _ count: Int, from reader: inout ByteReader, _ unpacker: ZstdUnpacker
    ) throws(ByteCodingError) -> [UInt64] {
        try decode(count, only: 0..<count, isNested: false, from: &reader, unpacker)
    }

    /// Reads of a column of `count` numbers those of the places `wanted`, which there must be, and passes over the others. These
    /// are not checked as the numbers of a whole column are.
    public static func decode(
        _ count: Int, only wanted: Range<Int>, from reader: inout ByteReader, _ unpacker: ZstdUnpacker
    ) throws(ByteCodingError) -> [UInt64] {
        try decode(count, only: wanted, isNested: false, from: &reader, unpacker)
    }

    private static func decode(
        _ count: Int, only wanted: Range<Int>, isNested: Bool, from reader: inout ByteReader, _ unpacker: ZstdUnpacker
    ) throws(ByteCodingError) -> [UInt64] {
        if count == 0 { return [] }
        let start = reader.position
        switch Form(rawValue: try reader.readByte()) {
        case .constant: return [UInt64](repeating: try reader.readVarint(), count: wanted.count)
        case .packed: return try decodePacked(count, wanted, from: &reader)
        case .varints:
            try skipVarints(wanted.lowerBound, from: &reader)
            let values = try decodeVarints(wanted.count, from: &reader)
            try skipVarints(count &- wanted.upperBound, from: &reader)
            return values
        case .squeezed:
            let piece = try reader.readLengthPrefixed()
            let bytes = try unpacker.unpack(piece, limit: count &* 10)
            do {
                return try bytes.withUnsafeBytes { raw in
                    var varints = ByteReader(raw)
                    try skipVarints(wanted.lowerBound, from: &varints)
                    let values = try decodeVarints(wanted.count, from: &varints)
                    if wanted.upperBound == count, !varints.isAtEnd {
                        throw ByteCodingError.malformed(at: start, "numbers behind the end of a column")
                    }
                    return values
                }
            } catch { throw .wrap(error) }
        case .magnitudes where !isNested: return try decodeMagnitudes(count, wanted, from: &reader, unpacker)
        case .magnitudes, nil: throw .malformed(at: start, "a column of numbers in an unknown form")
        }
    }

    /// Passes over `count` varints: behind each there is a byte whose highest bit is not set.
    private static func skipVarints(_ count: Int, from reader: inout ByteReader) throws(ByteCodingError) {
        let bytes = reader.bytes
        var position = reader.position
        var left = count
        while left >= 8, position &+ 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            left &-= (~word & 0x8080_8080_8080_8080).nonzeroBitCount
            position &+= 8
        }
        while left > 0 {
            if position == bytes.count { throw .truncated(at: position, needing: left) }
            if bytes[position] < 0x80 { left &-= 1 }
            position &+= 1
        }
        reader.position = position
    }

    private static func decodeVarints(_ count: Int, from reader: inout ByteReader) throws(ByteCodingError) -> [UInt64] {
        if count > reader.remaining { throw .truncated(at: reader.position, needing: count) }
        var values = [UInt64](repeating: 0, count: count)
        do {
            try values.withUnsafeMutableBufferPointer { try decodeVarints(into: $0, from: &reader) }
        } catch { throw .wrap(error) }
        return values
    }

    private static func decodeVarints(
        into values: UnsafeMutableBufferPointer<UInt64>, from reader: inout ByteReader
    ) throws(ByteCodingError) {
        let bytes = reader.bytes
        var position = reader.position
        var index = 0
        while index < values.count {
            // Most are of one byte each, often eight in a row.
            while index &+ 8 <= values.count, position &+ 8 <= bytes.count {
                let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
                if word & 0x8080_8080_8080_8080 != 0 { break }
                for byte in 0..<8 { values[index &+ byte] = word &>> UInt64(truncatingIfNeeded: byte &* 8) & 0xFF }
                index &+= 8
                position &+= 8
            }
            if index == values.count { break }
            if position < bytes.count, bytes[position] < 0x80 {
                values[index] = UInt64(bytes[position])
                position &+= 1
            } else {
                reader.position = position
                values[index] = try reader.readVarint()
                position = reader.position
            }
            index &+= 1
        }
        reader.position = position
    }

    private static func decodePacked(
        _ count: Int, _ wanted: Range<Int>, from reader: inout ByteReader
    ) throws(ByteCodingError) -> [UInt64] {
        let start = reader.position
        let width = Int(try reader.readByte())
        if width > 64 { throw .malformed(at: start, "numbers of \(width) bits") }
        let base = try reader.readVarint()
        let bytes = try reader.readBytes((count &* width &+ 7) / 8)
        if width == 0 { return [UInt64](repeating: base, count: wanted.count) }
        var values = [UInt64](repeating: 0, count: wanted.count)
        let first = wanted.lowerBound
        var next = first
        if width <= 56 {
            let mask = (UInt64(1) &<< UInt64(width)) &- 1
            let safe = min(wanted.upperBound, max(0, (bytes.count &- 8) &* 8 / width))
            while next < safe {
                let bit = next &* width
                let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: bit &>> 3, as: UInt64.self))
                values[next &- first] = base &+ (word &>> UInt64(truncatingIfNeeded: bit & 7) & mask)
                next &+= 1
            }
        }
        while next < wanted.upperBound {
            values[next &- first] = base &+ BitPacker.read(bytes, at: next &* width, width: width)
            next &+= 1
        }
        return values
    }

    private static func decodeMagnitudes(
        _ count: Int, _ wanted: Range<Int>, from reader: inout ByteReader, _ unpacker: ZstdUnpacker
    ) throws(ByteCodingError) -> [UInt64] {
        let start = reader.position
        var lengths = try decode(count, only: 0..<count, isNested: true, from: &reader, unpacker)
        if let longest = lengths.max(), longest > 64 { throw .malformed(at: start, "a number of \(longest) bits") }
        let firstBit = bitCount(lengths[..<wanted.lowerBound])
        let bits = firstBit &+ bitCount(lengths[wanted.lowerBound...])
        let bytes = try reader.readBytes((bits &+ 7) / 8)
        if wanted.count < count { lengths = Array(lengths[wanted]) }
        lengths.withUnsafeMutableBufferPointer { fill($0, from: bytes, at: firstBit) }
        return lengths
    }

    /// The bits that numbers of some lengths, at most 64 each, take below their highest ones.
    private static func bitCount(_ lengths: ArraySlice<UInt64>) -> Int {
        var count: UInt64 = 0
        for length in lengths { count &+= length &- (length == 0 ? 0 : 1) }
        return Int(truncatingIfNeeded: count)
    }

    /// Replaces bit lengths by the numbers, of which the lower bits begin at a bit.
    private static func fill(
        _ values: UnsafeMutableBufferPointer<UInt64>, from bytes: UnsafeRawBufferPointer, at firstBit: Int
    ) {
        let safe = (bytes.count &- 8) &* 8
        var bit = firstBit
        for index in values.indices where values[index] > 1 {
            let width = Int(truncatingIfNeeded: values[index]) &- 1
            let top = UInt64(1) &<< UInt64(truncatingIfNeeded: width)
            if bit < safe, width <= 56 {
                let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: bit &>> 3, as: UInt64.self))
                values[index] = top | (word &>> UInt64(truncatingIfNeeded: bit & 7) & (top &- 1))
            } else {
                values[index] = top | BitPacker.read(bytes, at: bit, width: width)
            }
            bit &+= width
        }
    }
}
