import ByteCoding

/// Series in the order of their labels, as they are written: numbers of symbols, columns of timestamps and chunk headers.
///
/// Lengths of the first two parts (varints), then three parts.
/// Labels: for each series its names as a number (varint: 0 those of the series before, 1 new ones follow, else 2 + the number
/// of the names in this page); new names as number (varint) and symbols, each as distance from the one before (varints). Then,
/// for each series, a mask of the values that differ from the last series of these names (varint, all for new names) and these
/// as difference of symbols (zigzag varints).
/// Chunks: for each series the number of chunks less one, for each chunk its column of timestamps as difference from the chunk
/// before (zigzag varint).
/// Headers: those of ``ValueColumn``.
struct SeriesPageEncoder {
    private var labels = ByteWriter()
    private var chunks = ByteWriter()
    private var headers = ByteWriter()
    private var shapes: [[UInt32]: Int] = [:]
    private var lastValues: [[UInt32]] = []
    private var lastShape = -1
    private var lastTimes: Int64 = 0
    private(set) var seriesCount = 0

    /// Bytes of labels, and of all the rest.
    var byteCounts: (labels: Int, headers: Int) { (labels.count, chunks.count + headers.count) }

    /// Appends a series.
    mutating func append(
        names: [UInt32], values: [UInt32], times: ArraySlice<UInt32>, headers bytes: UnsafeRawBufferPointer
    ) {
        appendLabels(names, values)
        chunks.writeVarint(UInt64(times.count - 1))
        for column in times {
            chunks.writeSignedVarint(Int64(column) - lastTimes)
            lastTimes = Int64(column)
        }
        headers.writeBytes(bytes)
        seriesCount += 1
    }

    private mutating func appendLabels(_ names: [UInt32], _ values: [UInt32]) {
        if lastShape >= 0, let shape = shapes[names] {
            labels.writeVarint(shape == lastShape ? 0 : UInt64(shape + 2))
            lastShape = shape
        } else {
            lastShape = shapes.count
            shapes[names] = lastShape
            lastValues.append([UInt32](repeating: 0, count: names.count))
            labels.writeVarint(1)
            labels.writeVarint(UInt64(names.count))
            var last: UInt32 = 0
            for name in names {
                labels.writeVarint(UInt64(name - last))
                last = name
            }
        }
        var mask: UInt64 = 0
        for index in names.indices where lastValues[lastShape][index] != values[index] { mask |= Self.bit(index) }
        labels.writeVarint(mask)
        for index in names.indices where mask & Self.bit(index) != 0 {
            labels.writeSignedVarint(Int64(values[index]) - Int64(lastValues[lastShape][index]))
        }
        lastValues[lastShape] = values
    }

    /// The mask's bit of a label; the last one stands for all further ones.
    static func bit(_ index: Int) -> UInt64 { 1 << UInt64(min(index, 63)) }

    /// The bytes of the page; the encoder is empty then.
    mutating func finish() -> [UInt8] {
        var writer = ByteWriter(capacity: labels.count + chunks.count + headers.count + 8)
        writer.writeVarint(UInt64(labels.count))
        writer.writeVarint(UInt64(chunks.count))
        for part in [labels, chunks, headers] { writer.writeBytes(part.bytes) }
        self = SeriesPageEncoder()
        return writer.bytes
    }
}

/// A page of series, read.
final class SeriesPage: Sendable {
    /// One chunk of a series.
    struct Chunk {
        /// The number of its column of timestamps.
        var times: UInt32
        /// Where its header stands in the page.
        var header: UInt32
        /// Where its data stands in the file of values, and how many bytes it has.
        var data: Int
        var dataByteCount: Int
    }

    let raw: [UInt8]
    /// The symbols of name and value in turn, of all series.
    private let symbols: [UInt32]
    private let symbolEnds: [UInt32]
    private let chunks: [Chunk]
    private let chunkEnds: [UInt32]
    /// Where the data of the last chunk ends.
    let dataEnd: Int

    /// Reads a page of `count` series, whose data begins at `data`. `sampleCount` tells the length of a column of timestamps.
    init(_ raw: [UInt8], count: Int, data: Int, symbolCount: Int, sampleCount: (UInt32) throws -> Int) throws {
        var parser = Parser(symbolCount: symbolCount)
        try raw.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            let labelCount = try reader.readCount(limit: bytes.count)
            let chunkCount = try reader.readCount(limit: bytes.count)
            var labels = ByteReader(try reader.readBytes(labelCount))
            var chunks = ByteReader(try reader.readBytes(chunkCount))
            parser.data = data
            for _ in 0..<count {
                try parser.readLabels(&labels)
                try parser.readChunks(&chunks, &reader, sampleCount)
            }
            if !labels.isAtEnd || !chunks.isAtEnd || !reader.isAtEnd {
                throw ByteCodingError.malformed(at: reader.position, "rubbish behind series")
            }
        }
        self.raw = raw
        symbols = parser.symbols
        symbolEnds = parser.symbolEnds
        chunks = parser.chunks
        chunkEnds = parser.chunkEnds
        dataEnd = parser.data
    }

    /// The bytes it holds in memory.
    var byteCount: Int {
        raw.count + 4 * (symbols.count + symbolEnds.count + chunkEnds.count) + chunks.count * MemoryLayout<Chunk>.stride
    }

    /// How many chunks the series at a place of the page has.
    func chunkCount(_ place: Int) -> Int { Int(chunkEnds[place]) &- firstChunk(place) }

    /// One of the chunks of the series at a place of the page.
    func chunk(_ place: Int, _ number: Int) -> Chunk { chunks[firstChunk(place) &+ number] }

    private func firstChunk(_ place: Int) -> Int { place == 0 ? 0 : Int(chunkEnds[place &- 1]) }

    /// Lends the symbols of the series at a place: name and value in turn, by rising name.
    @inline(__always)
    func withSymbols<Result>(_ place: Int, _ body: (UnsafeBufferPointer<UInt32>) throws -> Result) rethrows -> Result {
        let range = (place == 0 ? 0 : Int(symbolEnds[place &- 1]))..<Int(symbolEnds[place])
        return try symbols.withUnsafeBufferPointer { try body(UnsafeBufferPointer(rebasing: $0[range])) }
    }

    /// The symbol of the value that the series at a place has of a label.
    func value(of name: UInt32, _ place: Int) -> UInt32? {
        withSymbols(place) { symbols in
            for index in stride(from: 0, to: symbols.count, by: 2) where symbols[index] == name { return symbols[index &+ 1] }
            return nil
        }
    }

    private struct Parser {
        let symbolCount: Int
        var data = 0
        var symbols: [UInt32] = []
        var symbolEnds: [UInt32] = []
        var chunks: [Chunk] = []
        var chunkEnds: [UInt32] = []
        private var shapes: [[UInt32]] = []
        private var lastValues: [[UInt32]] = []
        private var lastShape = 0
        private var lastTimes: Int64 = 0

        init(symbolCount: Int) { self.symbolCount = symbolCount }

        mutating func readLabels(_ reader: inout ByteReader) throws(ByteCodingError) {
            let start = reader.position
            let tag = try reader.readCount(limit: shapes.count + 1)
            if tag == 1 { try readShape(&reader) } else if tag > 1 { lastShape = tag - 2 }
            if lastShape >= shapes.count { throw .malformed(at: start, "unknown names of labels") }
            let mask = try reader.readVarint()
            for index in shapes[lastShape].indices {
                if mask & SeriesPageEncoder.bit(index) != 0 {
                    let value = Int64(lastValues[lastShape][index]) &+ (try reader.readSignedVarint())
                    if value < 0 || value >= symbolCount { throw .malformed(at: reader.position, "an unknown symbol") }
                    lastValues[lastShape][index] = UInt32(value)
                }
                symbols.append(shapes[lastShape][index])
                symbols.append(lastValues[lastShape][index])
            }
            symbolEnds.append(UInt32(symbols.count))
        }

        private mutating func readShape(_ reader: inout ByteReader) throws(ByteCodingError) {
            var names: [UInt32] = []
            var last = 0
            for _ in 0..<(try reader.readCount(limit: MetricBlockFormat.labelLimit)) {
                last += try reader.readCount(limit: symbolCount)
                if last >= symbolCount { throw .malformed(at: reader.position, "an unknown symbol") }
                names.append(UInt32(last))
            }
            lastShape = shapes.count
            shapes.append(names)
            lastValues.append([UInt32](repeating: 0, count: names.count))
        }

        mutating func readChunks(
            _ reader: inout ByteReader, _ headers: inout ByteReader, _ sampleCount: (UInt32) throws -> Int
        ) throws {
            for _ in 0...(try reader.readCount(limit: headers.bytes.count)) {
                lastTimes &+= try reader.readSignedVarint()
                guard let times = UInt32(exactly: lastTimes) else {
                    throw ByteCodingError.malformed(at: reader.position, "an unknown column of timestamps")
                }
                let header = headers.position
                let byteCount = try ValueColumn.skip(&headers, count: try sampleCount(times))
                chunks.append(Chunk(times: times, header: UInt32(header), data: data, dataByteCount: byteCount))
                data &+= byteCount
            }
            chunkEnds.append(UInt32(chunks.count))
        }
    }
}
