import ByteCoding

/// Rising timestamps as bytes: the first one and the packed distances. Timestamps at one distance take a few bytes however
/// many they are.
enum TimeColumn {
    static func encode(_ timestamps: [Int64]) -> [UInt8] {
        var writer = ByteWriter()
        guard let first = timestamps.first else { return [] }
        writer.writeSignedVarint(first)
        var distances: [Int64] = []
        distances.reserveCapacity(timestamps.count)
        for index in timestamps.indices.dropFirst() { distances.append(timestamps[index] &- timestamps[index - 1]) }
        if let step = distances.first, distances.allSatisfy({ $0 == step }) {
            writer.writeByte(1)
            writer.writeSignedVarint(step)
        } else {
            writer.writeByte(0)
            PackedIntegers.encode(distances, into: &writer)
        }
        return writer.bytes
    }

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
            : try PackedIntegers.decode(&reader, count: count - 1)
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
