import ByteCoding
import Platform
import Synchronization
import TelemetryModel

/// A block of metrics on disk, open for reading. What has been read of it is kept in a cache that all blocks share.
final class MetricBlock: Sendable {
    let meta: MetricBlockMeta
    let path: String
    let index: MetricBlockIndex
    /// What is deleted of it and still stands in its files.
    let deleted = Mutex(SampleMask())
    let values: CheckedDataReader
    let times: CheckedDataReader
    let cache: MetricPageCache

    /// Opens the block in a directory; throws ``MetricBlockDamage`` unless description and directory are whole.
    init(directory parent: String, id: UInt64, _ fileSystem: any FileSystem, _ cache: MetricPageCache) throws {
        let path = "\(parent)/\(MetricBlockFormat.directoryName(id))"
        self.path = path
        self.cache = cache
        (meta, index, values, times) = try Self.naming(path, id) {
            let meta = try Self.readMeta(path, id, fileSystem)
            let index = try MetricBlockIndex(
                meta, try fileSystem.openForReading("\(path)/\(MetricBlockFormat.indexName)"), cache)
            let values = try Self.open(
                "\(path)/\(MetricBlockFormat.valuesName)", magic: MetricBlockFormat.valuesMagic, meta.byteCounts.values,
                index.directory.valuesChecksums, .valueBytes,
                meta, fileSystem, cache)
            let times = try Self.open(
                "\(path)/\(MetricBlockFormat.timesName)", magic: MetricBlockFormat.timesMagic, meta.byteCounts.times,
                index.directory.timesChecksums, .timeBytes, meta,
                fileSystem, cache)
            return (meta, index, values, times)
        }
    }

    /// The version of a block's format.
    static func version(directory parent: String, id: UInt64, _ fileSystem: any FileSystem) throws -> UInt32 {
        let path = "\(parent)/\(MetricBlockFormat.directoryName(id))"
        return try naming(path, id) { try readMetaBytes(path, fileSystem).withUnsafeBytes { try MetricBlockMeta.version($0) } }
    }

    private static func readMetaBytes(_ path: String, _ fileSystem: any FileSystem) throws -> [UInt8] {
        try fileSystem.readAll("\(path)/\(MetricBlockFormat.metaName)", limit: MetricBlockFormat.metaByteLimit)
    }

    private static func readMeta(_ path: String, _ id: UInt64, _ fileSystem: any FileSystem) throws -> MetricBlockMeta {
        let meta = try readMetaBytes(path, fileSystem).withUnsafeBytes { raw in
            let version = try MetricBlockMeta.version(raw)
            if version != MetricBlockFormat.version {
                throw ByteCodingError.malformed(at: 4, "version \(version), which is rewritten when the store opens, stands")
            }
            return try MetricBlockMeta(raw)
        }
        if meta.id != id { throw ByteCodingError(.malformed, "it says that it is block \(meta.id)") }
        return meta
    }

    private static func open(
        _ path: String, magic: UInt32, _ byteCount: Int, _ checksums: [UInt32], _ part: MetricPageCache.Part,
        _ meta: MetricBlockMeta, _ fileSystem: any FileSystem, _ cache: MetricPageCache
    ) throws -> CheckedDataReader {
        let file = try fileSystem.openForReading(path)
        let reader = CheckedDataReader(file, checksums, part, block: meta.id, cache)
        if file.byteCount != byteCount {
            throw ByteCodingError(.truncated, "\(path) has \(file.byteCount) bytes instead of \(byteCount)")
        }
        let header = MetricBlockFormat.header(magic, meta.id)
        if try file.read(count: header.count, at: 0) != header {
            throw ByteCodingError(.malformed, "\(path) does not begin as a file of this block")
        }
        return reader
    }

    /// The bytes of its files, without the few of the description.
    var byteCount: Int { meta.byteCount }

    /// Whether it has samples in a closed range of time.
    func overlaps(from: Int64, through: Int64) -> Bool { meta.first <= through && meta.last >= from }

    /// Runs `body` and names the block in what it throws.
    func checked<Result>(_ body: () throws -> Result) throws -> Result { try Self.naming(path, meta.id, body) }

    private static func naming<Result>(_ path: String, _ id: UInt64, _ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as ByteCodingError {
            throw MetricBlockDamage(id: id, message: "The block \(path) is damaged and not used: \(error).")
        } catch let error as FileError where [.notFound, .truncated, .tooLarge].contains(error.kind) {
            throw MetricBlockDamage(id: id, message: "The block \(path) is damaged and not used: \(error)")
        }
        // Other errors are the disk's or its permissions': nothing is known about the block, so it is not called damaged.
    }

    /// The last sample of a series, or nil when it has none here.
    func newest(_ labels: Labels) throws -> Sample? {
        try checked {
            guard let number = try index.find(labels) else { return nil }
            let mask = deleted.withLock { $0 }
            var reader = MetricBlockReader(self)
            try reader.move(to: number)
            for chunk in (0..<reader.chunkCount).reversed() {
                let samples = mask.apply(try reader.samples(try reader.chunk(chunk)), of: number)
                guard let timestamp = samples.timestamps.last, let value = samples.values.last else { continue }
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
            var reader = MetricBlockReader(self)
            try reader.move(to: number)
            for chunkNumber in 0..<reader.chunkCount {
                let chunk = try reader.chunk(chunkNumber)
                if chunk.first > timestamp || chunk.last < timestamp { continue }
                if let value = try reader.samples(chunk).value(at: timestamp) { return value }
            }
            return nil
        }
    }

    /// Deletes its files. The name goes first, durably, so that neither the end of the process nor a loss of power leaves half
    /// of a block.
    func remove(_ fileSystem: any FileSystem) throws(FileError) { try Self.remove(path, fileSystem) }

    /// Deletes the files of a block that is not open.
    static func remove(_ path: String, _ fileSystem: any FileSystem) throws(FileError) {
        let unnamed = path + MetricBlockFormat.temporarySuffix
        try fileSystem.rename(path, to: unnamed)
        try fileSystem.syncDirectory(PosixFileSystem.parent(of: path))
        try fileSystem.remove(unnamed)
    }

    /// Reads everything; throws ``MetricBlockDamage``.
    func verify() throws {
        try checked {
            var reader = MetricBlockReader(self)
            var sampleCount = 0
            var chunkCount = 0
            for number in 0..<UInt32(meta.seriesCount) {
                try reader.move(to: number)
                _ = try reader.labels()
                chunkCount += reader.chunkCount
                for chunk in 0..<reader.chunkCount { sampleCount += try reader.samples(try reader.chunk(chunk)).count }
            }
            try values.verify()
            try times.verify()
            for name in try index.labelNames() {
                try index.forEachValue(of: name) { _ = try index.postings(name, $0) }
            }
            if sampleCount != meta.sampleCount || chunkCount != meta.chunkCount {
                throw ByteCodingError(.malformed, "it holds \(sampleCount) samples instead of \(meta.sampleCount)")
            }
        }
    }
}
