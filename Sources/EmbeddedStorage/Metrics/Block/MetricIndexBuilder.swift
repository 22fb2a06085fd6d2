import ByteCoding
import TelemetryModel

/// Gathers what the index of a block says while its series are added, and makes its bytes in the end, when all symbols are known.
struct MetricIndexBuilder {
    /// Chunk headers of the series that is being added, behind those of all before.
    var headers = ByteWriter()
    private var symbols = SymbolTable()
    /// Name and value; series refer to them by number.
    private var pairs: [(name: UInt32, value: UInt32)] = []
    private var pairNumbers: [UInt64: UInt32] = [:]
    private var seriesPairs: [UInt32] = []
    private var chunkTimes: [UInt32] = []
    private var series: [SeriesEnds] = []
    private var lastLabels = Labels.empty
    private let valuesStart: Int
    private var timeHeaders = ByteWriter()
    private var timeColumns: [TimesEnds] = []
    private let timesStart: Int

    /// Where what belongs to a series ends.
    private struct SeriesEnds {
        var pairs: Int
        var chunks: Int
        var headers: Int
        var data: Int
    }

    /// Where header and data of a column of timestamps end.
    private struct TimesEnds {
        var header: Int
        var data: Int
    }

    /// Level of zstd for the pages: they are few bytes, read often and written once or twice.
    private static let level: Int32 = 9

    init(valuesStart: Int, timesStart: Int) {
        self.valuesStart = valuesStart
        self.timesStart = timesStart
    }

    /// Adds a series whose chunk headers have been appended to ``headers`` and whose data ends at `dataEnd`.
    mutating func add(_ labels: Labels, _ times: [UInt32], dataEnd: Int) {
        addPairs(labels)
        chunkTimes += times
        series.append(
            SeriesEnds(pairs: seriesPairs.count, chunks: chunkTimes.count, headers: headers.count, data: dataEnd))
    }

    /// Adds the pairs of a series. Most are those of the series before, which saves looking them up.
    private mutating func addPairs(_ labels: Labels) {
        let lastEnd = seriesPairs.count
        var known = series.count > 1 ? series[series.count - 2].pairs : 0
        labels.bytes.withUnsafeBytes { raw in
            lastLabels.bytes.withUnsafeBytes { lastRaw in
                var reader = ByteReader(raw)
                var last = ByteReader(lastRaw)
                // Labels were checked when they came in: what cannot be read ends the list.
                while !reader.isAtEnd, let name = try? reader.readLengthPrefixed(), let value = try? reader.readLengthPrefixed() {
                    if known < lastEnd, let lastName = try? last.readLengthPrefixed(),
                        let lastValue = try? last.readLengthPrefixed(), RawBytes.equal(value, lastValue),
                        RawBytes.equal(name, lastName)
                    {
                        seriesPairs.append(seriesPairs[known])
                    } else {
                        seriesPairs.append(pair(name, value))
                    }
                    known += 1
                }
            }
        }
        lastLabels = labels
    }

    private mutating func pair(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> UInt32 {
        let pair = (name: symbols.intern(name), value: symbols.intern(value))
        let key = UInt64(pair.name) << 32 | UInt64(pair.value)
        if let known = pairNumbers[key] { return known }
        let number = UInt32(pairs.count)
        pairs.append(pair)
        pairNumbers[key] = number
        return number
    }

    /// Adds a column of timestamps.
    mutating func addTimes(_ timestamps: UnsafeBufferPointer<Int64>, _ file: inout CheckedDataWriter) {
        timeHeaders.writeVarint(UInt64(timestamps.count))
        TimeColumn.encode(timestamps, header: &timeHeaders, data: &file.pending)
        timeColumns.append(TimesEnds(header: timeHeaders.count, data: file.position))
    }

    // MARK: - Pages

    /// The bytes of the index. Fills in what `meta` says of it.
    mutating func finish(_ meta: inout MetricBlockMeta, values: [UInt32], times: [UInt32]) throws(ByteCodingError) -> [UInt8] {
        var output = Output(id: meta.id)
        var directory = MetricBlockDirectory()
        directory.valuesChecksums = values
        directory.timesChecksums = times
        do {
            try SymbolBytes.ranked(symbols) { bytes, order in
                meta.symbolCount = order.count
                try writeSymbols(bytes, order, &output, &directory)
                var ranks = [UInt32](repeating: 0, count: order.count)
                for (rank, symbol) in order.enumerated() { ranks[Int(symbol)] = UInt32(rank) }
                for index in pairs.indices {
                    pairs[index] = (ranks[Int(pairs[index].name)], ranks[Int(pairs[index].value)])
                }
            }
        } catch { throw error as? ByteCodingError ?? ByteCodingError(.malformed, "\(error)") }
        meta.byteCounts.symbols = output.lap()
        try writeSeries(&meta, &output, &directory)
        meta.byteCounts.series = output.lap()
        try writeTimes(&output, &directory)
        meta.byteCounts.timeHeaders = output.lap()
        try writePostings(&output, &directory)
        meta.byteCounts.postings = output.lap()
        meta.directoryChecksum = try output.append(directory.encode()).checksum
        meta.byteCounts.directory = output.lap()
        meta.byteCounts.index = output.bytes.count
        return output.bytes
    }

    /// The bytes of the index so far.
    private struct Output {
        var bytes: [UInt8]
        private var lapStart: Int

        init(id: UInt64) {
            bytes = MetricBlockFormat.header(MetricBlockFormat.indexMagic, id)
            lapStart = bytes.count
        }

        mutating func append(_ raw: [UInt8]) throws(ByteCodingError) -> MetricBlockDirectory.Page {
            let frame = try Zstd.compress(raw, level: MetricIndexBuilder.level)
            bytes += frame
            return MetricBlockDirectory.Page(byteCount: frame.count, checksum: CRC32C.checksum(frame))
        }

        /// How many bytes came since the last lap.
        mutating func lap() -> Int {
            defer { lapStart = bytes.count }
            return bytes.count - lapStart
        }
    }

    private func writeSymbols(
        _ bytes: borrowing SymbolBytes, _ order: [UInt32], _ output: inout Output, _ directory: inout MetricBlockDirectory
    ) throws(ByteCodingError) {
        var start = 0
        while start < order.count {
            let end = min(start + MetricBlockFormat.symbolsPerPage, order.count)
            let page = try output.append(SymbolPage.encode(order[start..<end], bytes))
            directory.symbols.append(.init(page: page, first: Array(bytes[order[start]])))
            start = end
        }
    }

    private func writeSeries(
        _ meta: inout MetricBlockMeta, _ output: inout Output, _ directory: inout MetricBlockDirectory
    ) throws(ByteCodingError) {
        var encoder = SeriesPageEncoder()
        var last = SeriesEnds(pairs: 0, chunks: 0, headers: 0, data: valuesStart)
        var open: (start: Int, data: Int, first: [UInt32])?
        for (number, ends) in series.enumerated() {
            let labels = seriesPairs[last.pairs..<ends.pairs].map { pairs[Int($0)] }
            if open == nil { open = (number, last.data, labels.flatMap { [$0.name, $0.value] }) }
            headers.bytes.withUnsafeBytes {
                encoder.append(
                    names: labels.map(\.name), values: labels.map(\.value), times: chunkTimes[last.chunks..<ends.chunks],
                    headers: UnsafeRawBufferPointer(rebasing: $0[last.headers..<ends.headers]))
            }
            last = ends
            let counts = encoder.byteCounts
            let isFull =
                encoder.seriesCount >= MetricBlockFormat.seriesPerPage
                || counts.headers + counts.labels >= MetricBlockFormat.seriesPageByteCount
            guard isFull || number + 1 == series.count, let started = open else { continue }
            meta.byteCounts.labelsBefore += counts.labels
            meta.byteCounts.chunkHeadersBefore += counts.headers
            let page = try output.append(encoder.finish())
            directory.series.append(.init(page: page, start: started.start, data: started.data, first: started.first))
            open = nil
        }
    }

    private func writeTimes(_ output: inout Output, _ directory: inout MetricBlockDirectory) throws(ByteCodingError) {
        var start = 0
        while start < timeColumns.count {
            let end = min(start + MetricBlockFormat.timesPerPage, timeColumns.count)
            let before = start == 0 ? TimesEnds(header: 0, data: timesStart) : timeColumns[start - 1]
            let page = try output.append(Array(timeHeaders.bytes[before.header..<timeColumns[end - 1].header]))
            directory.times.append(.init(page: page, data: before.data))
            start = end
        }
    }

    private func writePostings(_ output: inout Output, _ directory: inout MetricBlockDirectory) throws(ByteCodingError) {
        let (starts, numbers) = seriesByPair()
        let order = pairs.indices.sorted { (pairs[$0].name, pairs[$0].value) < (pairs[$1].name, pairs[$1].value) }
        var encoder = PostingsEncoder()
        for (place, pair) in order.enumerated() {
            let (name, value) = pairs[pair]
            if directory.names.last?.symbol == name {
                directory.names[directory.names.count - 1].valueCount += 1
            } else {
                directory.names.append(.init(symbol: name, valueCount: 1))
            }
            encoder.append(name: name, value: value, numbers[starts[pair]..<starts[pair + 1]])
            if encoder.writer.count < MetricBlockFormat.postingsPageByteCount, place + 1 < order.count { continue }
            guard let first = encoder.first else { continue }
            let page = try output.append(encoder.writer.bytes)
            directory.postings.append(.init(page: page, name: first.name, value: first.value))
            encoder = PostingsEncoder()
        }
    }

    /// The series of all pairs, one pair's behind the other's, and where those of each pair start.
    private func seriesByPair() -> (starts: [Int], numbers: [UInt32]) {
        var starts = [Int](repeating: 0, count: pairs.count + 1)
        for pair in seriesPairs { starts[Int(pair) + 1] += 1 }
        for pair in pairs.indices { starts[pair + 1] += starts[pair] }
        var next = starts
        var numbers = [UInt32](repeating: 0, count: seriesPairs.count)
        var place = 0
        for (number, ends) in series.enumerated() {
            while place < ends.pairs {
                let pair = Int(seriesPairs[place])
                numbers[next[pair]] = UInt32(number)
                next[pair] += 1
                place += 1
            }
        }
        return (starts, numbers)
    }
}
