import ByteCoding
import TelemetryModel

/// The bytes of a block of metrics, as `Schemas/format/metric-block.md` describes them.
enum MetricBlockFormat {
    /// "HRMM", "HRMI" and "HRMC" in the order of the file.
    static let metaMagic: UInt32 = 0x4D4D_5248
    static let indexMagic: UInt32 = 0x494D_5248
    static let chunksMagic: UInt32 = 0x434D_5248
    /// The version that is written, and the newest that is read.
    static let version: UInt32 = 1
    /// Magic, version, block number.
    static let chunksHeaderByteCount = 16
    /// Magic, version, then offset, length and CRC-32C of each section, then the CRC-32C of all before it.
    static let indexHeaderByteCount = 8 + 4 * 20 + 4
    /// Symbols, series, label hashes, postings.
    static let sectionCount = 4
    /// The seed of the label hashes.
    static let hashSeed: UInt64 = 0x6C61_6265_6C73_0001

    static let metaName = "meta"
    static let indexName = "index"
    static let chunksName = "chunks"
    /// Blocks being written or deleted; removed when the store opens.
    static let temporarySuffix = ".tmp"

    static let metaByteLimit = 1 << 20
    static let indexByteLimit = 2 << 30
    /// The most samples of a chunk.
    static let chunkSampleLimit = 2_048
    /// The longest encoded column of a chunk: 12 bytes a value are more than any coding takes.
    static let columnByteLimit = 64 + 12 * chunkSampleLimit
    /// The most blocks that one block replaces.
    static let replacedLimit = 4_096

    /// The name of a block's directory.
    static func directoryName(_ id: UInt64) -> String {
        let digits = String(id)
        return "block-" + String(repeating: "0", count: max(0, 10 - digits.count)) + digits
    }

    /// The number in a directory's name, or nil for others.
    static func id(directoryName: String) -> UInt64? {
        guard directoryName.hasPrefix("block-") else { return nil }
        return UInt64(directoryName.dropFirst(6))
    }
}

/// What a block says of itself.
struct MetricBlockMeta: Equatable, Sendable {
    var id: UInt64
    /// The oldest timestamp, milliseconds.
    var first: Int64
    /// The newest timestamp, milliseconds.
    var last: Int64
    var seriesCount: Int
    var sampleCount: Int
    /// The sequences of the log records whose samples it holds.
    var firstSequence: UInt64
    var lastSequence: UInt64
    var chunksByteCount: Int
    var indexByteCount: Int
    /// The blocks whose samples it holds too; they are deleted when the store opens.
    var replaced: [UInt64]

    func encode() -> [UInt8] {
        var writer = ByteWriter()
        writer.writeInteger(MetricBlockFormat.metaMagic)
        writer.writeInteger(MetricBlockFormat.version)
        writer.writeInteger(id)
        writer.writeInteger(first)
        writer.writeInteger(last)
        for count in [seriesCount, sampleCount] { writer.writeInteger(UInt64(count)) }
        writer.writeInteger(firstSequence)
        writer.writeInteger(lastSequence)
        for count in [chunksByteCount, indexByteCount] { writer.writeInteger(UInt64(count)) }
        writer.writeInteger(UInt32(replaced.count))
        for id in replaced { writer.writeInteger(id) }
        writer.writeInteger(CRC32C.checksum(writer.bytes))
        return writer.bytes
    }

    init(
        id: UInt64, first: Int64, last: Int64, seriesCount: Int, sampleCount: Int, sequences: ClosedRange<UInt64>,
        chunksByteCount: Int,
        indexByteCount: Int, replaced: [UInt64]
    ) {
        self.id = id
        self.first = first
        self.last = last
        self.seriesCount = seriesCount
        self.sampleCount = sampleCount
        firstSequence = sequences.lowerBound
        lastSequence = sequences.upperBound
        self.chunksByteCount = chunksByteCount
        self.indexByteCount = indexByteCount
        self.replaced = replaced
    }

    init(_ raw: UnsafeRawBufferPointer) throws(ByteCodingError) {
        var reader = ByteReader(raw)
        if try reader.readInteger(UInt32.self) != MetricBlockFormat.metaMagic {
            throw .malformed(at: 0, "no block of metrics starts")
        }
        let version = try reader.readInteger(UInt32.self)
        if version > MetricBlockFormat.version { throw .malformed(at: 4, "format version \(version) of a newer Headrope stands") }
        id = try reader.readInteger()
        first = try reader.readInteger()
        last = try reader.readInteger()
        seriesCount = try Self.count(&reader)
        sampleCount = try Self.count(&reader)
        firstSequence = try reader.readInteger()
        lastSequence = try reader.readInteger()
        chunksByteCount = try Self.count(&reader)
        indexByteCount = try Self.count(&reader)
        let replacedCount = Int(try reader.readInteger(UInt32.self))
        if replacedCount > MetricBlockFormat.replacedLimit {
            throw .malformed(at: reader.position, "an impossible number of blocks")
        }
        replaced = []
        for _ in 0..<replacedCount { replaced.append(try reader.readInteger()) }
        let covered = UnsafeRawBufferPointer(rebasing: raw[..<reader.position])
        if try reader.readInteger(UInt32.self) != CRC32C.checksum(covered) { throw .malformed(at: 0, "a wrong checksum") }
    }

    private static func count(_ reader: inout ByteReader) throws(ByteCodingError) -> Int {
        let start = reader.position
        guard let count = Int(exactly: try reader.readInteger(UInt64.self)) else {
            throw .malformed(at: start, "an impossible count")
        }
        return count
    }
}

/// Where a chunk stands in the file of chunks.
struct ChunkReference: Sendable {
    var first: Int64
    var last: Int64
    var count: Int
    var timesOffset: Int
    var timesByteCount: Int
    var valuesOffset: Int
    var valuesByteCount: Int
}

/// A block that cannot be read any further, with a sentence.
struct MetricBlockDamage: Error, CustomStringConvertible {
    var id: UInt64
    var message: String
    var description: String { message }
}
