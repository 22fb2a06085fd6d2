import ByteCoding
import Platform
import Storage
import TelemetryModel

extension MetricStore: MetricWriter {
    /// Logs the batch and puts it into the head. Whoever fills the head writes it to a block.
    public func write(_ batch: MetricBatch) throws -> WriteReceipt {
        let latest = time.nowMilliseconds() + options.futureLimit
        var (receipt, sequence, isFull) = try state.withLock { state in
            try Self.requireOpen(state)
            try requireRoom(state)
            let (receipt, sequence) = try take(batch, latest: latest, &state)
            return (receipt, sequence, state.frozen == nil && state.head.sampleCount >= options.headSampleLimit)
        }
        receipt.durability = options.durability
        if options.durability == .synced, let sequence {
            do { try log.sync(through: sequence) } catch { throw Self.storageError(error) }
        }
        if isFull { relieve() }
        return receipt
    }

    /// Flushes unless something else is going on with the blocks. The batch is safe in the log: what goes wrong here is tried
    /// again, and told, by ``maintain()``.
    private func relieve() {
        try? workshop.withLockIfAvailable { try flush(&$0) }
    }

    private func requireRoom(_ state: State) throws {
        let count = state.head.sampleCount + (state.frozen?.head.sampleCount ?? 0)
        if count >= options.headSampleLimit * 2 {
            throw StorageError(
                .unavailable,
                "\(count) samples wait to be written to disk, which is as much as fits into memory. Try again in a moment.")
        }
    }

    /// What became of a batch, and the log record that holds it.
    private func take(
        _ batch: MetricBatch, latest: Int64, _ state: inout State
    ) throws -> (receipt: WriteReceipt, sequence: UInt64?) {
        var receipt = WriteReceipt()
        // Taken out, so that filling it costs no check of who else holds it.
        var rows = state.rows
        state.rows = []
        defer { state.rows = rows }
        rows.removeAll(keepingCapacity: true)
        admit(batch, latest: latest, state.head, &rows, &receipt)
        introduce(batch, &state, &rows, &receipt)
        if rows.isEmpty { return (receipt, nil) }
        let sequence = try append(rows, batch, &state)
        batch.samples.withUnsafeBufferPointer { samples in
            Self.apply(rows, samples, window: options.outOfOrderWindow, &state, &receipt)
        }
        return (receipt, sequence)
    }

    // MARK: - Admission

    /// Finds the series of every row and checks its timestamps. Rows whose series is not found have the number
    /// ``AcceptedRow/stranger``.
    private func admit(
        _ batch: MetricBatch, latest: Int64, _ head: MetricHead, _ rows: inout [AcceptedRow], _ receipt: inout WriteReceipt
    ) {
        let isMessages = batch.labelForm != .pairs
        // A copy: it is not changed here, and a property of a class is checked at every use.
        let table = head.table
        batch.labelBytes.withUnsafeBytes { raw in
            batch.samples.withUnsafeBufferPointer { samples in
                for (index, row) in batch.series.enumerated() {
                    let labels = UnsafeRawBufferPointer(rebasing: raw[row.labels.indices])
                    let accepted = AcceptedRow(
                        series: table.findForm(labels, hash: row.hash, isMessages: isMessages) ?? AcceptedRow.stranger,
                        row: UInt32(truncatingIfNeeded: index), samples: row.samples, isDelta: row.isDelta)
                    var isGood = row.kind == .float
                    for index in row.samples.indices {
                        let timestamp = samples[index].timestamp
                        isGood = isGood && timestamp >= 0 && timestamp <= latest
                    }
                    if isGood { rows.append(accepted) } else { admitParts(accepted, batch, latest: latest, &rows, &receipt) }
                }
            }
        }
    }

    /// Accepts the runs of good samples of a row.
    private func admitParts(
        _ row: AcceptedRow, _ batch: MetricBatch, latest: Int64, _ rows: inout [AcceptedRow], _ receipt: inout WriteReceipt
    ) {
        let labels = batch.labels(batch.series[Int(row.row)])
        if batch.series[Int(row.row)].kind != .float {
            return receipt.refuse(.unsupportedKind, count: Int(row.samples.count), "\(labels) holds native histograms")
        }
        var part = row
        part.samples.count = 0
        for index in row.samples.indices {
            let timestamp = batch.samples[index].timestamp
            if timestamp >= 0, timestamp <= latest {
                part.samples.count += 1
                continue
            }
            if part.samples.count > 0 { rows.append(part) }
            part.samples = RowRange(start: UInt32(index) + 1, count: 0)
            receipt.refuse(timestamp < 0 ? .negativeTimestamp : .tooFarInFuture, "\(labels) at \(timestamp) ms")
        }
        if part.samples.count > 0 { rows.append(part) }
    }

    /// Finds strangers by their canonical labels or makes a new series of them; what may not be one is refused.
    private func introduce(
        _ batch: MetricBatch, _ state: inout State, _ rows: inout [AcceptedRow], _ receipt: inout WriteReceipt
    ) {
        var hasRefused = false
        for index in rows.indices where rows[index].series == AcceptedRow.stranger {
            let row = batch.series[Int(rows[index].row)]
            do throws(SeriesRefusal) {
                rows[index].series = try number(row, batch, &state)
            } catch {
                receipt.refuse(error.reason, count: Int(rows[index].samples.count), error.sentence(batch.labels(row)))
                hasRefused = true
            }
        }
        if hasRefused { rows.removeAll { $0.series == AcceptedRow.stranger } }
    }

    private func number(_ row: SeriesRow, _ batch: MetricBatch, _ state: inout State) throws(SeriesRefusal) -> UInt32 {
        let labels: Labels
        do throws(LabelProblem) { labels = try batch.checkedLabels(row) } catch { throw .badLabels(error.text) }
        let number: UInt32
        if let known = state.head.find(labels) {
            number = known
        } else {
            if state.head.seriesCount >= options.seriesLimit { throw .seriesLimit(options.seriesLimit) }
            let source = state.head.source(labels)
            if state.head.sources.counts[Int(source)] >= options.sourceSeriesLimit {
                throw .sourceLimit(options.sourceSeriesLimit)
            }
            number = state.head.add(labels, newest: Self.newestElsewhere(labels, &state), source: source)
        }
        batch.labelBytes.withUnsafeBytes { raw in
            state.head.addForm(
                UnsafeRawBufferPointer(rebasing: raw[row.labels.indices]), hash: row.hash, isMessages: batch.labelForm != .pairs,
                of: number)
        }
        return number
    }

    /// The last sample of a series in the frozen head and the blocks.
    static func newestElsewhere(_ labels: Labels, _ state: inout State) -> Sample? {
        if let frozen = state.frozen?.head, let number = frozen.find(labels), frozen.series[Int(number)].isKnown {
            let series = frozen.series[Int(number)]
            return Sample(timestamp: series.newest, value: series.newestValue)
        }
        var newest: Sample?
        for block in state.blocks {
            do {
                guard let sample = try block.newest(labels) else { continue }
                if sample.timestamp >= newest?.timestamp ?? .min { newest = sample }
            } catch {
                setAside(block, error, &state)
            }
        }
        return newest
    }

    /// The value of a series at exactly this time, in the frozen head and the blocks.
    private static func valueElsewhere(_ labels: Labels, at timestamp: Int64, _ state: inout State) -> Double? {
        if let frozen = state.frozen?.head, let number = frozen.find(labels),
            let value = frozen.snapshot(number).value(at: timestamp)
        {
            return value
        }
        for block in state.blocks.reversed() {
            do {
                if let value = try block.value(labels, at: timestamp) { return value }
            } catch {
                setAside(block, error, &state)
            }
        }
        return nil
    }

    static func setAside(_ block: MetricBlock, _ error: any Error, _ state: inout State) {
        setAside(error as? MetricBlockDamage ?? MetricBlockDamage(id: block.meta.id, message: "\(block.path): \(error)"), &state)
    }

    // MARK: - Log and head

    /// Logs the rows and returns the number of their record.
    private func append(_ rows: [AcceptedRow], _ batch: MetricBatch, _ state: inout State) throws -> UInt64 {
        do {
            let sequence = try log.append(type: MetricLogFormat.recordType, version: MetricLogFormat.version) { segment, writer in
                batch.samples.withUnsafeBufferPointer { samples in
                    state.encoder.write(
                        rows, samples, state.head, window: options.outOfOrderWindow, segment: segment, to: &writer)
                }
            }
            state.refusal = nil
            return sequence
        } catch {
            // The next record must not be coded against one that is not there.
            state.encoder.startAfresh()
            let refusal = Self.storageError(error)
            state.refusal = "\(refusal)"
            throw refusal
        }
    }

    /// Puts samples into the head and counts what became of them.
    static func apply(
        _ rows: [AcceptedRow], _ samples: UnsafeBufferPointer<Sample>, window: Int64, _ state: inout State,
        _ receipt: inout WriteReceipt
    ) {
        let head = state.head
        let series = head.series
        let arena = head.arena
        var neighbour: HeadTimes.Pointer?
        var appended = 0
        for row in rows {
            let own = series + Int(row.series)
            for index in row.samples.indices {
                var sample = samples[index]
                if sample.timestamp > own.pointee.newest {
                    // A staleness marker ends the sum: what follows it counts from nothing.
                    if row.isDelta, own.pointee.isKnown, !Sample.isStale(own.pointee.newestValue) {
                        sample.value += own.pointee.newestValue
                    }
                    own.pointee.append(sample, neighbour: &neighbour, arena)
                    appended &+= 1
                } else {
                    insertLate(sample, row, window: window, &state, &receipt)
                }
            }
        }
        receipt.stored += appended
        head.sampleCount += appended
    }

    private static func insertLate(
        _ sample: Sample, _ row: AcceptedRow, window: Int64, _ state: inout State, _ receipt: inout WriteReceipt
    ) {
        let head = state.head
        // An increment that does not end later has been added already.
        if row.isDelta {
            receipt.duplicates += 1
            return
        }
        let newest = head.series[Int(row.series)].newest
        // Timestamps are not negative: the subtraction cannot overflow.
        if sample.timestamp < newest - window {
            return receipt.refuse(.tooOld, "\(head.labels[Int(row.series)]) at \(sample.timestamp) ms, newest \(newest) ms")
        }
        let outcome = head.insertLate(sample, row.series) {
            valueElsewhere(head.labels[Int(row.series)], at: sample.timestamp, &state)
        }
        switch outcome {
        case .stored: receipt.stored += 1
        case .duplicate: receipt.duplicates += 1
        case .conflict: receipt.conflicts += 1
        }
        if outcome != .duplicate { head.sampleCount += 1 }
    }
}

/// Why a series is not taken.
private enum SeriesRefusal: Error {
    case badLabels(String)
    case seriesLimit(Int)
    case sourceLimit(Int)

    var reason: RefusalReason {
        switch self {
        case .badLabels: .invalidLabels
        case .seriesLimit: .seriesLimit
        case .sourceLimit: .sourceSeriesLimit
        }
    }

    func sentence(_ labels: Labels) -> String {
        switch self {
        case .badLabels(let problem): "\(labels): its \(problem)."
        case .seriesLimit(let limit): "\(labels) would be one more than the \(limit) series allowed"
        case .sourceLimit(let limit):
            "\(labels) would be one more than the \(limit) series allowed to one source (job and instance); see limits.source_series"
        }
    }
}
