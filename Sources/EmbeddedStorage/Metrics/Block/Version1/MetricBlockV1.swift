import ByteCoding
import Platform
import TelemetryModel

/// A block of version 1, read from the first series to the last: the store rewrites such blocks when it opens.
struct MetricBlockV1 {
    let id: UInt64
    let path: String
    private(set) var sampleCount = 0
    private(set) var seriesCount = 0
    private(set) var sequences: ClosedRange<UInt64> = 0...0
    private(set) var replaced: [UInt64] = []
    private var chunksByteCount = 0
    private var index: [UInt8] = []
    private var symbols: Table
    private var series: Table

    /// Items one behind the other, each found through where it ends.
    private struct Table {
        var count = 0
        var ends = 0
        var items = 0..<0
    }

    private static let sectionCount = 4
    private static let chunkSampleLimit = 2_048
    private static let indexByteLimit = 2 << 30

    /// Reads description and index; throws ``MetricBlockDamage``.
    init(directory parent: String, id: UInt64, _ fileSystem: any FileSystem) throws {
        self.id = id
        path = "\(parent)/\(MetricBlockFormat.directoryName(id))"
        symbols = Table()
        series = Table()
        do {
            try fileSystem.readAll("\(path)/\(MetricBlockFormat.metaName)", limit: MetricBlockFormat.metaByteLimit)
                .withUnsafeBytes { try readMeta($0) }
            index = try fileSystem.readAll("\(path)/\(MetricBlockFormat.indexName)", limit: Self.indexByteLimit)
            try readSections()
        } catch { throw damage(error) }
    }

    private func damage(_ error: any Error) -> any Error {
        if let error = error as? FileError, ![.notFound, .truncated, .tooLarge].contains(error.kind) { return error }
        return MetricBlockDamage(id: id, message: "The block \(path) is damaged and not used: \(error).")
    }

    private mutating func readMeta(_ raw: UnsafeRawBufferPointer) throws(ByteCodingError) {
        var reader = ByteReader(raw)
        try reader.skip(8)
        if try reader.readInteger(UInt64.self) != id { throw .malformed(at: 8, "the number of another block") }
        try reader.skip(16)
        seriesCount = try Self.count(&reader)
        sampleCount = try Self.count(&reader)
        let first = try reader.readInteger(UInt64.self)
        let last = try reader.readInteger(UInt64.self)
        if first > last { throw .malformed(at: reader.position, "impossible sequences") }
        sequences = first...last
        chunksByteCount = try Self.count(&reader)
        try reader.skip(8)
        let replacedCount = Int(try reader.readInteger(UInt32.self))
        if replacedCount > MetricBlockFormat.replacedLimit {
            throw .malformed(at: reader.position, "an impossible number of blocks")
        }
        for _ in 0..<replacedCount { replaced.append(try reader.readInteger()) }
        let covered = UnsafeRawBufferPointer(rebasing: raw[..<reader.position])
        if try reader.readInteger(UInt32.self) != CRC32C.checksum(covered) { throw .malformed(at: 0, "a wrong checksum") }
    }

    private static func count(_ reader: inout ByteReader) throws(ByteCodingError) -> Int {
        guard let count = Int(exactly: try reader.readInteger(UInt64.self)) else {
            throw .malformed(at: reader.position, "an impossible count")
        }
        return count
    }

    private mutating func readSections() throws {
        let (symbolRange, seriesRange) = try index.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            if try reader.readInteger(UInt32.self) != MetricBlockFormat.indexMagic || reader.readInteger(UInt32.self) != 1 {
                throw ByteCodingError.malformed(at: 0, "no index of version 1 starts")
            }
            var ranges: [Range<Int>] = []
            for _ in 0..<Self.sectionCount {
                let offset = try reader.readInteger(UInt64.self)
                let count = try reader.readInteger(UInt64.self)
                let checksum = try reader.readInteger(UInt32.self)
                if offset > UInt64(raw.count) || count > UInt64(raw.count) - offset {
                    throw ByteCodingError.malformed(at: reader.position, "a section beyond the end of the index")
                }
                ranges.append(Int(offset)..<Int(offset + count))
                if CRC32C.checksum(UnsafeRawBufferPointer(rebasing: raw[ranges[ranges.count - 1]])) != checksum {
                    throw ByteCodingError.malformed(at: Int(offset), "a section with a wrong checksum")
                }
            }
            let header = UnsafeRawBufferPointer(rebasing: raw[..<reader.position])
            if try reader.readInteger(UInt32.self) != CRC32C.checksum(header) {
                throw ByteCodingError.malformed(at: 0, "a wrong checksum of the header")
            }
            return (ranges[0], ranges[1])
        }
        symbols = try table(symbolRange)
        series = try table(seriesRange)
        if series.count != seriesCount { throw ByteCodingError.malformed(at: seriesRange.lowerBound, "another number of series") }
    }

    private func table(_ range: Range<Int>) throws(ByteCodingError) -> Table {
        let count = Int(try integer(range.lowerBound, byteCount: 4))
        let items = range.lowerBound + 4 + count * 8
        if items > range.upperBound { throw .truncated(at: range.lowerBound, needing: items - range.lowerBound) }
        return Table(count: count, ends: range.lowerBound + 4, items: items..<range.upperBound)
    }

    private func integer(_ offset: Int, byteCount: Int) throws(ByteCodingError) -> UInt64 {
        if offset + byteCount > index.count { throw .truncated(at: offset, needing: byteCount) }
        return (0..<byteCount).reduce(0) { $0 | UInt64(index[offset + $1]) << UInt64(8 * $1) }
    }

    private func item(_ table: Table, _ number: Int) throws(ByteCodingError) -> Range<Int> {
        if number >= table.count { throw .malformed(at: table.ends, "an item \(number) that does not exist") }
        let end = table.ends + number * 8
        let low = number == 0 ? 0 : try integer(end - 8, byteCount: 8)
        let high = try integer(end, byteCount: 8)
        if low > high || high > UInt64(table.items.count) { throw .malformed(at: end, "an item with an impossible end") }
        return (table.items.lowerBound + Int(low))..<(table.items.lowerBound + Int(high))
    }

    // MARK: - Series

    /// Calls `body` with every series; throws ``MetricBlockDamage`` when something of the block is not what was written.
    func forEach(_ fileSystem: any FileSystem, _ body: (Labels, SampleColumns) throws -> Void) throws {
        let file: any ReadableFile
        do { file = try fileSystem.openForReading("\(path)/\(MetricBlockFormat.valuesName)") } catch { throw damage(error) }
        defer { file.close() }
        var found = 0
        for number in 0..<series.count {
            let labels: Labels
            var samples = SampleColumns()
            do { labels = try read(number, file, &samples) } catch { throw damage(error) }
            found += samples.count
            try body(labels, samples)
        }
        if found != sampleCount { throw damage(ByteCodingError(.malformed, "it holds \(found) samples instead of \(sampleCount)")) }
    }

    private func read(_ number: Int, _ file: any ReadableFile, _ samples: inout SampleColumns) throws -> Labels {
        let range = try item(series, number)
        return try index.withUnsafeBytes { raw in
            var reader = ByteReader(UnsafeRawBufferPointer(rebasing: raw[range]))
            var labels = ByteWriter()
            for _ in 0..<(try reader.readCount(limit: range.count)) {
                for _ in 0..<2 { labels.writeLengthPrefixed(Array(index[try item(symbols, try reader.readCount(limit: .max))])) }
            }
            if try reader.readByte() != SampleKind.float.rawValue {
                throw ByteCodingError.malformed(at: reader.position, "an unknown kind of values")
            }
            for _ in 0..<(try reader.readCount(limit: range.count)) {
                let first = try reader.readSignedVarint()
                let last = try reader.readSignedVarint()
                let count = try reader.readCount(limit: Self.chunkSampleLimit)
                let timestamps = try column(&reader, file) { bytes throws(ByteCodingError) in
                    try TimeColumnV1.decode(bytes, count: count)
                }
                let values = try column(&reader, file) { bytes throws(ByteCodingError) in
                    try ValueColumnV1.decode(bytes, count: count)
                }
                if timestamps.first != first || timestamps.last != last {
                    throw ByteCodingError.malformed(at: reader.position, "a chunk does not have the times that the index says")
                }
                samples.merge(SampleColumns(timestamps: timestamps, values: values))
            }
            return Labels(canonicalBytes: labels.bytes)
        }
    }

    /// Reads a column, whose offset and length come next.
    private func column<Result>(
        _ reader: inout ByteReader, _ file: any ReadableFile, _ body: (UnsafeRawBufferPointer) throws(ByteCodingError) -> Result
    ) throws -> Result {
        let offset = try reader.readCount(limit: .max)
        let count = try reader.readCount(limit: 64 + 12 * Self.chunkSampleLimit)
        if file.byteCount != chunksByteCount || file.byteCount < count + 4 || offset > file.byteCount - count - 4 {
            throw ByteCodingError.truncated(at: offset, needing: count + 4)
        }
        return try file.read(count: count + 4, at: offset).withUnsafeBytes { raw in
            let bytes = UnsafeRawBufferPointer(rebasing: raw[..<count])
            let checksum = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: count, as: UInt32.self))
            if CRC32C.checksum(bytes) != checksum { throw ByteCodingError.malformed(at: offset, "a chunk with a wrong checksum") }
            return try body(bytes)
        }
    }
}
