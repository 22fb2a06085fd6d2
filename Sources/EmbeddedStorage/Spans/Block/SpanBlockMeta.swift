import ByteCoding

/// What the file `meta` of a block says: enough to know whether the block counts, and where in `data` everything is.
struct SpanBlockMeta: Equatable, Sendable {
    /// Where a section lies in the data file.
    struct SectionPlace: Equatable, Sendable {
        /// Its first byte.
        var offset = 0
        /// Its stored length.
        var storedByteCount = 0
        /// Its length when not compressed.
        var byteCount = 0
        /// CRC-32C of the stored bytes.
        var checksum: UInt32 = 0
    }

    /// The number of the block; later blocks have greater ones.
    var id: UInt64
    /// The version of the format in which the block is written.
    var version = SpanBlockFormat.version
    /// The earliest start of a span, nanoseconds since 1970.
    var minimumStart: UInt64 = .max
    /// The latest start of a span.
    var maximumStart: UInt64 = 0
    /// The minutes since 1970 of which there are rollups, which a late part has beyond its own spans; nil without any.
    var rollupMinutes: ClosedRange<Int64>?
    /// Spans.
    var rowCount = 0
    /// Traces.
    var traceCount = 0
    /// Log records up to this sequence hold nothing that is not in this block, an older one, or a later record.
    var logThrough: UInt64 = 0
    /// The blocks whose spans are in this one.
    var replaces: [UInt64] = []
    /// The length of the data file.
    var dataByteCount = 0
    /// Where the sections are that this version has.
    var sections: [SpanBlockFormat.Section: SectionPlace] = [:]

    init(id: UInt64) { self.id = id }

    /// No log comes as far as this, so that the number of the next record can always be counted.
    static let sequenceLimit = UInt64(Int64.max)

    /// At most so many replaced blocks are believed.
    static let replacedLimit = 1 << 16

    /// The place of a section; no bytes when this version has none of the kind.
    subscript(section: SpanBlockFormat.Section) -> SectionPlace { sections[section] ?? SectionPlace() }

    /// The bytes of the file.
    var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.writeBytes(SpanBlockFormat.metaMagic)
        writer.writeInteger(version)
        writer.writeInteger(id)
        writer.writeInteger(minimumStart)
        writer.writeInteger(maximumStart)
        writer.writeVarint(UInt64(rowCount))
        writer.writeVarint(UInt64(traceCount))
        writer.writeVarint(logThrough)
        writer.writeVarint(UInt64(replaces.count))
        for id in replaces { writer.writeInteger(id) }
        writer.writeVarint(UInt64(dataByteCount))
        for section in SpanBlockFormat.Section.allCases where section.firstVersion <= version {
            let place = self[section]
            writer.writeVarint(UInt64(place.offset))
            writer.writeVarint(UInt64(place.storedByteCount))
            writer.writeVarint(UInt64(place.byteCount))
            writer.writeInteger(place.checksum)
        }
        if version > 1 {
            writer.writeSignedVarint(rollupMinutes?.lowerBound ?? 0)
            writer.writeSignedVarint(rollupMinutes?.upperBound ?? -1)
        }
        writer.writeInteger(CRC32C.checksum(writer.bytes))
        return writer.bytes
    }

    /// Reads the bytes of the file; throws when they are not such bytes.
    init(_ bytes: [UInt8]) throws {
        self = try bytes.withUnsafeBytes { try Self.read($0) }
    }

    private static func read(_ bytes: UnsafeRawBufferPointer) throws -> SpanBlockMeta {
        var reader = ByteReader(bytes)
        guard try reader.readBytes(SpanBlockFormat.metaMagic.count).elementsEqual(SpanBlockFormat.metaMagic) else {
            throw ByteCodingError(.malformed, "a block's meta file that does not begin as one")
        }
        let version: UInt32 = try reader.readInteger()
        guard version >= SpanBlockFormat.oldestVersion, version <= SpanBlockFormat.version else {
            throw ByteCodingError(.malformed, "a block in format version \(version); this program knows \(SpanBlockFormat.version)")
        }
        try reader.require(4)
        var tail = ByteReader(bytes)
        tail.position = bytes.count - 4
        let body = UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count - 4)])
        if try tail.readInteger(UInt32.self) != CRC32C.checksum(body) {
            throw ByteCodingError(.malformed, "a block's meta file whose checksum does not fit")
        }
        return try fields(&reader, version: version, end: body.count)
    }

    private static func fields(_ reader: inout ByteReader, version: UInt32, end: Int) throws -> SpanBlockMeta {
        var meta = SpanBlockMeta(id: try reader.readInteger())
        meta.version = version
        meta.minimumStart = try reader.readInteger()
        meta.maximumStart = try reader.readInteger()
        meta.rowCount = try reader.readCount(limit: SpanBlockFormat.dataByteLimit)
        meta.traceCount = try reader.readCount(limit: meta.rowCount)
        meta.logThrough = try reader.readVarint()
        if meta.logThrough > sequenceLimit {
            throw ByteCodingError.malformed(at: reader.position, "an impossible number of a record")
        }
        for _ in 0..<(try reader.readCount(limit: replacedLimit)) { meta.replaces.append(try reader.readInteger()) }
        meta.dataByteCount = try reader.readCount(limit: SpanBlockFormat.dataByteLimit)
        for section in SpanBlockFormat.Section.allCases where section.firstVersion <= version {
            var place = SectionPlace()
            place.offset = try reader.readCount(limit: meta.dataByteCount)
            place.storedByteCount = try reader.readCount(limit: meta.dataByteCount - place.offset)
            place.byteCount = try reader.readCount(limit: SpanBlockFormat.pageByteLimit)
            place.checksum = try reader.readInteger()
            meta.sections[section] = place
        }
        if version > 1 {
            let first = try reader.readSignedVarint()
            let last = try reader.readSignedVarint()
            if first <= last { meta.rollupMinutes = first...last }
        } else if meta.minimumStart <= meta.maximumStart {
            meta.rollupMinutes = Int64(meta.minimumStart / 60_000_000_000)...Int64(meta.maximumStart / 60_000_000_000)
        }
        if reader.position != end { throw ByteCodingError(.malformed, "a block's meta file with bytes behind its end") }
        return meta
    }
}
