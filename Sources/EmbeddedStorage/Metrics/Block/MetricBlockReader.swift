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
    /// Where its values begin in the file of values, and how many bytes they have.
    var data: Int
    fileprivate var dataByteCount: Int
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
    /// Columns of timestamps that are at hand, by the lower bits of their numbers.
    private var columns: [KnownColumn?]
    private var scratch: [Double] = []
    /// The canonical bytes of the labels that were asked for last, the symbols that they were made of, and where each ends.
    private(set) var labelBytes: [UInt8] = []
    private var labelSymbols: [UInt32] = []
    private var labelEnds: [Int] = []

    /// A column of timestamps, decoded once they were asked for.
    private struct KnownColumn {
        var number: UInt32
        var column: TimeColumn
        var timestamps: Timestamps?
    }

    /// So many columns of timestamps are kept at hand, a power of two.
    private static let columnLimit = 1_024

    init(_ block: MetricBlock) {
        self.block = block
        symbolPages = Array(repeating: nil, count: block.index.directory.symbols.count)
        var columnCount = 1
        while columnCount < min(block.meta.timeColumnCount, Self.columnLimit) { columnCount *= 2 }
        columns = Array(repeating: nil, count: columnCount)
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
        try readLabels()
        return Labels(canonicalBytes: labelBytes)
    }

    /// Puts the present series' labels into ``labelBytes``. Neighbours mostly begin with the same labels, which stay.
    mutating func readLabels() throws {
        try present.withSymbols(place) { symbols in
            var shared = 0
            while shared < min(labelSymbols.count, symbols.count), labelSymbols[shared] == symbols[shared] { shared &+= 1 }
            labelBytes.removeLast(labelBytes.count &- (shared == 0 ? 0 : labelEnds[shared &- 1]))
            labelSymbols.removeLast(labelSymbols.count &- shared)
            labelEnds.removeLast(labelEnds.count &- shared)
            for symbol in symbols[shared...] {
                try symbolPage(of: symbol).withPrefixed(Int(symbol) % MetricBlockFormat.symbolsPerPage) {
                    labelBytes.append(contentsOf: $0)
                }
                labelSymbols.append(symbol)
                labelEnds.append(labelBytes.count)
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
    var chunkCount: Int { present.chunkCount(place) }

    /// A chunk of the present series; they come by rising time and do not overlap.
    mutating func chunk(_ number: Int) throws -> MetricChunk {
        let chunk = present.chunk(place, number)
        let column = try column(chunk.times).column
        return MetricChunk(
            first: column.first, last: column.last, count: column.count, times: chunk.times, header: Int(chunk.header),
            data: chunk.data, dataByteCount: chunk.dataByteCount)
    }

    private mutating func column(_ number: UInt32) throws -> KnownColumn {
        let slot = Int(number) & (columns.count &- 1)
        if let known = columns[slot], known.number == number { return known }
        let found = KnownColumn(number: number, column: try block.index.times(number).entry.column)
        columns[slot] = found
        return found
    }

    /// The timestamps of a chunk. Series of one target share them: who compares ``MetricChunk/times`` need not ask again.
    mutating func timestamps(_ chunk: MetricChunk) throws -> Timestamps {
        var known = try column(chunk.times)
        if let timestamps = known.timestamps { return timestamps }
        let found = try readTimestamps(chunk.times)
        known.timestamps = found
        columns[Int(chunk.times) & (columns.count &- 1)] = known
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
        try withColumn(chunk) { header, data throws(ByteCodingError) in
            try ValueColumn.decode(header: &header, data: &data, into: buffer)
        }
    }

    /// One value of a chunk.
    private mutating func value(_ chunk: MetricChunk, at place: Int) throws -> Double {
        try withColumn(chunk) { header, data throws(ByteCodingError) in
            try ValueColumn.value(at: place, of: chunk.count, header: &header, data: &data)
        }
    }

    /// Lends header and data of a chunk's values.
    private mutating func withColumn<Result>(
        _ chunk: MetricChunk, _ body: (_ header: inout ByteReader, _ data: inout ByteReader) throws(ByteCodingError) -> Result
    ) throws -> Result {
        try present.raw.withUnsafeBytes { raw in
            var header = ByteReader(raw)
            header.position = chunk.header
            return try block.values.withBytes(at: chunk.data, count: chunk.dataByteCount, last: &lastValues) { bytes in
                var data = ByteReader(bytes)
                return try body(&header, &data)
            }
        }
    }

    /// The last sample of the present series in a closed range, or the last that is no staleness marker.
    mutating func last(from: Int64, through: Int64, skippingMarkers: Bool) throws -> Sample? {
        for number in (0..<chunkCount).reversed() {
            let chunk = try chunk(number)
            if chunk.last < from { return nil }
            if chunk.first > through { continue }
            let times = try timestamps(chunk).values
            let places = times.places(from: from, through: through)
            guard let place = places.last else { continue }
            let value = try value(chunk, at: place)
            if !skippingMarkers || !Sample.isStale(value) { return Sample(timestamp: times[place], value: value) }
            if let place = try lastUnmarked(chunk, in: places) { return Sample(timestamp: times[place], value: scratch[place]) }
        }
        return nil
    }

    /// Decodes a chunk and finds the last place without a staleness marker.
    private mutating func lastUnmarked(_ chunk: MetricChunk, in places: Range<Int>) throws -> Int? {
        var values: [Double] = []
        swap(&values, &scratch)
        if values.count < chunk.count { values = [Double](repeating: 0, count: chunk.count) }
        defer { swap(&values, &scratch) }
        return try values.withUnsafeMutableBufferPointer { values in
            try self.values(chunk, into: UnsafeMutableBufferPointer(rebasing: values[..<chunk.count]))
            return places.last { !Sample.isStale(values[$0]) }
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
            _ = try ValueColumn.skip(&header, count: chunk.count)
            return (form, header.position - chunk.header, chunk.dataByteCount)
        }
    }
}
