import ByteCoding

/// The headers of columns of timestamps: for each the number of timestamps (varint) and the header of ``TimeColumn``.
final class TimePage: Sendable {
    /// One column.
    struct Entry {
        var column: TimeColumn
        /// Where its header stands in the page.
        var header: UInt32
        /// Where its data stands in the file of timestamps.
        var data: Int
        var dataByteCount: Int
    }

    let raw: [UInt8]
    let entries: [Entry]

    /// Reads `count` headers, whose data begins at `data`.
    init(_ raw: [UInt8], count: Int, data: Int) throws {
        var entries: [Entry] = []
        try raw.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            var data = data
            for _ in 0..<count {
                let sampleCount = try reader.readCount(limit: MetricBlockFormat.chunkSampleLimit)
                let header = reader.position
                let (column, dataByteCount) = try TimeColumn.skip(&reader, count: sampleCount)
                entries.append(Entry(column: column, header: UInt32(header), data: data, dataByteCount: dataByteCount))
                data &+= dataByteCount
            }
            if !reader.isAtEnd { throw ByteCodingError.malformed(at: reader.position, "rubbish behind timestamps") }
        }
        self.raw = raw
        self.entries = entries
    }

    /// The bytes it holds in memory.
    var byteCount: Int { raw.count + entries.count * MemoryLayout<Entry>.stride }
}
