import Platform
import Storage
import TelemetryModel

/// The store in a data folder of this machine under one lock: samples with their exemplars and metadata, and spans.
public final class EmbeddedStore: Store {
    let directory: StoreDirectory
    let metrics: MetricStore
    let exemplars: ExemplarStore
    let metadata: MetadataStore
    let spans: SpanStore
    let snapshotFolder: SnapshotFolder
    let time: any TimeSource
    private let fileSystem: any FileSystem
    private let retentionSize: Int

    /// Deletes series and makes snapshots.
    public var capabilities: StoreCapabilities {
        var capabilities = StoreCapabilities()
        capabilities.deletion = true
        capabilities.snapshots = true
        return capabilities
    }

    private init(
        _ directory: StoreDirectory, _ options: EmbeddedStoreOptions, _ fileSystem: any FileSystem, _ time: any TimeSource
    ) throws {
        self.time = time
        self.fileSystem = fileSystem
        self.directory = directory
        metrics = try MetricStore.open(
            directory: directory.metricsPath, options: options.metricOptions, fileSystem: fileSystem, time: time)
        exemplars = try ExemplarStore.open(
            directory: StoreDirectory.exemplarsPath(directory.path), options: ExemplarStoreOptions(options.metricOptions),
            fileSystem: fileSystem, time: time)
        metadata = try MetadataStore.open(
            directory: StoreDirectory.metadataPath(directory.path),
            options: MetadataStoreOptions(durability: options.durability), fileSystem: fileSystem)
        spans = try SpanStore.open(
            directory: directory.spansPath, options: options.spanOptions, fileSystem: fileSystem, time: time)
        retentionSize = options.retentionSize
        snapshotFolder = try SnapshotFolder(of: directory.path, fileSystem)
    }

    /// Opens the store in a folder, which is made ours when it is empty or missing, and reads what the logs hold.
    ///
    /// Throws ``StorageError`` of kind `unusable` with a sentence when the folder cannot be used.
    public static func open(
        directory path: String, options: EmbeddedStoreOptions = EmbeddedStoreOptions(),
        fileSystem: any FileSystem = PosixFileSystem(), time: any TimeSource = SystemTime()
    ) throws -> EmbeddedStore {
        let directory = try StoreDirectory(path, fileSystem: fileSystem)
        do {
            return try EmbeddedStore(directory, options, fileSystem, time)
        } catch {
            directory.unlock()
            throw error
        }
    }

    /// The random number that the folder keeps for ever, in hexadecimal.
    public var storeID: String { directory.storeID }
}

extension EmbeddedStore {
    /// Logs samples, exemplars and metadata and makes them visible.
    public func write(_ batch: MetricBatch) throws -> WriteReceipt {
        var receipt = try metrics.write(batch)
        receipt.exemplars = try exemplars.write(batch)
        receipt.metadata = try metadata.write(batch)
        return receipt
    }

    /// The exemplars of the matching series.
    public func exemplars(_ selectors: [[LabelMatcher]], from: Int64, through: Int64, limit: Int) throws -> [SeriesExemplars] {
        try exemplars.exemplars(selectors, from: from, through: through, limit: limit)
    }

    /// What is known of one metric or of all.
    public func metadata(metric: String?, limit: Int) throws -> [MetricMetadata] {
        try metadata.metadata(metric: metric, limit: limit)
    }

    /// Every matching series with its samples.
    public func scan(_ query: SeriesQuery, _ body: (SeriesView) throws -> Void) throws { try metrics.scan(query, body) }

    /// The matching series, ready to be read.
    public func select(_ query: SeriesQuery) throws -> any SeriesSelection { try metrics.select(query) }

    /// Where samples are gone and a query is not answered exactly.
    public func coarseRanges(_ query: SeriesQuery) throws -> [CoarseRange] { try metrics.coarseRanges(query) }

    /// The matching series.
    public func series(_ query: SeriesQuery, limit: Int) throws -> [Labels] { try metrics.series(query, limit: limit) }

    /// The label names of the matching series.
    public func labelNames(_ query: SeriesQuery, limit: Int) throws -> [String] { try metrics.labelNames(query, limit: limit) }

    /// The values of one label among the matching series.
    public func labelValues(_ name: String, _ query: SeriesQuery, limit: Int) throws -> [String] {
        try metrics.labelValues(name, query, limit: limit)
    }

    /// Deletes samples.
    public func delete(_ query: SeriesQuery) throws { try metrics.delete(query) }

    /// What each series costs.
    public func inspectSeries(_ body: (SeriesFootprint) throws -> Void) throws { try metrics.inspectSeries(body) }

    /// Takes deleted samples off the disk.
    public func purgeDeleted() throws { try metrics.purgeDeleted() }
}

extension EmbeddedStore {
    /// Logs spans and puts them into the head.
    public func write(_ batch: SpanBatch) throws -> WriteReceipt { try spans.write(batch) }

    /// The spans of each trace.
    public func traces(_ ids: [TraceID]) throws -> [SpanBatch] { try spans.traces(ids) }

    /// The ids of matching traces.
    public func search(_ query: TraceQuery) throws -> [TraceID] { try spans.search(query) }

    /// Every span that starts in the range.
    public func scan(
        from: UInt64, through: UInt64, _ projection: SpanProjection, _ body: (SpanBatch) throws -> Void
    ) throws {
        try spans.scan(from: from, through: through, projection, body)
    }

    /// Spans of a range by the value of an attribute.
    public func tallies(_ query: SpanValueQuery) throws -> SpanValueTallies { try spans.tallies(query) }

    /// With what probability a trace was kept.
    public func samplingProbability(of id: TraceID) throws -> Double { try spans.samplingProbability(of: id) }

    /// The whole traces that have a span in the range.
    public func scanTraces(from: UInt64, through: UInt64, _ body: (SpanBatch) throws -> Void) throws {
        try spans.scanTraces(from: from, through: through, body)
    }

    /// The rows of whole minutes.
    public func rollups(minutes: ClosedRange<Int64>, parts: RollupParts) throws -> RollupTable {
        try spans.rollups(minutes: minutes, parts: parts)
    }

    /// The sums of whole minutes.
    public func sums(minutes: ClosedRange<Int64>, parts: RollupParts) throws -> RollupTable {
        try spans.sums(minutes: minutes, parts: parts)
    }

    /// The names kept by blocks and head.
    public func operationNames() throws -> Set<OperationName> { try spans.operationNames() }
}

extension EmbeddedStore {
    /// Writes both heads to blocks.
    public func flush() throws { try all([metrics.flush, spans.flush]) }

    /// Flushes and merges both halves.
    public func compact() throws { try all([metrics.compact, spans.compact]) }

    /// Syncs all logs.
    public func sync() throws { try all([metrics.sync, exemplars.sync, metadata.sync, spans.sync]) }

    /// Keeps everything in shape.
    public func maintain() throws {
        try all([metrics.maintain, exemplars.maintain, metadata.maintain, spans.maintain])
        if retentionSize > 0 { try deleteOldest() }
    }

    /// Deletes the oldest blocks until everything in the folder but the snapshots fits into the size.
    ///
    /// What is in no block counts, too, and cannot be deleted. Of the room that it leaves the spans get nine tenths, the
    /// metrics what the spans leave, which is at least a tenth.
    private func deleteOldest() throws {
        let room: Int
        do {
            let everything = try fileSystem.totalByteCount(directory.path) - (try snapshotFolder.byteCount())
            room = max(0, retentionSize - (everything - metrics.blockByteCount - spans.blockByteCount))
        } catch { throw MetricStore.storageError(error) }
        try spans.deleteOldest(above: room - room / 10)
        try metrics.deleteOldest(above: max(room - spans.blockByteCount, room / 10))
    }

    /// What all parts say, added up.
    public func status() -> StoreStatus {
        let other = spans.status()
        var status = metrics.status()
        exemplars.report(to: &status)
        metadata.report(to: &status)
        status.headSpans = other.headSpans
        status.spanBlocks = other.spanBlocks
        status.byteCount += other.byteCount
        status.damagedSegments += other.damagedSegments
        (status.snapshots, status.snapshotByteCount) = snapshotFolder.counts
        status.damages += other.damages
        status.writeRefusal = status.writeRefusal ?? other.writeRefusal
        return status
    }

    /// Flushes and closes all parts and gives the folder free.
    public func close() throws {
        defer { directory.unlock() }
        try all([metrics.close, exemplars.close, metadata.close, spans.close])
    }

    /// Runs every part also when an earlier one throws, and throws the first error.
    private func all(_ parts: [() throws -> Void]) throws {
        for result in parts.map({ part in Result { try part() } }) { try result.get() }
    }
}
