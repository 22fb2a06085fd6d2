import ByteCoding

/// The bytes of a block of metrics, as `Schemas/format/metric-block.md` describes them.
enum MetricBlockFormat {
    /// "HRMM", "HRMI", "HRMC" and "HRMT" in the order of the file.
    static let metaMagic: UInt32 = 0x4D4D_5248
    static let indexMagic: UInt32 = 0x494D_5248
    static let valuesMagic: UInt32 = 0x434D_5248
    static let timesMagic: UInt32 = 0x544D_5248
    /// The version that is written, and the newest that is read.
    static let version: UInt32 = 2
    /// Magic, version, block number: how each file but the description begins.
    static let headerByteCount = 16

    static let metaName = "meta"
    static let indexName = "index"
    static let valuesName = "chunks"
    static let timesName = "times"
    /// Blocks being written or deleted; removed when the store opens.
    static let temporarySuffix = ".tmp"

    static let metaByteLimit = 1 << 20
    /// The most bytes of the directory or of a page of the index, when decompressed.
    static let pageByteLimit = 256 << 20
    /// The most samples of a chunk.
    static let chunkSampleLimit = 2_048
    /// The most series of a page, and so many bytes of chunk headers close it too.
    static let seriesPerPage = 256
    static let seriesPageByteCount = 256 << 10
    /// The symbols of a page.
    static let symbolsPerPage = 256
    /// The columns of timestamps of a page.
    static let timesPerPage = 256
    /// With so many bytes a page of postings is closed.
    static let postingsPageByteCount = 32 << 10
    /// Data is checked in runs of so many bytes.
    static let checkedByteCount = 32 << 10
    /// The most blocks that one block replaces.
    static let replacedLimit = 4_096
    /// The most labels of a series that a page may describe.
    static let labelLimit = 4_096

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

    /// How a file of a block begins.
    static func header(_ magic: UInt32, _ id: UInt64) -> [UInt8] {
        var writer = ByteWriter(capacity: headerByteCount)
        writer.writeInteger(magic)
        writer.writeInteger(version)
        writer.writeInteger(id)
        return writer.bytes
    }
}

/// A block that cannot be read any further, with a sentence.
struct MetricBlockDamage: Error, CustomStringConvertible {
    var id: UInt64
    var message: String
    var description: String { message }
}
