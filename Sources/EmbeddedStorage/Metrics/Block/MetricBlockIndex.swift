import ByteCoding
import Platform
import TelemetryModel

/// The index of a block: its directory in memory, the pages read and decompressed when they are asked for, and kept in a cache.
final class MetricBlockIndex: Sendable {
    let meta: MetricBlockMeta
    let directory: MetricBlockDirectory
    private let file: any ReadableFile
    private let cache: MetricPageCache

    init(_ meta: MetricBlockMeta, _ file: any ReadableFile, _ cache: MetricPageCache) throws {
        self.meta = meta
        self.file = file
        self.cache = cache
        directory = try Self.readDirectory(meta, file)
    }

    deinit { file.close() }

    private static func readDirectory(_ meta: MetricBlockMeta, _ file: any ReadableFile) throws -> MetricBlockDirectory {
        let counts = meta.byteCounts
        let end = counts.index
        if file.byteCount != end || counts.directory > end - MetricBlockFormat.headerByteCount {
            throw ByteCodingError(.truncated, "its index has \(file.byteCount) bytes instead of \(end)")
        }
        if try file.read(count: MetricBlockFormat.headerByteCount, at: 0)
            != MetricBlockFormat.header(MetricBlockFormat.indexMagic, meta.id)
        {
            throw ByteCodingError.malformed(at: 0, "no index of this block starts")
        }
        let page = MetricBlockDirectory.Page(
            offset: end - counts.directory, byteCount: counts.directory, checksum: meta.directoryChecksum)
        return try read(page, file).withUnsafeBytes { try MetricBlockDirectory($0, meta) }
    }

    private static func read(_ page: MetricBlockDirectory.Page, _ file: any ReadableFile) throws -> [UInt8] {
        if page.offset > file.byteCount || page.byteCount > file.byteCount - page.offset {
            throw ByteCodingError.truncated(at: page.offset, needing: page.byteCount)
        }
        let bytes = try file.read(count: page.byteCount, at: page.offset)
        if CRC32C.checksum(bytes) != page.checksum {
            throw ByteCodingError.malformed(at: page.offset, "a page of the index with a wrong checksum")
        }
        return try Zstd.decompress(bytes, limit: MetricBlockFormat.pageByteLimit)
    }

    // MARK: - Pages

    func symbolPage(_ number: Int) throws -> SymbolPage {
        let key = MetricPageCache.Key(block: meta.id, part: .symbols, number: number)
        if case .symbols(let page) = cache.find(key) { return page }
        let count = min(MetricBlockFormat.symbolsPerPage, meta.symbolCount - number * MetricBlockFormat.symbolsPerPage)
        let page = try Self.read(directory.symbols[number].page, file).withUnsafeBytes { try SymbolPage($0, count: count) }
        cache.insert(.symbols(page), key, byteCount: page.byteCount)
        return page
    }

    func seriesPage(_ number: Int) throws -> SeriesPage {
        let key = MetricPageCache.Key(block: meta.id, part: .series, number: number)
        if case .series(let page) = cache.find(key) { return page }
        let entry = directory.series[number]
        let isLast = number + 1 == directory.series.count
        let end = isLast ? meta.seriesCount : directory.series[number + 1].start
        var times: (number: Int, page: TimePage)?
        let page = try SeriesPage(
            try Self.read(entry.page, file), count: end - entry.start, data: entry.data, symbolCount: meta.symbolCount
        ) { column in
            let number = Int(column) / MetricBlockFormat.timesPerPage
            if times?.number != number { times = (number, try timePage(number)) }
            return try Self.entry(column, times?.page).column.count
        }
        if page.dataEnd != (isLast ? meta.byteCounts.values : directory.series[number + 1].data) {
            throw ByteCodingError.malformed(at: entry.page.offset, "a page of series whose data ends elsewhere")
        }
        cache.insert(.series(page), key, byteCount: page.byteCount)
        return page
    }

    /// The page with a series.
    func seriesPageNumber(of series: UInt32) -> Int {
        Search.lowerBound(directory.series.count) { directory.series[$0].start <= Int(series) } - 1
    }

    private func timePage(_ number: Int) throws -> TimePage {
        guard directory.times.indices.contains(number) else {
            throw ByteCodingError.malformed(at: 0, "an unknown column of timestamps")
        }
        let key = MetricPageCache.Key(block: meta.id, part: .times, number: number)
        if case .times(let page) = cache.find(key) { return page }
        let entry = directory.times[number]
        let count = min(MetricBlockFormat.timesPerPage, meta.timeColumnCount - number * MetricBlockFormat.timesPerPage)
        let page = try TimePage(try Self.read(entry.page, file), count: count, data: entry.data)
        cache.insert(.times(page), key, byteCount: page.byteCount)
        return page
    }

    /// A column of timestamps and the page that describes it.
    func times(_ column: UInt32) throws -> (page: TimePage, entry: TimePage.Entry) {
        let page = try timePage(Int(column) / MetricBlockFormat.timesPerPage)
        return (page, try Self.entry(column, page))
    }

    private static func entry(_ column: UInt32, _ page: TimePage?) throws(ByteCodingError) -> TimePage.Entry {
        let place = Int(column) % MetricBlockFormat.timesPerPage
        guard let page, page.entries.indices.contains(place) else {
            throw .malformed(at: 0, "an unknown column of timestamps")
        }
        return page.entries[place]
    }

    private func postingsPage(_ number: Int) throws -> PostingsPage {
        let key = MetricPageCache.Key(block: meta.id, part: .postings, number: number)
        if case .postings(let page) = cache.find(key) { return page }
        let page = PostingsPage(try Self.read(directory.postings[number].page, file))
        cache.insert(.postings(page), key, byteCount: page.byteCount)
        return page
    }

    // MARK: - Looking up

    /// The number of a symbol, or nil when no series has it.
    func symbol(_ text: UnsafeRawBufferPointer) throws -> UInt32? {
        let next = Search.lowerBound(directory.symbols.count) { number in
            !directory.symbols[number].first.withUnsafeBytes { RawBytes.precedes(text, $0) }
        }
        if next == 0 { return nil }
        let page = try symbolPage(next - 1)
        let place = page.lowerBound(text)
        guard place < page.count, page.withBytes(place, { RawBytes.equal($0, text) }) else { return nil }
        return UInt32((next - 1) * MetricBlockFormat.symbolsPerPage + place)
    }

    /// The number of the series with exactly these labels.
    func find(_ labels: Labels) throws -> UInt32? {
        var wanted: [UInt32] = []
        let isComplete = try labels.bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            while !reader.isAtEnd {
                guard let symbol = try symbol(try reader.readLengthPrefixed()) else { return false }
                wanted.append(symbol)
            }
            return true
        }
        if !isComplete { return nil }
        let next = Search.lowerBound(directory.series.count) { !wanted.lexicographicallyPrecedes(directory.series[$0].first) }
        if next == 0 { return nil }
        let start = directory.series[next - 1].start
        let end = next == directory.series.count ? meta.seriesCount : directory.series[next].start
        let page = try seriesPage(next - 1)
        let place = Search.lowerBound(end - start) { place in
            page.withSymbols(place) { $0.lexicographicallyPrecedes(wanted) }
        }
        guard place < end - start, page.withSymbols(place, { $0.elementsEqual(wanted) }) else { return nil }
        return UInt32(start + place)
    }

    /// Calls `body` with the lists of a label from the first value that is not below `from` on, until it returns false.
    private func forEachList(
        _ name: UInt32, from value: UInt32, _ body: (UInt64, UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        let next = Search.lowerBound(directory.postings.count) { number in
            (directory.postings[number].name, directory.postings[number].value) <= (name, value)
        }
        var goesOn = true
        for number in max(next - 1, 0)..<directory.postings.count where goesOn && directory.postings[number].name <= name {
            try postingsPage(number).forEach { found, foundValue, list in
                if found < name || found == name && foundValue < value { return true }
                goesOn = try found == name && body(foundValue, list)
                return goesOn
            }
        }
    }

    /// The names of all labels.
    func labelNames() throws -> [[UInt8]] { try directory.names.map { try bytes($0.symbol) } }

    private func bytes(_ symbol: UInt32) throws -> [UInt8] {
        try symbolPage(Int(symbol) / MetricBlockFormat.symbolsPerPage)
            .withBytes(Int(symbol) % MetricBlockFormat.symbolsPerPage) { Array($0) }
    }
}

extension MetricBlockIndex: PostingsSource {
    var seriesCount: Int { meta.seriesCount }

    func list(_ label: [UInt8], _ text: [UInt8]) throws -> PostingsList {
        guard let name = try label.withUnsafeBytes({ try symbol($0) }), let value = try text.withUnsafeBytes({ try symbol($0) })
        else { return .none }
        var found = PostingsList.none
        try forEachList(name, from: value) { number, list in
            if number == UInt64(value) { found = .packed(Array(list), seriesCount: seriesCount) }
            return false
        }
        return found
    }

    func forEachName(_ body: ([UInt8]) throws -> Void) throws { for name in try labelNames() { try body(name) } }

    func forEachList(
        of label: [UInt8], _ body: (_ value: [UInt8], _ list: () throws -> PostingsList) throws -> Void
    ) throws {
        guard let name = try label.withUnsafeBytes({ try symbol($0) }) else { return }
        try forEachList(name, from: 0) { number, list in
            guard number < UInt64(meta.symbolCount) else { throw ByteCodingError.malformed(at: 0, "an unknown symbol") }
            try body(try bytes(UInt32(number))) { .packed(Array(list), seriesCount: seriesCount) }
            return true
        }
    }

    func filter(_ series: [UInt32], by label: [UInt8], _ keeps: (String) throws -> Bool) throws -> [UInt32] {
        let keepsAbsent = try keeps("")
        guard let name = try label.withUnsafeBytes({ try symbol($0) }) else { return keepsAbsent ? series : [] }
        var known: [UInt32: Bool] = [:]
        var page: (number: Int, page: SeriesPage)?
        return try series.filter { series in
            let number = page.map { isOn($0.number, series) } == true ? page?.number ?? 0 : seriesPageNumber(of: series)
            let present = page?.number == number ? page?.page : nil
            let own = try present ?? seriesPage(number)
            page = (number, own)
            guard let value = own.value(of: name, Int(series) - directory.series[number].start) else { return keepsAbsent }
            if let keeps = known[value] { return keeps }
            let isKept = try keeps(String(decoding: try bytes(value), as: UTF8.self))
            known[value] = isKept
            return isKept
        }
    }

    private func isOn(_ page: Int, _ series: UInt32) -> Bool {
        Int(series) >= directory.series[page].start
            && (page + 1 == directory.series.count || Int(series) < directory.series[page + 1].start)
    }
}
