import ByteCoding
import Platform
import SegmentLog
import Storage
import Synchronization
import TelemetryModel

/// What is known of metrics: all of it in memory, and a log of what changed, which is written anew when most of it is old.
final class MetadataStore: Sendable {
    private struct State {
        /// By the bytes of the name: text compares by meaning, names do not.
        var entries: [[UInt8]: MetricMetadata] = [:]
        /// The bytes of all names, helps and units.
        var byteCount = 0
        var damages: [String] = []
        var isClosed = false

        mutating func set(_ entry: MetricMetadata) {
            let old = entries.updateValue(entry, forKey: Array(entry.metric.utf8))
            byteCount += entry.byteCount - (old?.byteCount ?? 0)
        }
    }

    private let options: MetadataStoreOptions
    let log: SegmentLog
    private let state: Mutex<State>

    private init(_ options: MetadataStoreOptions, _ log: SegmentLog, _ state: sending State) {
        self.options = options
        self.log = log
        self.state = Mutex(state)
    }

    // MARK: - Opening

    /// Opens the log in `directory`, which is made if it is missing, and reads it. Damage is named in the status.
    static func open(
        directory: String, options: MetadataStoreOptions, fileSystem: any FileSystem
    ) throws -> MetadataStore {
        do {
            var state = State()
            let (log, report) = try SegmentLog.open(directory: directory, fileSystem: fileSystem) { replay($0, &state) }
            state.damages += report.damages
            return MetadataStore(options, log, state)
        } catch let error as FileError {
            throw StorageError(.unusable, "The metadata in \(directory) cannot be opened: \(error)")
        }
    }

    private static func replay(_ record: LogRecord, _ state: inout State) {
        do {
            guard record.type == MetadataLogFormat.recordType, record.version <= MetadataLogFormat.version else {
                throw ByteCodingError(.malformed, "it is of a newer kind")
            }
            for entry in try MetadataLogFormat.decode(record.payload) { state.set(entry) }
        } catch {
            if state.damages.count < MetricStore.damageLimit {
                state.damages.append("Record \(record.sequence) of the log of metadata was skipped: \(error).")
            }
        }
    }

    // MARK: - Writing

    /// Logs what a batch says that is new.
    func write(_ batch: MetricBatch) throws -> SideReceipt {
        var receipt = SideReceipt()
        if batch.metadata.isEmpty { return receipt }
        do {
            try state.withLock { state in
                if state.isClosed { throw StorageError(.closed, "The store is shutting down.") }
                let changed = plan(batch.metadata, state, &receipt)
                try append(changed)
                for entry in changed { state.set(entry) }
                receipt.stored = changed.count
            }
            if options.durability == .synced, receipt.stored > 0 { try log.sync() }
        } catch { throw MetricStore.storageError(error) }
        return receipt
    }

    /// The entries that change something, the last of a metric only; counts the others.
    private func plan(_ batch: [MetricMetadata], _ state: State, _ receipt: inout SideReceipt) -> [MetricMetadata] {
        var last: [[UInt8]: MetricMetadata] = [:]
        for entry in batch {
            let name = Array(entry.metric.utf8)
            if name.isEmpty || name.count > options.nameByteLimit {
                receipt.refuse(
                    name.isEmpty ? .malformed : .tooLarge,
                    "a metric's name must have 1 to \(options.nameByteLimit) bytes, not \(name.count)")
                continue
            }
            if last.updateValue(shortened(entry), forKey: name) != nil { receipt.duplicates += 1 }
        }
        var changed: [MetricMetadata] = []
        var metricCount = state.entries.count
        var byteCount = state.byteCount
        for (name, entry) in last {
            let old = state.entries[name]
            if old == entry {
                receipt.duplicates += 1
            } else if (old == nil && metricCount >= options.metricLimit) || byteCount + entry.byteCount > options.byteLimit {
                receipt.refuse(
                    .seriesLimit,
                    "\(entry.metric) would be beyond the \(options.metricLimit) metrics or \(options.byteLimit) bytes of metadata allowed"
                )
            } else {
                if old == nil { metricCount += 1 }
                byteCount += entry.byteCount - (old?.byteCount ?? 0)
                changed.append(entry)
            }
        }
        return changed
    }

    private func shortened(_ entry: MetricMetadata) -> MetricMetadata {
        MetricMetadata(
            metric: entry.metric, type: entry.type, help: entry.help.prefix(utf8Count: options.helpByteLimit),
            unit: entry.unit.prefix(utf8Count: options.unitByteLimit))
    }

    private func append(_ entries: some Collection<MetricMetadata>) throws(FileError) {
        var rest = entries[...]
        while !rest.isEmpty {
            _ = try log.append(type: MetadataLogFormat.recordType, version: MetadataLogFormat.version) { _, writer in
                let limit = writer.count + MetadataStoreOptions.recordByteLimit
                while let entry = rest.first, writer.count < limit {
                    MetadataLogFormat.write(entry, to: &writer)
                    rest = rest.dropFirst()
                }
            }
        }
    }

    // MARK: - The rest

    /// Writes the log anew when most of it is of no use any more.
    func maintain() throws {
        do {
            try state.withLock { state in
                if state.isClosed || log.byteCount <= 2 * state.byteCount + options.garbageByteLimit { return }
                let last = log.lastSequence
                try log.roll()
                try append(state.entries.values)
                // The copies must be there to stay before the originals go.
                try log.sync()
                try log.deleteSegments(through: last)
            }
        } catch { throw MetricStore.storageError(error) }
    }

    /// Syncs the log.
    func sync() throws {
        do { try log.sync() } catch { throw MetricStore.storageError(error) }
    }

    /// Syncs the log and refuses everything from now on.
    func close() throws {
        state.withLock { $0.isClosed = true }
        try sync()
    }

    /// Adds the counts, bytes and damages of this part.
    func report(to status: inout StoreStatus) {
        state.withLock { state in
            status.metadata = state.entries.count
            status.damages += state.damages
        }
        log.report(to: &status)
    }
}

extension MetadataStore: MetadataReader {
    /// What is known of one metric or of all.
    func metadata(metric: String?, limit: Int) throws -> [MetricMetadata] {
        let entries = state.withLock { $0.entries }
        if let metric { return Array([entries[Array(metric.utf8)]].compactMap { $0 }.prefix(limit)) }
        let names = entries.keys.sorted { $0.lexicographicallyPrecedes($1) }
        return names.prefix(limit).compactMap { entries[$0] }
    }
}

extension MetricMetadata {
    /// The bytes of its texts.
    fileprivate var byteCount: Int { metric.utf8.count + help.utf8.count + unit.utf8.count }
}

extension String {
    /// As many whole characters from the start as fit into so many bytes.
    fileprivate func prefix(utf8Count limit: Int) -> String {
        if utf8.count <= limit { return self }
        var end = utf8.index(utf8.startIndex, offsetBy: limit)
        while end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}
