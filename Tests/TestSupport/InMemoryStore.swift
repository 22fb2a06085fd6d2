import Platform
import Storage
import Synchronization
import TelemetryModel

/// The reference: what the Storage interface means, written so plainly that it can be believed by reading it.
///
/// Every operation is linear in what is stored. Real stores are compared with it, question by question.
public final class InMemoryStore: Store {
    private struct SpanIdentity: Hashable {
        var trace: TraceID
        var span: SpanID
        var side: SpanSide
    }

    private struct State {
        var series: [Labels: [Int64: Double]] = [:]
        var sides = InMemorySides()
        /// The largest timestamp of each series.
        var newest: [Labels: Int64] = [:]
        var spans: [SpanIdentity: Span] = [:]
        var closed = false
    }

    private let state = Mutex(State())
    private let time: any TimeSource
    private let outOfOrderWindow: Int64
    private let futureLimit: Int64
    private let seriesLimit: Int
    private let seriesExemplarLimit: Int
    private let rollup: @Sendable (SpanBatch) -> RollupTable
    private let isEndless: Bool

    /// Deletes series.
    public var capabilities: StoreCapabilities {
        var capabilities = StoreCapabilities()
        capabilities.deletion = true
        return capabilities
    }

    /// An empty store; window and limit are milliseconds. Scans of spans of an endless one come to an end only when whoever
    /// gets the batches wants no more.
    public init(
        time: any TimeSource = SystemTime(), outOfOrderWindow: Int64 = 3_600_000, futureLimit: Int64 = 600_000,
        seriesLimit: Int = .max, seriesExemplarLimit: Int = 512,
        isEndless: Bool = false, rollup: @escaping @Sendable (SpanBatch) -> RollupTable = { _ in RollupTable() }
    ) {
        self.isEndless = isEndless
        self.time = time
        self.outOfOrderWindow = outOfOrderWindow
        self.futureLimit = futureLimit
        self.seriesLimit = seriesLimit
        self.seriesExemplarLimit = seriesExemplarLimit
        self.rollup = rollup
    }

    /// A store of its own with the same content.
    public func copy() -> InMemoryStore {
        let copy = InMemoryStore(
            time: time, outOfOrderWindow: outOfOrderWindow, futureLimit: futureLimit, seriesLimit: seriesLimit,
            seriesExemplarLimit: seriesExemplarLimit, isEndless: isEndless, rollup: rollup)
        let content = state.withLock { $0 }
        copy.state.withLock { $0 = content }
        return copy
    }

    private func open<Result>(_ body: (inout State) throws -> Result) throws -> Result {
        try state.withLock { state in
            if state.closed { throw StorageError(.closed, "The store is closed.") }
            return try body(&state)
        }
    }

    // MARK: - Metrics

    /// Takes samples.
    public func write(_ batch: MetricBatch) throws -> WriteReceipt {
        try open { state in
            var receipt = WriteReceipt()
            for row in batch.series {
                let labels: Labels
                do throws(LabelProblem) {
                    labels = try batch.checkedLabels(row)
                } catch {
                    receipt.refuse(.invalidLabels, count: Int(row.samples.count), "\(batch.labels(row)): its \(error.text).")
                    continue
                }
                if row.kind != .float {
                    receipt.refuse(.unsupportedKind, count: Int(row.samples.count), "\(labels) holds histograms")
                } else if state.series[labels] == nil, state.series.count >= seriesLimit {
                    receipt.refuse(.seriesLimit, count: Int(row.samples.count), "\(labels) would be one series too many")
                } else {
                    for sample in batch.samples[row.samples.indices] {
                        take(sample, labels, isDelta: row.isDelta, &state, &receipt)
                    }
                }
            }
            receipt.exemplars = state.sides.writeExemplars(
                batch, now: time.nowMilliseconds(), window: outOfOrderWindow, futureLimit: futureLimit,
                seriesLimit: seriesExemplarLimit)
            receipt.metadata = state.sides.writeMetadata(batch)
            return receipt
        }
    }

    private func take(_ sample: Sample, _ labels: Labels, isDelta: Bool, _ state: inout State, _ receipt: inout WriteReceipt) {
        let newest = state.newest[labels]
        var value = sample.value
        if sample.timestamp < 0 {
            receipt.refuse(.negativeTimestamp, "\(labels) at \(sample.timestamp)")
        } else if sample.timestamp > time.nowMilliseconds() + futureLimit {
            receipt.refuse(.tooFarInFuture, "\(labels) at \(sample.timestamp)")
        } else if isDelta, let newest, sample.timestamp <= newest {
            receipt.duplicates += 1
        } else if let newest, sample.timestamp < newest - outOfOrderWindow {
            receipt.refuse(.tooOld, "\(labels) at \(sample.timestamp)")
        } else {
            // A staleness marker ends the sum: what follows it counts from nothing.
            if isDelta, let newest, let last = state.series[labels]?[newest], !Sample.isStale(last) { value += last }
            if let old = state.series[labels]?[sample.timestamp] {
                if old.bitPattern == value.bitPattern { receipt.duplicates += 1 } else { receipt.conflicts += 1 }
            } else {
                receipt.stored += 1
            }
            state.series[labels, default: [:]][sample.timestamp] = value
            state.newest[labels] = max(newest ?? .min, sample.timestamp)
        }
    }

    /// Deletes samples; series without any are gone.
    public func delete(_ query: SeriesQuery) throws {
        if query.matchers.allSatisfy(\.matchesEmpty) { throw StorageError(.invalid, "Every series would be deleted.") }
        try open { state in
            for (labels, _) in selected(query, state) {
                let left = state.series[labels]?.filter { $0.key < query.from || $0.key > query.through } ?? [:]
                state.series[labels] = left.isEmpty ? nil : left
                state.newest[labels] = left.keys.max()
            }
        }
    }

    /// What each series costs; it has no bytes on disk.
    public func inspectSeries(_ body: (SeriesFootprint) throws -> Void) throws {
        for (labels, samples) in try open({ $0.series.sorted { $0.key < $1.key } }) {
            guard let first = samples.keys.min(), let last = samples.keys.max() else { continue }
            try body(SeriesFootprint(labels: labels, sampleCount: samples.count, byteCount: 0, first: first, last: last))
        }
    }

    /// Nothing is left to take away.
    public func purgeDeleted() throws {}

    private func selected(_ query: SeriesQuery, _ state: State) -> [(labels: Labels, samples: [(key: Int64, value: Double)])] {
        state.series.keys.sorted().compactMap { labels in
            guard query.matchers.allSatisfy({ $0.matches(labels[$0.name] ?? "") }), let samples = state.series[labels] else {
                return nil
            }
            let inRange = samples.filter { $0.key >= query.from && $0.key <= query.through }.sorted { $0.key < $1.key }
            return inRange.isEmpty ? nil : (labels, inRange)
        }
    }

    /// Every matching series with its samples.
    public func scan(_ query: SeriesQuery, _ body: (SeriesView) throws -> Void) throws {
        for (labels, samples) in try open({ selected(query, $0) }) {
            try SeriesSamples(labels: labels, timestamps: samples.map(\.key), values: samples.map(\.value)).withView(body)
        }
    }

    /// Every matching series.
    public func series(_ query: SeriesQuery, limit: Int) throws -> [Labels] {
        try open { Array(selected(query, $0).map(\.labels).prefix(limit)) }
    }

    /// The label names of every matching series.
    public func labelNames(_ query: SeriesQuery, limit: Int) throws -> [String] {
        let names = try open { Set(selected(query, $0).flatMap { $0.labels.list.map(\.name) }) }
        return Array(names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.prefix(limit))
    }

    /// The values of one label among every matching series.
    public func labelValues(_ name: String, _ query: SeriesQuery, limit: Int) throws -> [String] {
        let values = try open { Set(selected(query, $0).compactMap { $0.labels[name] }) }
        return Array(values.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.prefix(limit))
    }

    /// The exemplars of every matching series.
    public func exemplars(_ selectors: [[LabelMatcher]], from: Int64, through: Int64, limit: Int) throws -> [SeriesExemplars] {
        try open { $0.sides.exemplars(selectors, from: from, through: through, limit: limit) }
    }

    /// What is known of one metric or of all.
    public func metadata(metric: String?, limit: Int) throws -> [MetricMetadata] {
        try open { $0.sides.metadata(metric: metric, limit: limit) }
    }

    // MARK: - Traces

    /// Takes spans.
    public func write(_ batch: SpanBatch) throws -> WriteReceipt {
        try open { state in
            var receipt = WriteReceipt()
            for span in batch.spans {
                let identity = SpanIdentity(trace: span.traceID, span: span.spanID, side: span.side)
                if span.traceID.isZero || span.spanID.isZero {
                    receipt.refuse(.invalidID, "a span named \(span.name) has an id of zeros")
                } else if let known = state.spans[identity] {
                    if known == span { receipt.duplicates += 1 } else { receipt.conflicts += 1 }
                } else {
                    state.spans[identity] = span
                    receipt.stored += 1
                }
            }
            return receipt
        }
    }

    private static func batch(_ spans: some Sequence<Span>) -> SpanBatch {
        var batch = SpanBatch()
        for span in spans.sorted(by: {
            ($0.start, $0.spanID.value, $0.side.rawValue) < ($1.start, $1.spanID.value, $1.side.rawValue)
        }) {
            batch.append(span)
        }
        return batch
    }

    /// The spans of each trace.
    public func traces(_ ids: [TraceID]) throws -> [SpanBatch] {
        try open { state in ids.map { id in Self.batch(state.spans.values.filter { $0.traceID == id }) } }
    }

    /// The matching traces, latest start first; equal starts by falling id.
    public func search(_ query: TraceQuery) throws -> [TraceID] {
        let traces = try open { Dictionary(grouping: $0.spans.values, by: \.traceID) }
        let found = try traces.filter { _, spans in
            try query.checkpoint()
            return spans.contains { $0.start >= query.from && $0.start <= query.through }
                && spans.contains { SpanCondition.holds(query, $0) }
        }
        let starts = found.map { id, spans in (id: id, start: spans.map(\.start).min() ?? 0) }
        return starts.sorted { ($0.start, $0.id) > ($1.start, $1.id) }.prefix(query.limit).map(\.id)
    }

    /// Every span in the range, trace by trace.
    public func scan(
        from: UInt64, through: UInt64, _ projection: SpanProjection, _ body: (SpanBatch) throws -> Void
    ) throws {
        while isEndless { try body(SpanBatch()) }
        let spans = try open { $0.spans.values.filter { $0.start >= from && $0.start <= through } }
        for (_, trace) in Dictionary(grouping: spans, by: \.traceID).sorted(by: { $0.key < $1.key }) {
            try body(Self.batch(trace))
        }
    }

    /// Every trace that has a span in the range.
    public func scanTraces(from: UInt64, through: UInt64, _ body: (SpanBatch) throws -> Void) throws {
        while isEndless { try body(SpanBatch()) }
        var ids: Set<TraceID> = []
        try scan(from: from, through: through) { ids.formUnion($0.rows.map(\.traceID)) }
        for id in ids.sorted() { try body(try traces([id])[0]) }
    }

    // MARK: - The rest

    /// What the spans of each trace add up to.
    public func rollups(minutes: ClosedRange<Int64>, parts: RollupParts) throws -> RollupTable {
        let traces = try open { Dictionary(grouping: $0.spans.values, by: \.traceID) }
        var table = RollupTable()
        for trace in traces.values { table.merge(rollup(Self.batch(trace))) }
        return table.only(parts).restricted(to: minutes)
    }

    /// Nothing to write.
    public func flush() throws {}
    /// Nothing to merge.
    public func compact() throws {}
    /// Nothing to sync.
    public func sync() throws {}
    /// Nothing to cut.
    public func maintain() throws {}

    /// Counts.
    public func status() -> StoreStatus {
        state.withLock { state in
            var status = StoreStatus()
            status.headSeries = state.series.count
            status.headSamples = state.series.values.reduce(0) { $0 + $1.count }
            status.headSpans = state.spans.count
            status.exemplars = state.sides.exemplarCount
            status.metadata = state.sides.metadataCount
            return status
        }
    }

    /// Refuses everything from now on.
    public func close() throws { state.withLock { $0.closed = true } }
}

/// Whether one span satisfies the parts of a query that must hold together.
enum SpanCondition {
    static func holds(_ query: TraceQuery, _ span: Span) -> Bool {
        if let service = query.service, span.resource.serviceName != service { return false }
        if let operation = query.operation, span.name != operation { return false }
        if let kind = query.kind, span.kind != kind { return false }
        if let least = query.minimumDuration, span.duration < least { return false }
        if let most = query.maximumDuration, span.duration > most { return false }
        return query.tags.allSatisfy { holds(key: $0.key, value: $0.value, span) } && query.keys.allSatisfy { holds(key: $0, span) }
    }

    private static func attributes(_ span: Span) -> [Attribute] {
        span.attributes + span.resource.attributes + span.scope.attributes + span.events.flatMap(\.attributes)
            + span.links.flatMap(\.attributes)
    }

    private static func holds(key: String, value: String, _ span: Span) -> Bool {
        if key == "error", value == "true", span.status == .error { return true }
        return attributes(span).contains { $0.key == key && $0.value.text == value }
    }

    private static func holds(key: String, _ span: Span) -> Bool {
        if key == "error", span.status == .error { return true }
        return attributes(span).contains { $0.key == key } || span.events.contains { $0.name == key }
    }
}
