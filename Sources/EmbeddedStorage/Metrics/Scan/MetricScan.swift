import Storage
import TelemetryModel

/// Series from several places as one, in the order of their labels. Where places have the same timestamp, the later one wins.
struct MetricScan: Sendable {
    private var choices: [any SeriesChoice] = []
    /// What is passed on in the place of samples that are gone.
    var aggregates: AggregateScan?

    /// Adds a block; it wins over what was added before.
    mutating func add(_ block: MetricBlock, _ matchers: [LabelMatcher], _ checkpoint: () throws -> Void = {}) throws {
        add(BlockChoice(block, try block.checked { try block.index.select(matchers, checkpoint: checkpoint) }))
    }

    /// Adds series of a head; they win over what was added before.
    mutating func add(_ snapshots: [HeadSnapshot]) { add(HeadChoice(snapshots)) }

    /// Adds series; they win over what was added before.
    mutating func add(_ choice: some SeriesChoice) { if choice.count > 0 { choices.append(choice) } }

    // MARK: - Parts

    /// About how many series there are: not fewer, and more where places share them.
    var seriesEstimate: Int { choices.reduce(0) { $0 + $1.count } }

    /// About how many samples have to be read.
    func sampleEstimate(_ query: SeriesQuery) -> Int {
        choices.reduce(0) { $0 + $1.sampleEstimate(from: query.from, through: query.through) }
    }

    /// The labels at which at most `count` parts of about the same size begin, without the first.
    func borders(_ count: Int) throws -> [[UInt8]] {
        // Aggregates are read from front to back together with samples.
        guard aggregates == nil, let largest = choices.max(by: { $0.count < $1.count }) else { return [] }
        return try largest.borders(min(count, largest.count))
    }

    /// The parts that begin at some labels, which rise, and the one before them.
    func divided(at borders: [[UInt8]], _ checkpoint: () throws -> Void) throws -> [MetricScan] {
        if borders.isEmpty { return [self] }
        var parts = [MetricScan](repeating: MetricScan(), count: borders.count + 1)
        for choice in choices {
            let places = [0] + (try choice.places(of: borders, checkpoint)) + [choice.count]
            for index in parts.indices where places[index] < places[index + 1] {
                parts[index].choices.append(choice.part(places[index]..<places[index + 1]))
            }
        }
        return parts
    }

    // MARK: - Reading

    /// Calls `body` with every series that has samples in the query's range, with those that its hint needs.
    func forEach(_ query: SeriesQuery, _ body: (SeriesView) throws -> Void) throws {
        if let aggregates {
            var samples = self
            samples.aggregates = nil
            return try aggregates.forEach(samples, body)
        }
        let buffer = SampleBuffer()
        let wantsLast = LastSample(query.hint)
        try forEachGroup { group in
            switch try wantsLast?.find(group, query) {
            case .found(let sample)?:
                if let sample { try Self.lend(group[0], sample, body) }
                return true
            case .needsAll?, nil: break
            }
            buffer.removeAll()
            for source in group { try source.addSamples(to: buffer, from: query.from, through: query.through) }
            if buffer.isEmpty { return true }
            try group[0].labelBytes.withUnsafeBytes { labelBytes in
                try buffer.withSamples { try body(SeriesView(labelBytes: labelBytes, timestamps: $0, values: $1)) }
            }
            return true
        }
    }

    private static func lend(_ source: any SeriesSource, _ sample: Sample, _ body: (SeriesView) throws -> Void) throws {
        try source.labelBytes.withUnsafeBytes { labelBytes in
            try withUnsafePointer(to: sample.timestamp) { timestamp in
                try withUnsafePointer(to: sample.value) { value in
                    try body(
                        SeriesView(
                            labelBytes: labelBytes, timestamps: UnsafeBufferPointer(start: timestamp, count: 1),
                            values: UnsafeBufferPointer(start: value, count: 1)))
                }
            }
        }
    }

    /// Calls `body` with the labels of every series that can have samples in the range, until it returns false.
    func forEachSeries(from: Int64, through: Int64, _ body: (UnsafeRawBufferPointer) throws -> Bool) throws {
        try forEachGroup { group in
            guard try group.contains(where: { try $0.mayHaveSamples(from: from, through: through) }) else { return true }
            return try group[0].labelBytes.withUnsafeBytes(body)
        }
    }

    /// Calls `body` with the sources that stand on the lowest labels, and moves those on, until it returns false.
    private func forEachGroup(_ body: ([any SeriesSource]) throws -> Bool) throws {
        var rest = try choices.map { try $0.open() }
        while rest.count > 1 {
            var group = [rest[0]]
            for source in rest.dropFirst() {
                let order = Labels.compare(source.labelBytes, group[0].labelBytes)
                if order < 0 { group.removeAll(keepingCapacity: true) }
                if order <= 0 { group.append(source) }
            }
            if try !body(group) { return }
            var isAtEnd = false
            for source in group where try !source.advance() { isAtEnd = true }
            if isAtEnd { rest.removeAll { $0.isAtEnd } }
        }
        guard let only = rest.first else { return }
        repeat {
            if try !body(rest) { return }
        } while try only.advance()
    }
}

/// The reading of only the last sample of each series, when that is all a query needs.
private struct LastSample {
    private let skipsMarkers: Bool

    /// Nil when more is needed.
    init?(_ hint: ReadHint?) {
        guard let hint, hint.count == 1, hint.function == nil || hint.function == "last_over_time" else { return nil }
        skipsMarkers = hint.function != nil
    }

    enum Answer {
        case found(Sample?)
        /// Only all samples of all sources can tell.
        case needsAll
    }

    func find(_ group: [any SeriesSource], _ query: SeriesQuery) throws -> Answer {
        for index in group.indices.reversed() {
            if group[index].hidesSamples { return .needsAll }
            guard let last = try group[index].last(from: query.from, through: query.through, skippingMarkers: skipsMarkers) else {
                // A marker may stand in the place of an older source's sample.
                if skipsMarkers, try group[index].mayHaveSamples(from: query.from, through: query.through) { return .needsAll }
                continue
            }
            for older in group[..<index] where try older.mayHaveSamples(from: last.timestamp, through: query.through) {
                return .needsAll
            }
            return .found(last)
        }
        return .found(nil)
    }
}
