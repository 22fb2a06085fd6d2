/// The constants of `Schemas/format/span-block.md`.
enum SpanBlockFormat {
    /// The first bytes of the file `data`.
    static let dataMagic: [UInt8] = Array("HRSPDAT1".utf8)
    /// The first bytes of the file `meta`.
    static let metaMagic: [UInt8] = Array("HRSPMET1".utf8)
    /// The version that is written, and the newest that is read.
    static let version: UInt32 = 2
    /// The oldest version that is read.
    static let oldestVersion: UInt32 = 1
    /// The file with pages and sections.
    static let dataName = "data"
    /// The file that says what the block is; written last.
    static let metaName = "meta"
    /// A page is closed when it has so many rows.
    static let pageRowTarget = 2048
    /// A trace of more rows is divided among pages.
    static let pageRowLimit = 65_536
    /// A page, compressed or not, has at most so many bytes.
    static let pageByteLimit = 1 << 30
    /// A data file has at most so many bytes.
    static let dataByteLimit = 1 << 46
    /// A meta file has at most so many bytes.
    static let metaByteLimit = 1 << 24
    /// How hard pages and sections are compressed (zstd level).
    static let compressionLevel: Int32 = 3
    /// The level for the pages of what is cut from the head, which is merged soon.
    static let cutCompressionLevel: Int32 = 1

    /// What the data file holds besides pages.
    enum Section: UInt8, CaseIterable {
        /// Names, page zones and the first hashes of the trace index.
        case zones = 1
        /// The trace filter.
        case filter = 2
        /// The trace index: chunks of entries, each with its checksum; not compressed.
        case traceIndex = 3
        /// The traces that have parts elsewhere.
        case parted = 4
        /// The rollups.
        case rollups = 5
        /// With what probability traces were kept.
        case sampling = 6
        /// What pages say for searches; may be missing.
        case digests = 7
        /// What pages share, see ``SpanTable``.
        case tables = 8

        /// The version of blocks that has this section first.
        var firstVersion: UInt32 {
            switch self {
            case .zones, .filter, .traceIndex, .parted, .rollups: 1
            case .sampling, .digests, .tables: 2
            }
        }
    }
}
