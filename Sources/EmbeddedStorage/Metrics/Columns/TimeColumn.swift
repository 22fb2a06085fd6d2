import ByteCoding

/// Rising timestamps as bytes. Timestamps at one distance take a few bytes however many they are.
///
/// Header: the first one (zigzag varint), the last one's distance from it (varint), a byte for the form, and for irregular
/// ones packed integers: the distances from one to the next.
struct TimeColumn {
    /// The timestamps, milliseconds.
    var first: Int64
    var last: Int64
    var count: Int

    private static let regular: UInt8 = 0
    private static let irregular: UInt8 = 1

    /// Appends at least one timestamp.
    static func encode(_ timestamps: UnsafeBufferPointer<Int64>, header: inout ByteWriter, data: inout ByteWriter) {
        let first = timestamps[0]
        let count = timestamps.count
        let span = timestamps[count - 1] &- first
        header.writeSignedVarint(first)
        header.writeVarint(UInt64(bitPattern: span))
        if isRegular(timestamps) {
            header.writeByte(regular)
            return
        }
        header.writeByte(irregular)
        withUnsafeTemporaryAllocation(of: Int64.self, capacity: count - 1) { distances in
            for index in 1..<count { distances[index &- 1] = timestamps[index] &- timestamps[index &- 1] }
            PackedIntegers.encode(UnsafeBufferPointer(distances), header: &header, data: &data)
        }
    }

    private static func isRegular(_ timestamps: UnsafeBufferPointer<Int64>) -> Bool {
        if timestamps.count < 3 { return true }
        let step = timestamps[1] &- timestamps[0]
        for index in 2..<timestamps.count where timestamps[index] &- timestamps[index &- 1] != step { return false }
        return true
    }

    /// Moves past a header; returns what it says and how many bytes of data there are.
    static func skip(_ header: inout ByteReader, count: Int) throws(ByteCodingError) -> (column: TimeColumn, dataByteCount: Int) {
        let (column, isRegular) = try read(&header, count: count)
        return (column, isRegular ? 0 : try PackedIntegers.skip(&header, count: count - 1))
    }

    private static func read(_ header: inout ByteReader, count: Int) throws(ByteCodingError) -> (TimeColumn, isRegular: Bool) {
        let start = header.position
        let first = try header.readSignedVarint()
        let span = try header.readVarint()
        let (last, overflow) = first.addingReportingOverflow(Int64(truncatingIfNeeded: span))
        let form = try header.readByte()
        if count < 1 || overflow || span > UInt64(Int64.max) || form > irregular || (span == 0) != (count == 1) {
            throw .malformed(at: start, "an impossible column of timestamps")
        }
        let steps = UInt64(max(count - 1, 1))
        if form == regular, span % steps != 0 || span / steps == 0 && count > 1 {
            throw .malformed(at: start, "regular timestamps that are not")
        }
        return (TimeColumn(first: first, last: last, count: count), form == regular)
    }

    /// Fills `timestamps`, of which there is at least one; throws when they do not rise.
    static func decode(
        header: inout ByteReader, data: inout ByteReader, into timestamps: UnsafeMutableBufferPointer<Int64>
    ) throws(ByteCodingError) {
        let count = timestamps.count
        let (column, isRegular) = try read(&header, count: count)
        timestamps[0] = column.first
        if isRegular {
            let step = count > 1 ? (column.last &- column.first) / Int64(count - 1) : 0
            for index in 1..<max(count, 1) { timestamps[index] = timestamps[index &- 1] &+ step }
            return
        }
        try PackedIntegers.decode(
            header: &header, data: &data, into: UnsafeMutableBufferPointer(rebasing: timestamps[1...]))
        for index in 1..<count {
            let (next, overflow) = timestamps[index &- 1].addingReportingOverflow(timestamps[index])
            if timestamps[index] <= 0 || overflow { throw .malformed(at: data.position, "a timestamp that does not rise") }
            timestamps[index] = next
        }
        if timestamps[count - 1] != column.last { throw .malformed(at: data.position, "timestamps that end elsewhere") }
    }
}
