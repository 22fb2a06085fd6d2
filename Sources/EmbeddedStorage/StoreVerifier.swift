import Platform
import SegmentLog
import Storage

/// What a check of a data folder found.
public struct VerifyReport: Sendable, Equatable {
    /// One file or block.
    public struct Item: Sendable, Equatable {
        /// Where it is.
        public var path: String
        /// What it holds, or what is wrong with it, as a sentence.
        public var sentence: String
        /// Whether all of it could be read.
        public var isSound: Bool

        /// Describes what was found.
        public init(path: String, sentence: String, isSound: Bool) {
            self.path = path
            self.sentence = sentence
            self.isSound = isSound
        }
    }

    /// The folder.
    public var directory: String
    /// The store's id; nil when the folder is empty.
    public var storeID: String?
    /// Whether a running server has the folder: what it is writing just now may look torn.
    public var isLocked = false
    /// Every log segment and block of both signals, the deletions, what `others` looked at, and the same of each snapshot.
    public var items: [Item] = []

    /// Whether everything could be read.
    public var isSound: Bool { items.allSatisfy(\.isSound) }
}

/// Reads everything in a data folder and changes nothing.
public enum StoreVerifier {
    /// Checks a folder and its snapshots. `others` is called with each of these folders to check what is not the store's.
    /// Throws ``StorageError`` when it is no data folder that this version can read.
    public static func verify(
        directory path: String, fileSystem: any FileSystem = PosixFileSystem(),
        others: (String) throws -> [VerifyReport.Item] = { _ in [] }
    ) throws -> VerifyReport {
        var report = VerifyReport(directory: path)
        do {
            guard try fileSystem.status(path)?.isDirectory == true else {
                throw StorageError(.unusable, "There is no folder \(path).")
            }
            report.storeID = try StoreDirectory.readMarker(path, fileSystem)
            let lock = try lock(path, fileSystem, &report)
            defer { lock?.unlock() }
            let snapshots = try SnapshotFolder.paths(of: path, fileSystem)
            for folder in [path] + snapshots { report.items += try parts(of: folder, fileSystem) + others(folder) }
        } catch let error as FileError {
            throw StorageError(.unusable, "\(path) cannot be read: \(error)")
        }
        return report
    }

    private static func parts(of path: String, _ fileSystem: any FileSystem) throws -> [VerifyReport.Item] {
        let (metrics, spans) = (StoreDirectory.metricsPath(path), StoreDirectory.spansPath(path))
        let logs = [
            "\(metrics)/\(MetricStore.logName)", StoreDirectory.exemplarsPath(path), StoreDirectory.metadataPath(path),
            "\(spans)/\(SpanStore.logName)",
        ]
        return try logs.flatMap { try log($0, fileSystem) }
            + metricBlocks("\(metrics)/\(MetricStore.blocksName)", fileSystem) + deletions(metrics, fileSystem)
            + spanBlocks("\(spans)/\(SpanStore.blocksName)", fileSystem)
    }

    private static func deletions(_ directory: String, _ fileSystem: any FileSystem) throws -> [VerifyReport.Item] {
        var items: [VerifyReport.Item] = []
        let path = "\(directory)/\(MetricDeletionFile.name)"
        if try fileSystem.status(path) != nil {
            let (deletions, damages) = try MetricDeletionFile.read(in: directory, fileSystem)
            let text = (["\(deletions.count) deletions"] + damages).joined(separator: "; ")
            items.append(VerifyReport.Item(path: path, sentence: text, isSound: damages.isEmpty))
        }
        let damaged = "\(directory)/\(MetricDeletionFile.damagedName)"
        if try fileSystem.status(damaged) != nil {
            items.append(VerifyReport.Item(path: damaged, sentence: "damaged deletions that were set aside", isSound: false))
        }
        return items
    }

    /// Keeps a server from starting meanwhile, where the folder can be written; nil when it cannot, or one is running.
    private static func lock(_ path: String, _ fileSystem: any FileSystem, _ report: inout VerifyReport) throws -> DirectoryLock? {
        if try fileSystem.status("\(path)/\(DirectoryLock.fileName)") == nil { return nil }
        do {
            return try fileSystem.lock(path)
        } catch {
            report.isLocked = error.kind == .locked
            return nil
        }
    }

    private static func log(_ path: String, _ fileSystem: any FileSystem) throws -> [VerifyReport.Item] {
        if try fileSystem.status(path) == nil { return [] }
        let segments = try SegmentLog.verify(directory: path, fileSystem: fileSystem).map { scan in
            let text = (["\(scan.recordCount) records, \(scan.byteCount) bytes"] + scan.damages).joined(separator: "; ")
            return VerifyReport.Item(path: scan.path, sentence: text, isSound: scan.damages.isEmpty)
        }
        return segments
            + (try SegmentLog.setAsidePaths(in: path, fileSystem).map {
                VerifyReport.Item(path: $0, sentence: "a damaged segment that was set aside", isSound: false)
            })
    }

    private static func metricBlocks(_ path: String, _ fileSystem: any FileSystem) throws -> [VerifyReport.Item] {
        if try fileSystem.status(path) == nil { return [] }
        return try fileSystem.list(path).compactMap { MetricBlockFormat.id(directoryName: $0) }.map { id in
            let blockPath = "\(path)/\(MetricBlockFormat.directoryName(id))"
            do {
                return VerifyReport.Item(path: blockPath, sentence: try metricBlock(path, id, fileSystem), isSound: true)
            } catch let damage as MetricBlockDamage {
                return VerifyReport.Item(path: blockPath, sentence: damage.message, isSound: false)
            }
        }
    }

    /// Reads all of a block and says what it holds.
    private static func metricBlock(_ path: String, _ id: UInt64, _ fileSystem: any FileSystem) throws -> String {
        if try MetricBlock.version(directory: path, id: id, fileSystem) < MetricBlockFormat.version {
            let block = try MetricBlockV1(directory: path, id: id, fileSystem)
            try block.forEach(fileSystem) { _, _ in }
            return "\(block.seriesCount) series, \(block.sampleCount) samples, of format version 1"
        }
        let cache = MetricPageCache(byteLimit: MetricStoreOptions().pageCacheByteLimit)
        let block = try MetricBlock(directory: path, id: id, fileSystem, cache)
        try block.verify()
        let resolution = block.resolution.map { " of \($0.name) aggregates" } ?? ""
        return "\(block.meta.seriesCount) series\(resolution), \(block.meta.sampleCount) samples, \(block.byteCount) bytes"
    }

    private static func spanBlocks(_ path: String, _ fileSystem: any FileSystem) throws -> [VerifyReport.Item] {
        let directory = SpanBlockDirectory(path: path, fileSystem: fileSystem)
        let (blocks, damages) = try directory.inspect(cache: SpanPageCache(byteLimit: SpanStoreOptions().pageCacheByteLimit))
        let items = try blocks.map { block in
            let blockPath = directory.path(of: block.meta.id)
            do {
                try block.verify()
                let text = "\(block.meta.rowCount) spans, \(block.meta.dataByteCount) bytes"
                return VerifyReport.Item(path: blockPath, sentence: text, isSound: true)
            } catch let damage as SpanBlockDamage {
                return VerifyReport.Item(path: blockPath, sentence: damage.description, isSound: false)
            }
        }
        return items + damages.map { VerifyReport.Item(path: path, sentence: $0, isSound: false) }
    }
}
