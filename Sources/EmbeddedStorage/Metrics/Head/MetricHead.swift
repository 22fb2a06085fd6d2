import ByteCoding
import TelemetryModel

/// The series that have come lately, with the samples that are in no block yet.
// Unchecked: it changes only under the store's lock, and not at all once it is frozen. What readers take of it are snapshots,
// see ``HeadSnapshot``.
final class MetricHead: @unchecked Sendable {
    private(set) var labels: [Labels] = []
    /// The series by number; `labels.count` of them.
    private(set) var series: UnsafeMutablePointer<HeadSeries>
    private var capacity = 1_024
    private(set) var table = SeriesTable()
    private(set) var index = LabelIndex()
    private(set) var sources = SeriesSources()
    private var late: [UInt32: LateSamples] = [:]
    let arena = HeadArena()
    /// How many samples are here.
    var sampleCount = 0

    /// So many forms of labels a series may have on average; further ones are looked up by their canonical form every time.
    private static let formsPerSeries = 4
    /// When more than one of so many series has no samples in a head, the next one begins without those,
    private static let silentShare = 4
    /// and when so many heads have begun with all series.
    private static let carryLimit = 8
    private var carryCount = 0
    private var order = HeadOrder()

    init() { series = .allocate(capacity: capacity) }

    deinit { series.deallocate() }

    /// How many series are known here.
    var seriesCount: Int { labels.count }

    // MARK: - Series

    /// The number of the series with these labels.
    func find(_ wanted: Labels) -> UInt32? {
        wanted.bytes.withUnsafeBytes { raw in table.find(raw, hash: MetricBatch.hash(raw), canonical: labels) }
    }

    /// Remembers another form of a known series' labels.
    func addForm(_ bytes: UnsafeRawBufferPointer, hash: UInt64, isMessages: Bool, of number: UInt32) {
        if table.formCount < (labels.count + 1_024) * Self.formsPerSeries {
            table.insertForm(bytes, hash: hash, isMessages: isMessages, series: number)
        }
    }

    /// Adds a series that is not here.
    func add(_ new: Labels, newest: Sample?, source: UInt32) -> UInt32 {
        let number = UInt32(labels.count)
        append(HeadSeries(newest: newest, source: source))
        labels.append(new)
        sources.count(source)
        new.bytes.withUnsafeBytes { raw in table.insertCanonical(hash: MetricBatch.hash(raw), series: number) }
        index.add(new, number)
        return number
    }

    /// The number of the source that labels come from.
    func source(_ labels: Labels) -> UInt32 { sources.number(labels) }

    private func append(_ new: HeadSeries) {
        if labels.count == capacity { reserve(capacity * 2) }
        (series + labels.count).initialize(to: new)
    }

    private func reserve(_ larger: Int) {
        let moved = UnsafeMutablePointer<HeadSeries>.allocate(capacity: larger)
        moved.moveInitialize(from: series, count: labels.count)
        series.deallocate()
        series = moved
        capacity = larger
    }

    /// An empty head that knows the series of this one, and where they stand. This one is frozen then, and found by
    /// canonical labels only. Series without samples are left behind when they are many, so that none stays for ever.
    func freeze() -> MetricHead {
        let next = MetricHead()
        let silentCount = (0..<labels.count).reduce(0) { $0 + (series[$1].isEmpty ? 1 : 0) }
        if silentCount * Self.silentShare > labels.count || (silentCount > 0 && carryCount >= Self.carryLimit) {
            next.take(seriesOf: self)
        } else {
            next.carryCount = carryCount + 1
            next.order = order
            next.labels = labels
            next.reserve(for: labels.count)
            for number in 0..<labels.count { (next.series + number).initialize(to: series[number].successor()) }
            next.table = table
            next.index = index
            next.sources = sources
        }
        table.removeForms()
        return next
    }

    private func reserve(for count: Int) {
        if count <= capacity { return }
        series.deallocate()
        capacity = count + count / 4
        series = .allocate(capacity: capacity)
    }

    private func take(seriesOf old: MetricHead) {
        var numbers = [UInt32?](repeating: nil, count: old.labels.count)
        for number in 0..<old.labels.count where !old.series[number].isEmpty {
            let successor = old.series[number].successor()
            numbers[number] = add(
                old.labels[number], newest: Sample(timestamp: successor.newest, value: successor.newestValue),
                source: sources.number(old.labels[number]))
        }
        table.takeForms(of: old.table, numbers)
    }

    // MARK: - Samples

    /// Takes a sample that is not newer than the series' newest. `elsewhere` looks a timestamp up in blocks and in the
    /// frozen head.
    func insertLate(_ sample: Sample, _ number: UInt32, elsewhere: () throws -> Double?) rethrows -> HeadSeries.Outcome {
        let own = series + Int(number)
        var known: Double?
        if sample.timestamp == own.pointee.newest {
            known = own.pointee.newestValue
        } else {
            known = snapshot(number).value(at: sample.timestamp)
            if known == nil, sample.timestamp <= own.pointee.flushedThrough { known = try elsewhere() }
        }
        if let known, known.bitPattern == sample.value.bitPattern { return .duplicate }
        if sample.timestamp == own.pointee.newest { own.pointee.newestValue = sample.value }
        late[number, default: LateSamples()].insert(sample)
        own.pointee.hasLate = true
        return known == nil ? .stored : .conflict
    }

    /// Gives a series other samples, by rising timestamp; `newest` is its last sample elsewhere. Its place in the log stays.
    func replaceSamples(of number: UInt32, by samples: SampleColumns, newest: Sample?) {
        let own = series + Int(number)
        sampleCount -= snapshot(number).sampleCount
        late[number] = nil
        own.pointee.restart(newest: newest)
        var neighbour: HeadTimes.Pointer?
        for (timestamp, value) in zip(samples.timestamps, samples.values) {
            let sample = Sample(timestamp: timestamp, value: value)
            if timestamp > own.pointee.newest {
                own.pointee.append(sample, neighbour: &neighbour, arena)
            } else {
                late[number, default: LateSamples()].insert(sample)
                own.pointee.hasLate = true
            }
        }
        sampleCount += samples.count
    }

    /// A series as it stands, for work outside of the lock.
    func snapshot(_ number: UInt32) -> HeadSnapshot {
        let own = series[Int(number)]
        return HeadSnapshot(labels[Int(number)], own, late: own.hasLate ? late[number] : nil, arena)
    }

    /// Calls `body` with every series that has samples, in the order of labels; for a frozen head. The columns are lent.
    func forEachInOrder(_ body: (Labels, SampleColumns) throws -> Void) throws {
        var columns = SampleColumns()
        // The head behind this one may have added series to the order.
        for number in order.numbers(labels) where Int(number) < labels.count && !series[Int(number)].isEmpty {
            columns.timestamps.removeAll(keepingCapacity: true)
            columns.values.removeAll(keepingCapacity: true)
            snapshot(number).append(to: &columns)
            try body(labels[Int(number)], columns)
        }
    }

    /// What chooses series, as it is now.
    var chooser: HeadIndex { HeadIndex(index: index, labels: labels) }

    /// Copies of these series; those without samples are left out.
    func copies(_ numbers: [UInt32]) -> HeadCopies {
        let numbers = numbers.filter { !series[Int($0)].isEmpty }
        return HeadCopies(numbers.map(snapshot), numbers, of: labels, order)
    }
}
