import ByteCoding

/// Where everything in a block is: the pages of the index, and the checksums of the data. Kept at the end of the index, compressed.
struct MetricBlockDirectory: Sendable {
    /// Bytes in the index that are compressed and checked together.
    struct Page: Sendable {
        var offset = 0
        var byteCount: Int
        var checksum: UInt32
    }

    /// A page of symbols, and its first one.
    struct Symbols: Sendable {
        var page: Page
        var first: [UInt8]
    }

    /// A page of series: how many were before it, where its data begins, and name and value of its first series in turn.
    struct Series: Sendable {
        var page: Page
        var start: Int
        var data: Int
        var first: [UInt32]
    }

    /// A page of columns of timestamps: where its data begins.
    struct Times: Sendable {
        var page: Page
        var data: Int
    }

    /// A page of postings, and name and value of its first list.
    struct Postings: Sendable {
        var page: Page
        var name: UInt32
        var value: UInt32
    }

    /// A label and how many values it has.
    struct Name: Sendable {
        var symbol: UInt32
        var valueCount: Int
    }

    var symbols: [Symbols] = []
    var series: [Series] = []
    var times: [Times] = []
    var postings: [Postings] = []
    var names: [Name] = []
    /// Of each run of ``MetricBlockFormat/checkedByteCount`` bytes.
    var valuesChecksums: [UInt32] = []
    var timesChecksums: [UInt32] = []

    init() {}

    func encode() -> [UInt8] {
        var writer = ByteWriter()
        write(symbols.map(\.page), &writer)
        for entry in symbols { writer.writeLengthPrefixed(entry.first) }
        write(series.map(\.page), &writer)
        var last = (start: 0, data: 0)
        for entry in series {
            writer.writeVarint(UInt64(entry.start - last.start))
            writer.writeVarint(UInt64(entry.data - last.data))
            last = (entry.start, entry.data)
            writer.writeVarint(UInt64(entry.first.count))
            for symbol in entry.first { writer.writeVarint(UInt64(symbol)) }
        }
        write(times.map(\.page), &writer)
        last.data = 0
        for entry in times {
            writer.writeVarint(UInt64(entry.data - last.data))
            last.data = entry.data
        }
        write(postings.map(\.page), &writer)
        for entry in postings { for symbol in [entry.name, entry.value] { writer.writeVarint(UInt64(symbol)) } }
        writer.writeVarint(UInt64(names.count))
        for name in names {
            writer.writeVarint(UInt64(name.symbol))
            writer.writeVarint(UInt64(name.valueCount))
        }
        for checksums in [valuesChecksums, timesChecksums] {
            writer.writeVarint(UInt64(checksums.count))
            for checksum in checksums { writer.writeInteger(checksum) }
        }
        return writer.bytes
    }

    private func write(_ pages: [Page], _ writer: inout ByteWriter) {
        writer.writeVarint(UInt64(pages.count))
        for page in pages { writer.writeVarint(UInt64(page.byteCount)) }
        for page in pages { writer.writeInteger(page.checksum) }
    }

    /// Reads the directory of a block and checks that it fits the description.
    init(_ raw: UnsafeRawBufferPointer, _ meta: MetricBlockMeta) throws(ByteCodingError) {
        var reader = ByteReader(raw)
        var offset = MetricBlockFormat.headerByteCount
        for page in try Self.readPages(&reader, &offset) {
            symbols.append(Symbols(page: page, first: Array(try reader.readLengthPrefixed())))
        }
        try readSeries(&reader, &offset, meta)
        var data = MetricBlockFormat.headerByteCount
        for (index, page) in try Self.readPages(&reader, &offset).enumerated() {
            let step = try reader.readCount(limit: meta.byteCounts.times)
            data = index == 0 ? step : data + step
            times.append(Times(page: page, data: data))
        }
        for page in try Self.readPages(&reader, &offset) {
            postings.append(
                Postings(page: page, name: try Self.symbol(&reader, meta), value: try Self.symbol(&reader, meta)))
        }
        for _ in 0..<(try reader.readCount(limit: meta.symbolCount)) {
            names.append(
                Name(symbol: try Self.symbol(&reader, meta), valueCount: try reader.readCount(limit: meta.symbolCount)))
        }
        valuesChecksums = try Self.readChecksums(&reader, byteCount: meta.byteCounts.values)
        timesChecksums = try Self.readChecksums(&reader, byteCount: meta.byteCounts.times)
        let isWhole =
            reader.isAtEnd && offset == meta.byteCounts.index - meta.byteCounts.directory
            && symbols.count == Self.pageCount(meta.symbolCount, MetricBlockFormat.symbolsPerPage)
            && times.count == Self.pageCount(meta.timeColumnCount, MetricBlockFormat.timesPerPage)
        if !isWhole { throw .malformed(at: reader.position, "a directory that does not fit its block") }
    }

    static func pageCount(_ count: Int, _ itemsPerPage: Int) -> Int { (count + itemsPerPage - 1) / itemsPerPage }

    private mutating func readSeries(
        _ reader: inout ByteReader, _ offset: inout Int, _ meta: MetricBlockMeta
    ) throws(ByteCodingError) {
        var last = (start: 0, data: 0)
        for page in try Self.readPages(&reader, &offset) {
            last.start += try reader.readCount(limit: meta.seriesCount)
            last.data += try reader.readCount(limit: meta.byteCounts.values)
            if last.start >= meta.seriesCount || (series.isEmpty ? last.start != 0 : last.start <= series[series.count - 1].start) {
                throw .malformed(at: reader.position, "a page of impossible series")
            }
            var first: [UInt32] = []
            for _ in 0..<(try reader.readCount(limit: reader.remaining)) { first.append(try Self.symbol(&reader, meta)) }
            series.append(Series(page: page, start: last.start, data: last.data, first: first))
        }
        if series.isEmpty != (meta.seriesCount == 0) { throw .malformed(at: reader.position, "a block without its series") }
    }

    private static func readPages(_ reader: inout ByteReader, _ offset: inout Int) throws(ByteCodingError) -> [Page] {
        var pages: [Page] = []
        for _ in 0..<(try reader.readCount(limit: reader.remaining)) {
            let byteCount = try reader.readCount(limit: MetricBlockFormat.pageByteLimit)
            pages.append(Page(offset: offset, byteCount: byteCount, checksum: 0))
            offset += byteCount
        }
        for index in pages.indices { pages[index].checksum = try reader.readInteger() }
        return pages
    }

    private static func readChecksums(_ reader: inout ByteReader, byteCount: Int) throws(ByteCodingError) -> [UInt32] {
        let count = try reader.readCount(limit: reader.remaining / 4)
        if count != pageCount(byteCount, MetricBlockFormat.checkedByteCount) {
            throw .malformed(at: reader.position, "a wrong number of checksums")
        }
        var checksums: [UInt32] = []
        for _ in 0..<count { checksums.append(try reader.readInteger()) }
        return checksums
    }

    private static func symbol(_ reader: inout ByteReader, _ meta: MetricBlockMeta) throws(ByteCodingError) -> UInt32 {
        UInt32(truncatingIfNeeded: try reader.readCount(limit: min(max(meta.symbolCount - 1, 0), Int(UInt32.max))))
    }
}
