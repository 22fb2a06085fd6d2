import ByteCoding
import Platform
import Synchronization
import TelemetryModel

/// A block of metrics on disk, open for reading: the index in memory, the chunks read where they stand.
final class MetricBlock: Sendable {
    let meta: MetricBlockMeta
    let path: String
    let index: MetricBlockIndex
    /// What is deleted of it and still stands in its files.
    let deleted = Mutex(SampleMask())
    private let chunks: any ReadableFile

    /// Opens the block in a directory; throws ``MetricBlockDamage`` unless it is whole.
    init(directory parent: String, id: UInt64, _ fileSystem: any FileSystem) throws {
        let path = "\(parent)/\(MetricBlockFormat.directoryName(id))"
        self.path = path
        do {
            meta = try Self.readMeta(path, id, fileSystem)
            index = try MetricBlockIndex(
                try fileSystem.readAll("\(path)/\(MetricBlockFormat.indexName)", limit: MetricBlockFormat.indexByteLimit))
            chunks = try fileSystem.openForReading("\(path)/\(MetricBlockFormat.chunksName)")
            if chunks.byteCount != meta.chunksByteCount {
                throw ByteCodingError(
                    .truncated, "its chunks have \(chunks.byteCount) bytes instead of \(meta.chunksByteCount)")
            }
        } catch let error as FileError where error.kind != .notFound && error.kind != .truncated && error.kind != .tooLarge {
            // The disk or its permissions: nothing is known about the block, so it is not called damaged.
            throw error
        } catch {
            throw MetricBlockDamage(id: id, message: "The block \(path) is damaged and not used: \(error).")
        }
    }

    deinit { chunks.close() }

    private static func readMeta(_ path: String, _ id: UInt64, _ fileSystem: any FileSystem) throws -> MetricBlockMeta {
        let bytes = try fileSystem.readAll("\(path)/\(MetricBlockFormat.metaName)", limit: MetricBlockFormat.metaByteLimit)
        let meta = try bytes.withUnsafeBytes { try MetricBlockMeta($0) }
        if meta.id != id { throw ByteCodingError(.malformed, "it says that it is block \(meta.id)") }
        return meta
    }

    /// The bytes of its files, without the few of the description.
    var byteCount: Int { meta.chunksByteCount + meta.indexByteCount }

    /// Whether it has samples in a closed range of time.
    func overlaps(from: Int64, through: Int64) -> Bool { meta.first <= through && meta.last >= from }

    /// Runs `body` and names the block in what it throws.
    func checked<Result>(_ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as ByteCodingError {
            throw MetricBlockDamage(id: meta.id, message: "The block \(path) is damaged and not used: \(error).")
        } catch let error as FileError {
            throw MetricBlockDamage(id: meta.id, message: "The block \(path) cannot be read and is not used: \(error)")
        }
    }

    /// The last sample of a series, or nil when it has none here.
    func newest(_ labels: Labels) throws -> Sample? {
        try checked {
            guard let number = try index.find(labels) else { return nil }
            let mask = deleted.withLock { $0 }
            var reader = MetricChunkReader(chunks)
            for chunk in try index.entry(number).chunks.reversed() {
                let columns = mask.apply(try reader.read(chunk), of: number)
                guard let timestamp = columns.timestamps.last, let value = columns.values.last else { continue }
                return Sample(timestamp: timestamp, value: value)
            }
            return nil
        }
    }

    /// The value of a series at exactly this time.
    func value(_ labels: Labels, at timestamp: Int64) throws -> Double? {
        guard overlaps(from: timestamp, through: timestamp) else { return nil }
        return try checked {
            guard let number = try index.find(labels) else { return nil }
            if deleted.withLock({ $0.ranges(of: number) }).contains(where: { $0.contains(timestamp) }) { return nil }
            var reader = MetricChunkReader(chunks)
            for chunk in try index.entry(number).chunks where chunk.first <= timestamp && chunk.last >= timestamp {
                if let value = try reader.read(chunk).value(at: timestamp) { return value }
            }
            return nil
        }
    }

    /// Deletes its files. The name goes first, so that a process that ends half-way leaves no half of a block.
    func remove(_ fileSystem: any FileSystem) throws(FileError) {
        let unnamed = path + MetricBlockFormat.temporarySuffix
        try fileSystem.rename(path, to: unnamed)
        try fileSystem.remove(unnamed)
    }

    /// Reads its chunks.
    func reader() -> MetricChunkReader { MetricChunkReader(chunks) }

    /// Reads every chunk; throws ``MetricBlockDamage``.
    func verify() throws {
        try checked {
            var reader = reader()
            var sampleCount = 0
            for number in 0..<UInt32(index.seriesCount) {
                for chunk in try index.entry(number).chunks { sampleCount += try reader.read(chunk).count }
            }
            if sampleCount != meta.sampleCount || index.seriesCount != meta.seriesCount {
                throw ByteCodingError(.malformed, "it holds \(sampleCount) samples instead of \(meta.sampleCount)")
            }
        }
    }
}

/// Reads chunks of one block, through a window of the file, as neighbours are mostly read one after the other.
struct MetricChunkReader {
    private let file: any ReadableFile
    private var window: [UInt8] = []
    private var windowStart = 0
    /// Timestamps read before: series of one target share them.
    private var knownTimes: [Int: [Int64]] = [:]

    private static let windowByteCount = 32 << 10
    private static let knownTimesLimit = 64

    init(_ file: any ReadableFile) { self.file = file }

    /// The samples of a chunk; throws when its bytes are not what was written.
    mutating func read(_ chunk: ChunkReference) throws -> SampleColumns {
        let timestamps: [Int64]
        if let known = knownTimes[chunk.timesOffset], known.count == chunk.count {
            timestamps = known
        } else {
            timestamps = try column(chunk.timesOffset, chunk.timesByteCount) { raw throws(ByteCodingError) in
                try TimeColumn.decode(raw, count: chunk.count)
            }
            if knownTimes.count >= Self.knownTimesLimit { knownTimes = [:] }
            knownTimes[chunk.timesOffset] = timestamps
        }
        let values = try column(chunk.valuesOffset, chunk.valuesByteCount) { raw throws(ByteCodingError) in
            try ValueColumn.decode(raw, count: chunk.count)
        }
        if timestamps.first != chunk.first || timestamps.last != chunk.last {
            throw ByteCodingError(.malformed, "a chunk does not have the times that the index says")
        }
        return SampleColumns(timestamps: timestamps, values: values)
    }

    private mutating func column<Result>(
        _ offset: Int, _ count: Int, _ body: (UnsafeRawBufferPointer) throws(ByteCodingError) -> Result
    ) throws -> Result {
        let needed = count + 4
        // Offsets come from the disk: compare without adding, which could overflow.
        guard file.byteCount >= needed, offset <= file.byteCount - needed else {
            throw ByteCodingError.truncated(at: offset, needing: needed)
        }
        if offset < windowStart || offset + needed > windowStart + window.count {
            window = try file.read(count: min(max(Self.windowByteCount, needed), file.byteCount - offset), at: offset)
            windowStart = offset
        }
        return try window.withUnsafeBytes { raw in
            let start = offset - windowStart
            let bytes = UnsafeRawBufferPointer(rebasing: raw[start..<(start + count)])
            let checksum = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: start + count, as: UInt32.self))
            if CRC32C.checksum(bytes) != checksum { throw ByteCodingError.malformed(at: offset, "a chunk with a wrong checksum") }
            return try body(bytes)
        }
    }
}
