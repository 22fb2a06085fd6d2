import ByteCoding
import TelemetryModel

/// What a block says of itself.
struct MetricBlockMeta: Equatable, Sendable {
    /// Bytes by part of the block.
    struct ByteCounts: Equatable, Sendable {
        /// The file of values: packed integers.
        var values = 0
        /// The file of timestamps: packed integers.
        var times = 0
        /// The index: its parts and the rest of it.
        var index = 0
        var symbols = 0
        var series = 0
        var timeHeaders = 0
        var postings = 0
        var directory = 0
        /// How the bytes of the pages of series are divided before they are compressed: labels and chunk headers.
        var labelsBefore = 0
        var chunkHeadersBefore = 0

        static let keyPaths: [WritableKeyPath<ByteCounts, Int> & Sendable] = [
            \.values, \.times, \.index, \.symbols, \.series, \.timeHeaders, \.postings, \.directory, \.labelsBefore,
            \.chunkHeadersBefore,
        ]
    }

    var id: UInt64
    /// The oldest timestamp, milliseconds.
    var first = Int64.max
    /// The newest timestamp, milliseconds.
    var last = Int64.min
    var seriesCount = 0
    var sampleCount = 0
    var chunkCount = 0
    /// Columns of timestamps, each kept once.
    var timeColumnCount = 0
    var symbolCount = 0
    /// The sequences of the log records whose samples it holds.
    var firstSequence: UInt64 = 0
    var lastSequence: UInt64 = 0
    /// The distance of samples that stand for all within it, milliseconds; 0 for samples as they came.
    var resolutionMilliseconds: Int64 = 0
    var kind = SampleKind.float
    var byteCounts = ByteCounts()
    var directoryChecksum: UInt32 = 0
    /// The blocks whose samples it holds too; they are deleted when the store opens.
    var replaced: [UInt64] = []

    init(id: UInt64) { self.id = id }

    /// The bytes of its files, without the few of the description.
    var byteCount: Int { byteCounts.values + byteCounts.times + byteCounts.index }

    func encode() -> [UInt8] {
        var writer = ByteWriter()
        writer.writeInteger(MetricBlockFormat.metaMagic)
        writer.writeInteger(MetricBlockFormat.version)
        writer.writeInteger(id)
        writer.writeInteger(first)
        writer.writeInteger(last)
        for count in [seriesCount, sampleCount, chunkCount, timeColumnCount, symbolCount] { writer.writeInteger(UInt64(count)) }
        writer.writeInteger(firstSequence)
        writer.writeInteger(lastSequence)
        writer.writeInteger(resolutionMilliseconds)
        writer.writeByte(kind.rawValue)
        for part in ByteCounts.keyPaths { writer.writeInteger(UInt64(byteCounts[keyPath: part])) }
        writer.writeInteger(directoryChecksum)
        writer.writeInteger(UInt32(replaced.count))
        for id in replaced { writer.writeInteger(id) }
        writer.writeInteger(CRC32C.checksum(writer.bytes))
        return writer.bytes
    }

    /// Reads what ``encode()`` wrote; whoever calls has read magic and version.
    init(_ raw: UnsafeRawBufferPointer) throws(ByteCodingError) {
        var reader = ByteReader(raw)
        try reader.skip(8)
        id = try reader.readInteger()
        first = try reader.readInteger()
        last = try reader.readInteger()
        seriesCount = try Self.count(&reader)
        sampleCount = try Self.count(&reader)
        chunkCount = try Self.count(&reader)
        timeColumnCount = try Self.count(&reader)
        symbolCount = try Self.count(&reader)
        firstSequence = try reader.readInteger()
        lastSequence = try reader.readInteger()
        // No log comes so far, and the number of the next record must be one that can be counted.
        if lastSequence > UInt64(Int64.max) { throw .malformed(at: reader.position, "an impossible number of a record") }
        resolutionMilliseconds = try reader.readInteger()
        guard let known = SampleKind(rawValue: try reader.readByte()) else {
            throw .malformed(at: reader.position, "an unknown kind of values")
        }
        kind = known
        for part in ByteCounts.keyPaths { byteCounts[keyPath: part] = try Self.count(&reader) }
        directoryChecksum = try reader.readInteger()
        let replacedCount = Int(try reader.readInteger(UInt32.self))
        if replacedCount > MetricBlockFormat.replacedLimit {
            throw .malformed(at: reader.position, "an impossible number of blocks")
        }
        for _ in 0..<replacedCount { replaced.append(try reader.readInteger()) }
        let covered = UnsafeRawBufferPointer(rebasing: raw[..<reader.position])
        if try reader.readInteger(UInt32.self) != CRC32C.checksum(covered) { throw .malformed(at: 0, "a wrong checksum") }
        if !reader.isAtEnd { throw .malformed(at: reader.position, "rubbish behind the description") }
    }

    /// The version of a description.
    static func version(_ raw: UnsafeRawBufferPointer) throws(ByteCodingError) -> UInt32 {
        var reader = ByteReader(raw)
        if try reader.readInteger(UInt32.self) != MetricBlockFormat.metaMagic {
            throw .malformed(at: 0, "no block of metrics starts")
        }
        let version = try reader.readInteger(UInt32.self)
        if version > MetricBlockFormat.version { throw .malformed(at: 4, "format version \(version) of a newer Headrope stands") }
        return version
    }

    private static func count(_ reader: inout ByteReader) throws(ByteCodingError) -> Int {
        let start = reader.position
        guard let count = Int(exactly: try reader.readInteger(UInt64.self)) else {
            throw .malformed(at: start, "an impossible count")
        }
        return count
    }
}
