import ByteCoding

/// Timestamps of version 1: the first (zigzag varint), then byte 1 and the distance of all (zigzag varint) or byte 0 and the
/// distances as packed integers.
enum TimeColumnV1 {
    /// Reads `count` timestamps; throws when they do not rise.
    static func decode(_ bytes: UnsafeRawBufferPointer, count: Int) throws(ByteCodingError) -> [Int64] {
        if count == 0 { return [] }
        var reader = ByteReader(bytes)
        var last = try reader.readSignedVarint()
        var timestamps: [Int64] = []
        timestamps.reserveCapacity(count)
        timestamps.append(last)
        let isRegular = try reader.readByte() == 1
        let distances =
            isRegular
            ? Array(repeating: try reader.readSignedVarint(), count: count - 1)
            : try PackedIntegersV1.decode(&reader, count: count - 1)
        for distance in distances {
            let (next, overflow) = last.addingReportingOverflow(distance)
            if distance <= 0 || overflow { throw .malformed(at: reader.position, "a timestamp that does not rise") }
            timestamps.append(next)
            last = next
        }
        if !reader.isAtEnd { throw .malformed(at: reader.position, "rubbish behind timestamps") }
        return timestamps
    }
}
