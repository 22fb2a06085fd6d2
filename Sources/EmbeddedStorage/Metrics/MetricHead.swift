import ByteCoding
import TelemetryModel

/// The series that have come lately, with the samples that are in no block yet.
struct MetricHead {
    private(set) var series: [HeadSeries] = []
    private var table = SeriesTable()
    /// Label name → value → the series with it, by rising number. Keyed by bytes: text compares by meaning, labels do not.
    private var index: [[UInt8]: [[UInt8]: [UInt32]]] = [:]
    /// How many samples are here.
    var sampleCount = 0

    /// So many forms of labels a series may have on average; further ones are looked up by their canonical form every time.
    private static let formsPerSeries = 4

    /// The number of a series by labels as a batch has them, or nil when it is new here.
    func find(_ bytes: UnsafeRawBufferPointer, hash: UInt64) -> UInt32? { table.find(bytes, hash: hash) }

    /// The series with these labels.
    func find(_ labels: Labels) -> HeadSeries? {
        labels.bytes.withUnsafeBytes { raw in
            table.find(raw, hash: SeededHash.hash(raw, seed: MetricBatch.hashSeed)).map { series[Int($0)] }
        }
    }

    /// Remembers another form of a known series' labels.
    mutating func addForm(_ bytes: UnsafeRawBufferPointer, hash: UInt64, of labels: Labels) -> UInt32? {
        let number = labels.bytes.withUnsafeBytes { table.find($0, hash: SeededHash.hash($0, seed: MetricBatch.hashSeed)) }
        if let number, table.count < (series.count + 1_024) * Self.formsPerSeries {
            table.insert(bytes, hash: hash, series: number)
        }
        return number
    }

    /// Adds a series that is not here; its labels are canonical.
    mutating func add(_ new: HeadSeries) -> UInt32 {
        let number = UInt32(series.count)
        series.append(new)
        new.labels.bytes.withUnsafeBytes {
            table.insert($0, hash: SeededHash.hash($0, seed: MetricBatch.hashSeed), series: number)
        }
        addToIndex(new.labels, number)
        return number
    }

    private mutating func addToIndex(_ labels: Labels, _ number: UInt32) {
        for label in labels.list {
            index[Array(label.name.utf8), default: [:]][Array(label.value.utf8), default: []].append(number)
        }
    }

    /// An empty head that knows the series of this one that have samples, and where they stand.
    func successor() -> MetricHead {
        var head = MetricHead()
        var numbers = [UInt32?](repeating: nil, count: series.count)
        for (number, old) in series.enumerated() where !old.isEmpty {
            numbers[number] = UInt32(head.series.count)
            head.addToIndex(old.labels, UInt32(head.series.count))
            head.series.append(HeadSeries(old.labels, newest: Sample(timestamp: old.newest, value: old.newestValue)))
        }
        head.table = table.renumbered(numbers)
        return head
    }

    /// Copies of these series; those without samples are left out.
    func copies(_ numbers: [UInt32]) -> [HeadSnapshot] {
        numbers.compactMap { series[Int($0)].isEmpty ? nil : series[Int($0)].snapshot() }
    }
}

extension MetricHead: PostingsSource {
    var seriesCount: Int { series.count }

    func postings(_ name: [UInt8], _ value: [UInt8]) -> [UInt32] { index[name]?[value] ?? [] }

    func forEachValue(of name: [UInt8], _ body: ([UInt8]) throws -> Void) rethrows {
        for value in (index[name] ?? [:]).keys { try body(value) }
    }
}
