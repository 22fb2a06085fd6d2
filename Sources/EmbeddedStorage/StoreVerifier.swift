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
    }

    /// The folder.
    public var directory: String
    /// The store's id; nil when the folder is empty.
    public var storeID: String?
    /// Whether a running server has the folder: what it is writing just now may look torn.
    public var isLocked = false
    /// Every log segment and every block of both signals.
    public var items: [Item] = []

    /// Whether everything could be read.
    public var isSound: Bool { items.allSatisfy(\.isSound) }
}

/// Reads everything in a data folder and changes nothing.
public enum StoreVerifier {
    /// Checks a folder. Throws ``StorageError`` when it is no data folder that this version can read.
    public static func verify(directory path: String, fileSystem: any FileSystem = PosixFileSystem()) throws -> VerifyReport {
        var report = VerifyReport(directory: path)
        do {
            guard try fileSystem.status(path)?.isDirectory == true else {
                throw StorageError(.unusable, "There is no folder \(path).")
            }
            report.storeID = try StoreDirectory.readMarker(path, fileSystem)
            let lock = try lock(path, fileSystem, &report)
            defer { lock?.unlock() }
            for signal in [StoreDirectory.metricsPath(path), StoreDirectory.spansPath(path)] {
                report.items += try log("\(signal)/log", fileSystem)
            }
            for log in [StoreDirectory.exemplarsPath(path), StoreDirectory.metadataPath(path)] {
                report.items += try self.log(log, fileSystem)
            }
            report.items += try metricBlocks("\(StoreDirectory.metricsPath(path))/\(MetricStore.blocksName)", fileSystem)
            report.items += try spanBlocks("\(StoreDirectory.spansPath(path))/\(SpanStore.blocksName)", fileSystem)
        } catch let error as FileError {
            throw StorageError(.unusable, "\(path) cannot be read: \(error)")
        }
        return report
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
        return "\(block.meta.seriesCount) series, \(block.meta.sampleCount) samples, \(block.byteCount) bytes"
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
