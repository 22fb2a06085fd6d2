/// An example of what a series counts, with labels that lead to it: usually the ids of a trace.
public struct Exemplar: Hashable, Sendable {
    /// The labels, such as `trace_id`; they are not those of the series.
    public var labels: Labels
    /// The value of the example.
    public var value: Double
    /// Milliseconds since 1970.
    public var timestamp: Int64

    /// Puts the parts together.
    public init(labels: Labels, value: Double, timestamp: Int64) {
        self.labels = labels
        self.value = value
        self.timestamp = timestamp
    }

    /// The most characters (Unicode scalars) that names and values of the labels may have together, as OpenMetrics says.
    public static let labelCharacterLimit = 128

    /// Equal when every bit is, also of NaN.
    public static func == (a: Exemplar, b: Exemplar) -> Bool {
        a.timestamp == b.timestamp && a.value.bitPattern == b.value.bitPattern && a.labels == b.labels
    }

    /// Hashes the bits.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(timestamp)
        hasher.combine(value.bitPattern)
        hasher.combine(labels)
    }
}

extension Exemplar: Comparable {
    /// The order within a series: time, then value, then labels.
    public static func < (a: Exemplar, b: Exemplar) -> Bool {
        if a.timestamp != b.timestamp { return a.timestamp < b.timestamp }
        if a.value.bitPattern != b.value.bitPattern { return a.value.isTotallyOrdered(belowOrEqualTo: b.value) }
        return a.labels.bytes.lexicographicallyPrecedes(b.labels.bytes)
    }
}

/// One exemplar of a ``MetricBatch``. Both byte ranges are in ``MetricBatch/exemplarBytes``, in the form of ``Labels`` and in
/// the sender's order, checked by intake.
@frozen
public struct ExemplarRow: Hashable, Sendable {
    /// The labels of the series; exemplars of one series may share them.
    public var series: RowRange
    /// Its own labels.
    public var labels: RowRange
    /// The value.
    public var value: Double
    /// Milliseconds since 1970.
    public var timestamp: Int64

    /// Describes an exemplar.
    @inlinable
    public init(series: RowRange, labels: RowRange, value: Double, timestamp: Int64) {
        self.series = series
        self.labels = labels
        self.value = value
        self.timestamp = timestamp
    }
}

extension MetricBatch {
    /// The exemplar of a row, and its series, with labels in canonical order.
    public func exemplar(_ row: ExemplarRow) -> (series: Labels, exemplar: Exemplar) {
        (exemplarLabels(row.series), Exemplar(labels: exemplarLabels(row.labels), value: row.value, timestamp: row.timestamp))
    }

    private func exemplarLabels(_ range: RowRange) -> Labels {
        exemplarBytes.withUnsafeBytes { raw in
            Labels(LabelReader.pairs(UnsafeRawBufferPointer(rebasing: raw[range.indices]), .pairs))
        }
    }

    /// Adds an exemplar of a series.
    public mutating func append(_ exemplar: Exemplar, of series: Labels) {
        let seriesStart = exemplarBytes.count
        exemplarBytes.append(contentsOf: series.bytes)
        let labelStart = exemplarBytes.count
        exemplarBytes.append(contentsOf: exemplar.labels.bytes)
        exemplars.append(
            ExemplarRow(
                series: RowRange(start: UInt32(seriesStart), count: UInt32(series.bytes.count)),
                labels: RowRange(start: UInt32(labelStart), count: UInt32(exemplar.labels.bytes.count)), value: exemplar.value,
                timestamp: exemplar.timestamp))
    }
}
