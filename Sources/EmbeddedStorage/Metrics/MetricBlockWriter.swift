import ByteCoding
import Platform
import TelemetryModel

/// Writes a block: series by series, in the order of their labels. The block is there when ``finish(sequences:replaced:)``
/// returns, and nothing of it before.
struct MetricBlockWriter {
    private struct Entry {
        var labels: [(name: UInt32, value: UInt32)]
        var hash: UInt64
        var chunks: [ChunkReference]
    }

    private let id: UInt64
    private let path: String
    private let parent: String
    private let fileSystem: any FileSystem
    private let chunks: any AppendableFile
    private var symbols = SymbolTable()
    private var entries: [Entry] = []
    private var pending = ByteWriter()
    private var written = 0
    private var sampleCount = 0
    private var first = Int64.max
    private var last = Int64.min
    /// Where timestamps that were written before stand: the series of one target share theirs.
    private var knownTimes: [[UInt8]: Int] = [:]

    private static let flushByteCount = 1 << 20
    private static let knownTimesLimit = 4_096

    init(id: UInt64, in parent: String, _ fileSystem: any FileSystem) throws(FileError) {
        self.id = id
        self.parent = parent
        self.fileSystem = fileSystem
        path = "\(parent)/\(MetricBlockFormat.directoryName(id))\(MetricBlockFormat.temporarySuffix)"
        try fileSystem.remove(path)
        try fileSystem.makeDirectory(path)
        chunks = try fileSystem.create("\(path)/\(MetricBlockFormat.chunksName)")
        pending.writeInteger(MetricBlockFormat.chunksMagic)
        pending.writeInteger(MetricBlockFormat.version)
        pending.writeInteger(id)
    }

    /// Whether nothing was added.
    var isEmpty: Bool { entries.isEmpty }

    /// Adds a series with at least one sample.
    mutating func add(_ labels: Labels, _ samples: SampleColumns) throws(FileError) {
        var references: [ChunkReference] = []
        var start = 0
        while start < samples.count {
            let end = min(start + MetricBlockFormat.chunkSampleLimit, samples.count)
            references.append(addChunk(Array(samples.timestamps[start..<end]), Array(samples.values[start..<end])))
            start = end
        }
        guard let oldest = references.first?.first, let newest = references.last?.last else { return }
        first = min(first, oldest)
        last = max(last, newest)
        sampleCount += samples.count
        let hash = labels.bytes.withUnsafeBytes { SeededHash.hash($0, seed: MetricBlockFormat.hashSeed) }
        let pairs = labels.list.map { (name: symbols.intern($0.name), value: symbols.intern($0.value)) }
        entries.append(Entry(labels: pairs, hash: hash, chunks: references))
        if pending.count >= Self.flushByteCount { try flush() }
    }

    private mutating func addChunk(_ timestamps: [Int64], _ values: [Double]) -> ChunkReference {
        let times = TimeColumn.encode(timestamps)
        let timesOffset: Int
        if let known = knownTimes[times] {
            timesOffset = known
        } else {
            timesOffset = addColumn(times)
            if knownTimes.count >= Self.knownTimesLimit { knownTimes = [:] }
            knownTimes[times] = timesOffset
        }
        let column = ValueColumn.encode(values)
        return ChunkReference(
            first: timestamps[0], last: timestamps[timestamps.count - 1], count: timestamps.count, timesOffset: timesOffset,
            timesByteCount: times.count, valuesOffset: addColumn(column), valuesByteCount: column.count)
    }

    /// Appends a column and its checksum; returns where it stands.
    private mutating func addColumn(_ bytes: [UInt8]) -> Int {
        let offset = written + pending.count
        pending.writeBytes(bytes)
        pending.writeInteger(CRC32C.checksum(bytes))
        return offset
    }

    private mutating func flush() throws(FileError) {
        try chunks.append(pending.bytes)
        written += pending.count
        pending.bytes.removeAll(keepingCapacity: true)
    }

    /// Writes the index, makes everything durable and gives the block its name.
    mutating func finish(sequences: ClosedRange<UInt64>, replaced: [UInt64]) throws(FileError) -> MetricBlockMeta {
        try flush()
        try chunks.sync()
        chunks.close()
        let index = indexBytes()
        let meta = MetricBlockMeta(
            id: id, first: first, last: last, seriesCount: entries.count, sampleCount: sampleCount, sequences: sequences,
            chunksByteCount: written, indexByteCount: index.count, replaced: replaced)
        for (name, bytes) in [(MetricBlockFormat.indexName, index), (MetricBlockFormat.metaName, meta.encode())] {
            let file = try fileSystem.create("\(path)/\(name)")
            defer { file.close() }
            try file.append(bytes)
            try file.sync()
        }
        try fileSystem.syncDirectory(path)
        try fileSystem.rename(path, to: "\(parent)/\(MetricBlockFormat.directoryName(id))")
        try fileSystem.syncDirectory(parent)
        return meta
    }

    /// Removes what was written so far.
    func abandon() {
        chunks.close()
        // What cannot be removed now is removed when the store opens.
        try? fileSystem.remove(path)
    }

    // MARK: - Index

    private mutating func indexBytes() -> [UInt8] {
        let order = (0..<UInt32(symbols.count)).sorted {
            symbols.bytes($0).lexicographicallyPrecedes(symbols.bytes($1))
        }
        var ranks = [UInt32](repeating: 0, count: order.count)
        for (rank, symbol) in order.enumerated() { ranks[Int(symbol)] = UInt32(rank) }
        for index in entries.indices {
            entries[index].labels = entries[index].labels.map { (ranks[Int($0.name)], ranks[Int($0.value)]) }
        }
        let sections = [symbolSection(order), seriesSection(), hashSection(), postingsSection()]
        var writer = ByteWriter()
        writer.writeInteger(MetricBlockFormat.indexMagic)
        writer.writeInteger(MetricBlockFormat.version)
        var offset = MetricBlockFormat.indexHeaderByteCount
        for section in sections {
            writer.writeInteger(UInt64(offset))
            writer.writeInteger(UInt64(section.count))
            writer.writeInteger(CRC32C.checksum(section))
            offset += section.count
        }
        writer.writeInteger(CRC32C.checksum(writer.bytes))
        for section in sections { writer.writeBytes(section) }
        return writer.bytes
    }

    private func symbolSection(_ order: [UInt32]) -> [UInt8] {
        Self.table(order.map { Array(symbols.bytes($0)) })
    }

    /// A number of items, where each ends, and the items.
    private static func table(_ items: [[UInt8]]) -> [UInt8] {
        var writer = ByteWriter()
        writer.writeInteger(UInt32(items.count))
        var end: UInt64 = 0
        for item in items {
            end += UInt64(item.count)
            writer.writeInteger(end)
        }
        for item in items { writer.writeBytes(item) }
        return writer.bytes
    }

    private func seriesSection() -> [UInt8] {
        Self.table(
            entries.map { entry in
                var writer = ByteWriter()
                writer.writeVarint(UInt64(entry.labels.count))
                for (name, value) in entry.labels {
                    writer.writeVarint(UInt64(name))
                    writer.writeVarint(UInt64(value))
                }
                // Value kind: floats.
                writer.writeByte(SampleKind.float.rawValue)
                writer.writeVarint(UInt64(entry.chunks.count))
                for chunk in entry.chunks {
                    writer.writeSignedVarint(chunk.first)
                    writer.writeSignedVarint(chunk.last)
                    for number in [chunk.count, chunk.timesOffset, chunk.timesByteCount, chunk.valuesOffset, chunk.valuesByteCount]
                    {
                        writer.writeVarint(UInt64(number))
                    }
                }
                return writer.bytes
            })
    }

    private func hashSection() -> [UInt8] {
        var writer = ByteWriter()
        writer.writeInteger(UInt32(SeededHash.version))
        for (number, entry) in entries.enumerated().sorted(by: { $0.element.hash < $1.element.hash }) {
            writer.writeInteger(entry.hash)
            writer.writeInteger(UInt32(number))
        }
        return writer.bytes
    }

    private func postingsSection() -> [UInt8] {
        var byName: [UInt32: [UInt32: [UInt32]]] = [:]
        for (number, entry) in entries.enumerated() {
            for (name, value) in entry.labels { byName[name, default: [:]][value, default: []].append(UInt32(number)) }
        }
        var names = ByteWriter()
        var values = ByteWriter()
        var lists = ByteWriter()
        names.writeInteger(UInt32(byName.count))
        var valueCount: UInt32 = 0
        for (name, byValue) in byName.sorted(by: { $0.key < $1.key }) {
            names.writeInteger(name)
            names.writeInteger(valueCount)
            valueCount += UInt32(byValue.count)
            for (value, numbers) in byValue.sorted(by: { $0.key < $1.key }) {
                values.writeInteger(value)
                values.writeInteger(UInt64(lists.count))
                lists.writeVarint(UInt64(numbers.count))
                var last: UInt32 = 0
                for number in numbers {
                    lists.writeVarint(UInt64(number - last))
                    last = number
                }
            }
        }
        names.writeInteger(valueCount)
        return names.bytes + values.bytes + lists.bytes
    }
}
