import ByteCoding
import Platform
import TelemetryModel

/// Writes a block: series by series, in the order of their labels. The block is there when ``finish(sequences:replaced:)``
/// returns, and nothing of it before.
struct MetricBlockWriter {
    private let path: String
    private let parent: String
    private let fileSystem: any FileSystem
    private var values: CheckedDataWriter
    private var times: CheckedDataWriter
    private var meta: MetricBlockMeta
    private var index: MetricIndexBuilder
    /// Columns of timestamps that were written lately, by their hash: the series of a target share theirs.
    private var knownTimes: [UInt64: (timestamps: [Int64], column: UInt32)] = [:]
    private var knownTimesSampleCount = 0
    private var chunkTimes: [UInt32] = []

    private static let knownTimesSampleLimit = 1 << 20

    /// Begins a block. `resolutionMilliseconds` is 0 for samples as they came.
    init(
        id: UInt64, in parent: String, resolutionMilliseconds: Int64 = 0, _ fileSystem: any FileSystem
    ) throws(FileError) {
        self.parent = parent
        self.fileSystem = fileSystem
        path = "\(parent)/\(MetricBlockFormat.directoryName(id))\(MetricBlockFormat.temporarySuffix)"
        meta = MetricBlockMeta(id: id)
        meta.resolutionMilliseconds = resolutionMilliseconds
        try fileSystem.remove(path)
        try fileSystem.makeDirectory(path)
        values = CheckedDataWriter(
            try fileSystem.create("\(path)/\(MetricBlockFormat.valuesName)"),
            header: MetricBlockFormat.header(MetricBlockFormat.valuesMagic, id))
        times = CheckedDataWriter(
            try fileSystem.create("\(path)/\(MetricBlockFormat.timesName)"),
            header: MetricBlockFormat.header(MetricBlockFormat.timesMagic, id))
        index = MetricIndexBuilder(valuesStart: values.position, timesStart: times.position)
    }

    /// Whether nothing was added.
    var isEmpty: Bool { meta.seriesCount == 0 }

    /// Adds a series with at least one sample; labels and timestamps rise.
    mutating func add(
        _ labels: Labels, _ timestamps: UnsafeBufferPointer<Int64>, _ values: UnsafeBufferPointer<Double>
    ) throws(FileError) {
        precondition(timestamps.count == values.count, "there is a value for each timestamp")
        if timestamps.isEmpty { return }
        var start = 0
        while start < timestamps.count {
            let end = min(start + MetricBlockFormat.chunkSampleLimit, timestamps.count)
            chunkTimes.append(column(UnsafeBufferPointer(rebasing: timestamps[start..<end])))
            ValueColumn.encode(
                UnsafeBufferPointer(rebasing: values[start..<end]), header: &index.headers, data: &self.values.pending)
            start = end
        }
        meta.first = min(meta.first, timestamps[0])
        meta.last = max(meta.last, timestamps[timestamps.count - 1])
        meta.sampleCount += timestamps.count
        meta.seriesCount += 1
        meta.chunkCount += chunkTimes.count
        index.add(labels, chunkTimes, dataEnd: self.values.position)
        chunkTimes.removeAll(keepingCapacity: true)
        try self.values.flushIfFull()
        try times.flushIfFull()
    }

    /// Adds a series with at least one sample.
    mutating func add(_ labels: Labels, _ samples: SampleColumns) throws(FileError) {
        let result = samples.timestamps.withUnsafeBufferPointer { timestamps in
            samples.values.withUnsafeBufferPointer { values in
                Result<Void, FileError> { () throws(FileError) in try add(labels, timestamps, values) }
            }
        }
        try result.get()
    }

    /// The number of the column with these timestamps, which is written unless it is known.
    private mutating func column(_ timestamps: UnsafeBufferPointer<Int64>) -> UInt32 {
        let hash = SeededHash.hash(UnsafeRawBufferPointer(timestamps))
        if let known = knownTimes[hash], known.timestamps.elementsEqual(timestamps) { return known.column }
        let column = UInt32(meta.timeColumnCount)
        meta.timeColumnCount += 1
        index.addTimes(timestamps, &times)
        if knownTimesSampleCount >= Self.knownTimesSampleLimit {
            knownTimes.removeAll(keepingCapacity: true)
            knownTimesSampleCount = 0
        }
        knownTimes[hash] = (Array(timestamps), column)
        knownTimesSampleCount += timestamps.count
        return column
    }

    /// Writes the index, makes everything durable and gives the block its name.
    mutating func finish(sequences: ClosedRange<UInt64>, replaced: [UInt64]) throws -> MetricBlockMeta {
        meta.firstSequence = sequences.lowerBound
        meta.lastSequence = sequences.upperBound
        meta.replaced = replaced
        meta.byteCounts.values = values.position
        meta.byteCounts.times = times.position
        let bytes = try index.finish(&meta, values: try values.finish(), times: try times.finish())
        for (name, bytes) in [(MetricBlockFormat.indexName, bytes), (MetricBlockFormat.metaName, meta.encode())] {
            let file = try fileSystem.create("\(path)/\(name)")
            defer { file.close() }
            try file.append(bytes)
            try file.sync()
        }
        try fileSystem.syncDirectory(path)
        try fileSystem.rename(path, to: "\(parent)/\(MetricBlockFormat.directoryName(meta.id))")
        try fileSystem.syncDirectory(parent)
        return meta
    }

    /// Removes what was written so far.
    func abandon() {
        values.close()
        times.close()
        // What cannot be removed now is removed when the store opens.
        try? fileSystem.remove(path)
    }
}
