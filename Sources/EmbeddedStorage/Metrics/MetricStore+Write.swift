import ByteCoding
import Platform
import Storage
import TelemetryModel

/// A run of samples of a batch that will be logged.
struct AcceptedRow {
    var series: UInt32
    var samples: RowRange
    var isDelta: Bool
}

extension MetricStore: MetricWriter {
    /// Logs the batch and puts it into the head.
    public func write(_ batch: MetricBatch) throws -> WriteReceipt {
        let latest = time.nowMilliseconds() + options.futureLimit
        var receipt = try state.withLock { state in
            try Self.requireOpen(state)
            try requireRoom(state)
            return try take(batch, latest: latest, &state)
        }
        receipt.durability = options.durability
        if options.durability == .synced, receipt.stored + receipt.conflicts > 0 {
            do { try log.sync() } catch { throw Self.storageError(error) }
        }
        return receipt
    }

    private func requireRoom(_ state: State) throws {
        let count = state.head.sampleCount + (state.frozen?.head.sampleCount ?? 0)
        if count >= options.headSampleLimit * 2 {
            throw StorageError(
                .unavailable,
                "\(count) samples wait to be written to disk, which is as much as fits into memory. Try again in a moment.")
        }
    }

    private func take(_ batch: MetricBatch, latest: Int64, _ state: inout State) throws -> WriteReceipt {
        var receipt = WriteReceipt()
        state.rows.removeAll(keepingCapacity: true)
        batch.labelBytes.withUnsafeBytes { raw in
            batch.samples.withUnsafeBufferPointer { samples in
                for row in batch.series { admit(row, batch, raw, samples, latest: latest, &state, &receipt) }
            }
        }
        if state.rows.isEmpty { return receipt }
        do {
            try append(batch, &state)
            state.refusal = nil
        } catch {
            // The next record must not be coded against one that is not there.
            state.logSegment = nil
            let refusal = Self.storageError(error)
            state.refusal = "\(refusal)"
            throw refusal
        }
        batch.samples.withUnsafeBufferPointer { samples in
            for row in state.rows {
                Self.apply(
                    UnsafeBufferPointer(rebasing: samples[row.samples.indices]), to: row.series, isDelta: row.isDelta,
                    window: options.outOfOrderWindow, &state, &receipt)
            }
        }
        return receipt
    }

    // MARK: - Admission

    /// Checks a row and finds its series; the runs of good samples become accepted rows.
    private func admit(
        _ row: SeriesRow, _ batch: MetricBatch, _ raw: UnsafeRawBufferPointer, _ samples: UnsafeBufferPointer<Sample>,
        latest: Int64,
        _ state: inout State, _ receipt: inout WriteReceipt
    ) {
        if row.kind != .float {
            receipt.refuse(.unsupportedKind, count: Int(row.samples.count), "\(batch.labels(row)) holds native histograms")
            return
        }
        var start = row.samples.start
        let end = row.samples.start + row.samples.count
        var number: UInt32?
        for index in start..<end {
            let timestamp = samples[Int(index)].timestamp
            if timestamp >= 0, timestamp <= latest {
                if number == nil {
                    number = resolve(row, batch, UnsafeRawBufferPointer(rebasing: raw[row.labels.indices]), &state)
                    if number == nil {
                        receipt.refuse(
                            .seriesLimit, count: Int(end - index),
                            "\(batch.labels(row)) would be one more than the \(options.seriesLimit) series allowed")
                        return
                    }
                }
                continue
            }
            accept(number, start..<index, row.isDelta, &state)
            start = index + 1
            receipt.refuse(timestamp < 0 ? .negativeTimestamp : .tooFarInFuture, "\(batch.labels(row)) at \(timestamp) ms")
        }
        accept(number, start..<end, row.isDelta, &state)
    }

    private func accept(_ number: UInt32?, _ range: Range<UInt32>, _ isDelta: Bool, _ state: inout State) {
        guard let number, !range.isEmpty else { return }
        let samples = RowRange(start: range.lowerBound, count: UInt32(range.count))
        state.rows.append(AcceptedRow(series: number, samples: samples, isDelta: isDelta))
    }

    /// The number of a row's series in the head, made now if it is new; nil when there may be no more.
    private func resolve(_ row: SeriesRow, _ batch: MetricBatch, _ raw: UnsafeRawBufferPointer, _ state: inout State) -> UInt32? {
        if let number = state.head.find(raw, hash: row.hash) { return number }
        let labels = batch.labels(row)
        if let number = state.head.addForm(raw, hash: row.hash, of: labels) { return number }
        if state.head.series.count >= options.seriesLimit { return nil }
        let number = state.head.add(HeadSeries(labels, newest: Self.newestElsewhere(labels, &state)))
        if !labels.bytes.elementsEqual(raw) { _ = state.head.addForm(raw, hash: row.hash, of: labels) }
        return number
    }

    /// The last sample of a series in the frozen head and the blocks.
    static func newestElsewhere(_ labels: Labels, _ state: inout State) -> Sample? {
        if let series = state.frozen?.head.find(labels), series.isKnown {
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
        if let value = state.frozen?.head.find(labels)?.value(at: timestamp) { return value }
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

    private func append(_ batch: MetricBatch, _ state: inout State) throws(FileError) {
        _ = try log.append(type: MetricLogFormat.recordType, version: MetricLogFormat.version) { segment, writer in
            if state.logSegment != segment {
                state.logSegment = segment
                state.logContext += 1
            }
            writer.writeVarint(UInt64(options.outOfOrderWindow))
            batch.samples.withUnsafeBufferPointer { samples in
                for row in state.rows { write(row, samples, state, &writer) }
            }
        }
    }

    private func write(_ row: AcceptedRow, _ samples: UnsafeBufferPointer<Sample>, _ state: State, _ writer: inout ByteWriter) {
        let series = state.head.series[Int(row.series)]
        var tag = UInt64(row.series) << MetricLogFormat.flagBitCount
        if row.isDelta { tag |= MetricLogFormat.deltaFlag }
        if series.cursorContext != state.logContext {
            series.cursorContext = state.logContext
            series.cursor = MetricLogCursor()
            writer.writeVarint(tag | MetricLogFormat.definitionFlag)
            writer.writeLengthPrefixed(series.labels.bytes)
        } else {
            writer.writeVarint(tag)
        }
        writer.writeVarint(UInt64(row.samples.count))
        // A copy on the stack: a property of a class is checked for exclusive access at every use.
        var cursor = series.cursor
        for index in row.samples.indices { cursor.write(samples[index], &writer) }
        series.cursor = cursor
    }

    /// Puts samples into the head and counts what became of them.
    static func apply(
        _ samples: UnsafeBufferPointer<Sample>, to number: UInt32, isDelta: Bool, window: Int64, _ state: inout State,
        _ receipt: inout WriteReceipt
    ) {
        let series = state.head.series[Int(number)]
        var stored = 0
        var added = 0
        for sample in samples {
            let outcome = series.insert(sample, isDelta: isDelta, window: window) { timestamp in
                valueElsewhere(series.labels, at: timestamp, &state)
            }
            switch outcome {
            case .stored:
                stored &+= 1
                added &+= 1
            case .duplicate: receipt.duplicates += 1
            case .conflict:
                receipt.conflicts += 1
                added &+= 1
            case .tooOld: receipt.refuse(.tooOld, "\(series.labels) at \(sample.timestamp) ms, newest \(series.newest) ms")
            }
        }
        receipt.stored += stored
        state.head.sampleCount += added
    }
}
