import Platform
import Storage
import TelemetryModel

/// What stands in a block of metrics, in bytes and forms.
public struct BlockReport: Encodable, Sendable, Equatable {
    /// A part of the block.
    public struct Part: Encodable, Sendable, Equatable {
        /// What it holds.
        public var name: String
        /// Its bytes on disk.
        public var byteCount: Int
    }

    /// What the chunks of one form have together.
    public struct Form: Encodable, Sendable, Equatable {
        /// Order and scale, as the format page names them.
        public var name: String
        /// How many chunks there are.
        public var chunkCount = 0
        /// How many samples.
        public var sampleCount = 0
        /// The bytes of their packed values.
        public var dataByteCount = 0
        /// The bytes of their headers before these are compressed.
        public var headerByteCount = 0
    }

    /// One chunk of a series that was asked for.
    public struct Chunk: Encodable, Sendable, Equatable {
        /// The series, as PromQL writes it.
        public var series: String
        /// The first and the last timestamp, milliseconds since 1970.
        public var first: Int64
        /// The last timestamp.
        public var last: Int64
        /// How many samples it has.
        public var sampleCount: Int
        /// Order and scale.
        public var form: String
        /// The number of its column of timestamps.
        public var timeColumn: Int
        /// Bytes of its header, before it is compressed, and of its data.
        public var headerByteCount: Int
        /// Bytes of its packed values.
        public var dataByteCount: Int
    }

    /// Where the block is.
    public var path = ""
    /// Whether a server is using the folder.
    public var isLocked = false
    /// The oldest and the newest timestamp, milliseconds since 1970.
    public var first: Int64 = 0
    /// The newest timestamp.
    public var last: Int64 = 0
    /// How many series, chunks, samples, columns of timestamps and symbols it has.
    public var seriesCount = 0
    /// How many chunks.
    public var chunkCount = 0
    /// How many samples.
    public var sampleCount = 0
    /// How many columns of timestamps; series share them.
    public var timeColumnCount = 0
    /// How many names and values of labels.
    public var symbolCount = 0
    /// The log records that it holds.
    public var firstSequence: UInt64 = 0
    /// The last of them.
    public var lastSequence: UInt64 = 0
    /// What a sample stands for, milliseconds; 0 for samples as they came.
    public var resolutionMilliseconds: Int64 = 0
    /// The blocks that it was made of.
    public var replaced: [UInt64] = []
    /// Its bytes by part.
    public var parts: [Part] = []
    /// Its chunks by form, the form with most bytes first.
    public var forms: [Form] = []
    /// The chunks of the series that were asked for.
    public var chunks: [Chunk] = []

    /// The bytes of all parts.
    public var byteCount: Int { parts.reduce(0) { $0 + $1.byteCount } }
}

/// Reads a block of metrics and changes nothing.
public enum BlockInspector {
    /// So many chunks of series that were asked for are listed.
    public static let chunkLimit = 10_000

    /// Looks at the block in a folder `…/block-NNNNNNNNNN`; `matchers` choose the series whose chunks are listed.
    ///
    /// Throws ``StorageError`` of kind `unusable` when there is no such block, of kind `corrupt` when it is damaged.
    public static func inspect(
        _ path: String, matchers: [LabelMatcher]? = nil, fileSystem: any FileSystem = PosixFileSystem()
    ) throws -> BlockReport {
        let (parent, name) = split(path)
        guard let id = MetricBlockFormat.id(directoryName: name) else {
            throw StorageError(.unusable, "\(path) is no block of metrics: its name is not block- and a number.")
        }
        do {
            guard try fileSystem.status(path)?.isDirectory == true else {
                throw StorageError(.unusable, "There is no folder \(path).")
            }
            if try MetricBlock.version(directory: parent, id: id, fileSystem) < MetricBlockFormat.version {
                throw StorageError(.unusable, "\(path) has format version 1. It is rewritten when a server opens the folder.")
            }
            let cache = MetricPageCache(byteLimit: MetricStoreOptions().pageCacheByteLimit)
            let block = try MetricBlock(directory: parent, id: id, fileSystem, cache)
            var report = overview(block)
            report.isLocked = try isLocked(parent, fileSystem)
            try block.checked { try addForms(block, &report) }
            if let matchers { try block.checked { try addChunks(block, matchers, &report) } }
            return report
        } catch let error as FileError {
            throw StorageError(.unusable, "\(path) cannot be read: \(error)")
        } catch let damage as MetricBlockDamage {
            throw StorageError(.corrupt, damage.message)
        }
    }

    private static func split(_ path: String) -> (parent: String, name: String) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true)
        let parent = parts.dropLast().joined(separator: "/")
        return (
            (path.hasPrefix("/") ? "/" : "") + (parent.isEmpty && !path.hasPrefix("/") ? "." : parent), String(parts.last ?? "")
        )
    }

    /// Whether the store that the block belongs to is in use; it is three folders up, when the block stands in one.
    private static func isLocked(_ blocks: String, _ fileSystem: any FileSystem) throws -> Bool {
        let store = "\(blocks)/../.."
        guard try fileSystem.status("\(store)/\(DirectoryLock.fileName)") != nil else { return false }
        do {
            try fileSystem.lock(store).unlock()
            return false
        } catch {
            return error.kind == .locked
        }
    }

    private static func overview(_ block: MetricBlock) -> BlockReport {
        let meta = block.meta
        var report = BlockReport()
        report.path = block.path
        (report.first, report.last) = (meta.first, meta.last)
        (report.seriesCount, report.chunkCount, report.sampleCount) = (meta.seriesCount, meta.chunkCount, meta.sampleCount)
        (report.timeColumnCount, report.symbolCount) = (meta.timeColumnCount, meta.symbolCount)
        (report.firstSequence, report.lastSequence) = (meta.firstSequence, meta.lastSequence)
        report.resolutionMilliseconds = meta.resolutionMilliseconds
        report.replaced = meta.replaced
        let counts = meta.byteCounts
        // Labels and chunk headers are compressed together: their shares are those they had before.
        let labels = counts.series * counts.labelsBefore / max(1, counts.labelsBefore + counts.chunkHeadersBefore)
        report.parts = [
            .init(name: "values", byteCount: counts.values),
            .init(name: "timestamps", byteCount: counts.times + counts.timeHeaders),
            .init(name: "chunk headers", byteCount: counts.series - labels),
            .init(name: "labels", byteCount: labels + counts.symbols), .init(name: "postings", byteCount: counts.postings),
            .init(name: "directory", byteCount: counts.directory + MetricBlockFormat.headerByteCount),
            .init(name: "description", byteCount: meta.encode().count),
        ]
        return report
    }

    private static func addForms(_ block: MetricBlock, _ report: inout BlockReport) throws {
        var forms: [String: BlockReport.Form] = [:]
        var reader = MetricBlockReader(block)
        for number in 0..<UInt32(block.meta.seriesCount) {
            try reader.move(to: number)
            for place in 0..<reader.chunkCount {
                let chunk = try reader.chunk(place)
                let (form, headerByteCount, dataByteCount) = try reader.form(chunk)
                let name = name(form)
                forms[name, default: BlockReport.Form(name: name)].chunkCount += 1
                forms[name]?.sampleCount += chunk.count
                forms[name]?.headerByteCount += headerByteCount
                forms[name]?.dataByteCount += dataByteCount
            }
        }
        report.forms = forms.values.sorted { ($0.dataByteCount, $0.name) > ($1.dataByteCount, $1.name) }
    }

    private static func addChunks(_ block: MetricBlock, _ matchers: [LabelMatcher], _ report: inout BlockReport) throws {
        var reader = MetricBlockReader(block)
        for number in try block.index.select(matchers) {
            try reader.move(to: number)
            let series = try reader.labels().description
            for place in 0..<reader.chunkCount where report.chunks.count < chunkLimit {
                let chunk = try reader.chunk(place)
                let (form, headerByteCount, dataByteCount) = try reader.form(chunk)
                report.chunks.append(
                    .init(
                        series: series, first: chunk.first, last: chunk.last, sampleCount: chunk.count, form: name(form),
                        timeColumn: Int(chunk.times), headerByteCount: headerByteCount, dataByteCount: dataByteCount))
            }
        }
    }

    private static func name(_ form: ValueColumn.Form) -> String {
        let order =
            switch form.order {
            case .constant: "constant"
            case .plain: "plain"
            case .delta: "delta"
            case .deltaOfDelta: "delta of delta"
            }
        let scale =
            switch form.scale {
            case .decimal(let exponent): "decimals \(exponent)"
            case .bits: "full precision"
            }
        return "\(order), \(scale)\(form.isSparse ? ", changes only" : "")"
    }
}
