import ByteCoding
import Platform
import SegmentLog
import Storage
import Synchronization
import TelemetryModel

/// The exemplars of a store: a log of bounded size, and all that it holds in memory.
///
/// There are no blocks: a segment of the log lives until the log is too large or everything in it has expired. So the oldest
/// exemplars go first, and the next opening finds what was there before.
final class ExemplarStore: Sendable {
    /// A segment of the log that is still there.
    private struct Part {
        var segment: UInt64
        /// Its last record.
        var last: UInt64
        /// The latest time in it.
        var newest: Int64
    }

    private struct State {
        var series: [Labels: ExemplarSeries] = [:]
        /// By rising number.
        var parts: [Part] = []
        var damages: [String] = []
        var isClosed = false
        /// Rises when every series must be defined anew in the log.
        var context: UInt64 = 1
        /// The segment of the context; nil after a failed write.
        var segment: UInt64?
        /// The next free number. None is used twice, so that no record can be read by a definition that is not its own.
        var nextNumber: UInt64 = 0
    }

    /// An exemplar that will be logged.
    private struct Planned: Hashable {
        var series: Labels
        var exemplar: Exemplar
    }

    private let options: ExemplarStoreOptions
    private let time: any TimeSource
    let log: SegmentLog
    private let state: Mutex<State>

    private init(_ options: ExemplarStoreOptions, _ time: any TimeSource, _ log: SegmentLog, _ state: sending State) {
        self.options = options
        self.time = time
        self.log = log
        self.state = Mutex(state)
    }

    // MARK: - Opening

    /// Opens the log in `directory`, which is made if it is missing, and reads it. Damage is named in the status.
    static func open(
        directory: String, options: ExemplarStoreOptions, fileSystem: any FileSystem, time: any TimeSource
    ) throws -> ExemplarStore {
        do {
            var state = State()
            var decoder = ExemplarLogDecoder()
            var logOptions = SegmentLogOptions()
            logOptions.segmentByteLimit = max(options.byteLimit / ExemplarStoreOptions.segmentCount, 1)
            let (log, report) = try SegmentLog.open(directory: directory, fileSystem: fileSystem, options: logOptions) { record in
                replay(record, options, &decoder, &state)
            }
            state.damages += report.damages
            return ExemplarStore(options, time, log, state)
        } catch let error as FileError {
            throw StorageError(.unusable, "The exemplars in \(directory) cannot be opened: \(error)")
        }
    }

    private static func replay(
        _ record: LogRecord, _ options: ExemplarStoreOptions, _ decoder: inout ExemplarLogDecoder, _ state: inout State
    ) {
        var newest = Int64.min
        defer { note(record.segment, sequence: record.sequence, newest: newest, &state) }
        do {
            guard record.type == ExemplarLogFormat.recordType, record.version <= ExemplarLogFormat.version else {
                throw ByteCodingError(.malformed, "it is of a newer kind")
            }
            let (found, lostCount) = try decoder.decode(record.payload, segment: record.segment)
            for (labels, exemplar) in found {
                newest = max(newest, exemplar.timestamp)
                state.series[labels, default: ExemplarSeries()].insert(
                    exemplar, segment: record.segment, limit: options.seriesExemplarLimit)
            }
            if lostCount > 0 {
                damage(
                    "\(lostCount) exemplars in record \(record.sequence) of their log are of series whose labels were lost.", &state
                )
            }
        } catch {
            damage("Record \(record.sequence) of the log of exemplars was skipped: \(error).", &state)
        }
    }

    private static func damage(_ sentence: String, _ state: inout State) {
        if state.damages.count < MetricStore.damageLimit { state.damages.append(sentence) }
    }

    private static func note(_ segment: UInt64, sequence: UInt64, newest: Int64, _ state: inout State) {
        if state.parts.last?.segment != segment { state.parts.append(Part(segment: segment, last: sequence, newest: newest)) }
        let index = state.parts.count - 1
        state.parts[index].last = max(state.parts[index].last, sequence)
        state.parts[index].newest = max(state.parts[index].newest, newest)
    }

    // MARK: - Writing

    /// Logs the exemplars of a batch and makes them visible.
    func write(_ batch: MetricBatch) throws -> SideReceipt {
        var receipt = SideReceipt()
        if batch.exemplars.isEmpty { return receipt }
        do {
            try state.withLock { state in
                if state.isClosed { throw StorageError(.closed, "The store is shutting down.") }
                let planned = plan(batch, state, &receipt)
                var start = 0
                while start < planned.count { start = try take(planned, from: start, &state) }
                receipt.stored = planned.count
                try shorten(&state)
            }
            if options.durability == .synced, receipt.stored > 0 { try log.sync() }
        } catch { throw MetricStore.storageError(error) }
        return receipt
    }

    /// The exemplars of a batch that are good and new; counts the others.
    private func plan(_ batch: MetricBatch, _ state: State, _ receipt: inout SideReceipt) -> [Planned] {
        let latest = time.nowMilliseconds() + options.futureLimit
        var list: [Planned] = []
        var known: Set<Planned> = []
        var newest: [Labels: Int64] = [:]
        for row in batch.exemplars {
            let (series, exemplar) = batch.exemplar(row)
            let before = newest[series] ?? state.series[series]?.newest
            if let reason = refusal(exemplar, newest: before, latest: latest) {
                receipt.refuse(reason, "an exemplar of \(series) at \(exemplar.timestamp) ms")
                continue
            }
            let planned = Planned(series: series, exemplar: exemplar)
            if state.series[series]?.contains(exemplar) == true || !known.insert(planned).inserted {
                receipt.duplicates += 1
                continue
            }
            list.append(planned)
            newest[series] = max(before ?? .min, exemplar.timestamp)
        }
        return list
    }

    private func refusal(_ exemplar: Exemplar, newest: Int64?, latest: Int64) -> RefusalReason? {
        if exemplar.timestamp < 0 { return .negativeTimestamp }
        if exemplar.timestamp > latest { return .tooFarInFuture }
        // Both times are at least 0: the subtraction cannot overflow.
        if let newest, exemplar.timestamp < newest - options.outOfOrderWindow { return .tooOld }
        let characters = exemplar.labels.list.reduce(0) { $0 + $1.name.unicodeScalars.count + $1.value.unicodeScalars.count }
        return characters > Exemplar.labelCharacterLimit ? .tooLarge : nil
    }

    /// Logs one record, from `start` on, and puts what it holds into memory. Returns where the next one begins.
    private func take(_ planned: [Planned], from start: Int, _ state: inout State) throws -> Int {
        var end = start
        var written: UInt64 = 0
        do {
            let sequence = try log.append(type: ExemplarLogFormat.recordType, version: ExemplarLogFormat.version) {
                segment, writer in
                Self.enter(segment, &state)
                written = segment
                let limit = writer.count + ExemplarStoreOptions.recordByteLimit
                var record = ExemplarRecordWriter()
                while end < planned.count, end == start || writer.count < limit {
                    let (number, definition) = Self.number(planned[end].series, &state)
                    record.write(planned[end].exemplar, series: number, definition: definition, to: &writer)
                    end += 1
                }
            }
            for one in planned[start..<end] {
                state.series[one.series, default: ExemplarSeries()].insert(
                    one.exemplar, segment: written, limit: options.seriesExemplarLimit)
                Self.note(written, sequence: sequence, newest: one.exemplar.timestamp, &state)
            }
        } catch {
            // The next record must not name series by what is not there.
            state.segment = nil
            state.series = state.series.filter { !$0.value.entries.isEmpty }
            throw error
        }
        return end
    }

    private static func enter(_ segment: UInt64, _ state: inout State) {
        if state.segment == segment { return }
        state.segment = segment
        state.context += 1
    }

    /// The number of a series in the log's segment, with its labels when it is new there.
    private static func number(_ labels: Labels, _ state: inout State) -> (UInt64, definition: Labels?) {
        if let series = state.series[labels], series.context == state.context { return (series.number, nil) }
        let number = state.nextNumber
        state.nextNumber += 1
        state.series[labels, default: ExemplarSeries()].number = number
        state.series[labels, default: ExemplarSeries()].context = state.context
        return (number, labels)
    }

    // MARK: - Forgetting

    /// Deletes the oldest segments while the log is too large.
    private func shorten(_ state: inout State) throws {
        while log.byteCount > options.byteLimit, state.parts.count > 1 { try removeFirstPart(&state, before: .min) }
    }

    private func removeFirstPart(_ state: inout State, before oldest: Int64) throws {
        let part = state.parts[0]
        try log.deleteSegments(through: part.last)
        state.parts.removeFirst()
        Self.forget(segmentsThrough: part.segment, before: oldest, &state)
    }

    private static func forget(segmentsThrough segment: UInt64, before oldest: Int64, _ state: inout State) {
        state.series = state.series.compactMapValues { series in
            var series = series
            series.remove(segmentsThrough: segment, before: oldest)
            return series.entries.isEmpty ? nil : series
        }
    }

    /// Drops what is older than the retention.
    func maintain() throws {
        if options.retentionTime <= 0 { return }
        let oldest = time.nowMilliseconds() - options.retentionTime
        do {
            try state.withLock { state in
                // The segment that is being written can only be deleted when it is ended.
                if let last = state.parts.last, last.newest < oldest { try log.roll() }
                while let part = state.parts.first, part.newest < oldest { try removeFirstPart(&state, before: oldest) }
                Self.forget(segmentsThrough: 0, before: oldest, &state)
            }
        } catch { throw MetricStore.storageError(error) }
    }

    // MARK: - The rest

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
            status.exemplars = state.series.values.reduce(0) { $0 + $1.entries.count }
            status.damages += state.damages
        }
        log.report(to: &status)
    }
}

extension ExemplarStore: ExemplarReader {
    /// The exemplars of the matching series.
    func exemplars(_ selectors: [[LabelMatcher]], from: Int64, through: Int64, limit: Int) throws -> [SeriesExemplars] {
        // A copy of references: matching may take long, and writers need not wait for it.
        let all = state.withLock { $0.series }
        let matching = all.filter { labels, _ in
            selectors.contains { $0.allSatisfy { $0.matches(labels[$0.name] ?? "") } }
        }
        var found: [SeriesExemplars] = []
        var rest = limit
        for (labels, series) in matching.sorted(by: { $0.key < $1.key }) where rest > 0 {
            let exemplars = series.exemplars(from: from, through: through).prefix(rest)
            rest -= exemplars.count
            if !exemplars.isEmpty { found.append(SeriesExemplars(labels: labels, exemplars: Array(exemplars))) }
        }
        return found
    }
}

extension SegmentLog {
    /// Adds the bytes and troubles of a log.
    func report(to status: inout StoreStatus) {
        status.byteCount += byteCount
        if let lastRewrite { status.damages.append(lastRewrite) }
        if let failure { status.writeRefusal = status.writeRefusal ?? "\(failure)" }
    }
}
