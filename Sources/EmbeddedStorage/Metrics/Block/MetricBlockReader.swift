import ByteCoding
import TelemetryModel

/// A column of timestamps, decoded; shared by all series that have it.
final class Timestamps: Sendable {
    let values: [Int64]

    init(_ values: [Int64]) { self.values = values }
}

/// Where the samples of a chunk are.
struct MetricChunk {
    /// The first and the last timestamp, milliseconds.
    var first: Int64
    var last: Int64
    /// How many samples there are.
    var count: Int
    /// The number of the column of timestamps in the block.
    var times: UInt32
    /// Where the header stands in the page of the series.
    fileprivate var header: Int
    /// Where its values begin in the file of values.
    var data: Int
}

/// Reads series of one block, one after the other. It remembers where it was, so it is made for one scan and one thread;
/// numbers that rise are read fastest.
///
/// It is ``MetricBlock`` who names a block in errors: calls stand within its `checked`.
struct MetricBlockReader {
    private let block: MetricBlock
    private var pageNumber = -1
    private var page: SeriesPage?
    private var place = 0
    private var symbolPages: [SymbolPage?]
    private var lastValues: (number: Int, run: CheckedBytes)?
    private var lastTimes: (number: Int, run: CheckedBytes)?
    private var timestamps: [UInt32: Timestamps] = [:]

    /// So many columns of timestamps are kept at hand.
    private static let timestampsLimit = 256

    init(_ block: MetricBlock) {
        self.block = block
        symbolPages = Array(repeating: nil, count: block.index.directory.symbols.count)
    }

    /// Goes to a series.
    mutating func move(to series: UInt32) throws {
        let index = block.index
        let starts = index.directory.series
        if pageNumber < 0 || Int(series) < starts[pageNumber].start
            || pageNumber + 1 < starts.count && Int(series) >= starts[pageNumber + 1].start
        {
            let number = index.seriesPageNumber(of: series)
            page = try index.seriesPage(number)
            pageNumber = number
        }
        place = Int(series) - starts[pageNumber].start
    }

    private var present: SeriesPage {
        guard let page else { preconditionFailure("a series is asked for before one was chosen") }
        return page
    }

    // MARK: - Labels

    /// The labels of the present series.
    mutating func labels() throws -> Labels {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256)
        try labels(into: &bytes)
        return Labels(canonicalBytes: bytes)
    }

    /// Puts the canonical bytes of the present series' labels in the place of others.
    mutating func labels(into bytes: inout [UInt8]) throws {
        bytes.removeAll(keepingCapacity: true)
        try present.withSymbols(place) { symbols in
            for symbol in symbols {
                try symbolPage(of: symbol).withPrefixed(Int(symbol) % MetricBlockFormat.symbolsPerPage) {
                    bytes.append(contentsOf: $0)
                }
            }
        }
    }

    private mutating func symbolPage(of symbol: UInt32) throws -> SymbolPage {
        let number = Int(symbol) / MetricBlockFormat.symbolsPerPage
        if let page = symbolPages[number] { return page }
        let page = try block.index.symbolPage(number)
        symbolPages[number] = page
        return page
    }

    // MARK: - Chunks

    /// How many chunks the present series has; at least one.
    var chunkCount: Int { present.chunks(place).count }

    /// A chunk of the present series; they come by rising time and do not overlap.
    func chunk(_ number: Int) throws -> MetricChunk {
        let chunks = present.chunks(place)
        let chunk = chunks[chunks.startIndex + number]
        let column = try block.index.times(chunk.times).entry.column
        return MetricChunk(
            first: column.first, last: column.last, count: column.count, times: chunk.times, header: Int(chunk.header),
            data: chunk.data)
    }

    /// The timestamps of a chunk. Series of one target share them: who compares ``MetricChunk/times`` need not ask again.
    mutating func timestamps(_ chunk: MetricChunk) throws -> Timestamps {
        if let known = timestamps[chunk.times] { return known }
        let found = try readTimestamps(chunk.times)
        if timestamps.count >= Self.timestampsLimit { timestamps.removeAll(keepingCapacity: true) }
        timestamps[chunk.times] = found
        return found
    }

    private mutating func readTimestamps(_ column: UInt32) throws -> Timestamps {
        let key = MetricPageCache.Key(block: block.meta.id, part: .timestamps, number: Int(column))
        if case .timestamps(let known) = block.cache.find(key) { return known }
        let (page, entry) = try block.index.times(column)
        let values = try block.times.withBytes(at: entry.data, count: entry.dataByteCount, last: &lastTimes) { bytes in
            var values = [Int64](repeating: 0, count: entry.column.count)
            try values.withUnsafeMutableBufferPointer { values in
                try page.raw.withUnsafeBytes { raw in
                    var header = ByteReader(raw)
                    header.position = Int(entry.header)
                    var data = ByteReader(bytes)
                    try TimeColumn.decode(header: &header, data: &data, into: values)
                }
            }
            return values
        }
        let found = Timestamps(values)
        block.cache.insert(.timestamps(found), key, byteCount: 8 * values.count)
        return found
    }

    /// Decodes the values of a chunk into a buffer of ``MetricChunk/count`` elements.
    mutating func values(_ chunk: MetricChunk, into buffer: UnsafeMutableBufferPointer<Double>) throws {
        precondition(buffer.count == chunk.count, "the buffer has room for exactly the chunk's values")
        try present.raw.withUnsafeBytes { raw in
            var header = ByteReader(raw)
            header.position = chunk.header
            let dataByteCount = try ValueColumn.skip(&header, count: chunk.count)
            header.position = chunk.header
            try block.values.withBytes(at: chunk.data, count: dataByteCount, last: &lastValues) { bytes in
                var data = ByteReader(bytes)
                try ValueColumn.decode(header: &header, data: &data, into: buffer)
            }
        }
    }

    /// The samples of a chunk.
    mutating func samples(_ chunk: MetricChunk) throws -> SampleColumns {
        let timestamps = try timestamps(chunk)
        var values = [Double](repeating: 0, count: chunk.count)
        try values.withUnsafeMutableBufferPointer { try self.values(chunk, into: $0) }
        return SampleColumns(timestamps: timestamps.values, values: values)
    }

    /// The form of a chunk's values, for those who look at a block.
    func form(_ chunk: MetricChunk) throws -> (form: ValueColumn.Form, headerByteCount: Int, dataByteCount: Int) {
        try present.raw.withUnsafeBytes { raw in
            var header = ByteReader(raw)
            header.position = chunk.header
            let form = try ValueColumn.readForm(&header)
            header.position = chunk.header
            let dataByteCount = try ValueColumn.skip(&header, count: chunk.count)
            return (form, header.position - chunk.header, dataByteCount)
        }
    }
}
