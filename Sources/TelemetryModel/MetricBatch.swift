import ByteCoding

/// A value at a time.
@frozen
public struct Sample: Hashable, Sendable {
    /// Milliseconds since 1970.
    public var timestamp: Int64
    /// The value, kept bit for bit.
    public var value: Double

    /// Puts time and value together.
    @inlinable
    public init(timestamp: Int64, value: Double) {
        self.timestamp = timestamp
        self.value = value
    }

    /// The NaN by which Prometheus marks the end of a series (`0x7ff0000000000002`).
    public static let staleMarker = Double(bitPattern: 0x7FF0_0000_0000_0002)

    /// Whether a value is the staleness marker; other NaNs are ordinary values.
    @inlinable
    public static func isStale(_ value: Double) -> Bool { value.bitPattern == 0x7FF0_0000_0000_0002 }
}

/// What kind of values a series has.
@frozen
public enum SampleKind: UInt8, Sendable {
    /// IEEE 754 doubles.
    case float = 0
    /// Native histograms; no store here holds them yet.
    case histogram = 1
}

/// One series of a ``MetricBatch``.
@frozen
public struct SeriesRow: Hashable, Sendable {
    /// The byte range of the labels in the batch.
    public var labels: RowRange
    /// ``SeededHash`` of these bytes with ``MetricBatch/hashSeed``.
    public var hash: UInt64
    /// The range of the samples in the batch, in the order in which they came.
    public var samples: RowRange
    /// The kind of values.
    public var kind: SampleKind
    /// Whether values are increments that the store adds to the series' last value (OTLP's delta temporality).
    public var isDelta: Bool

    /// Describes a series.
    @inlinable
    public init(labels: RowRange, hash: UInt64, samples: RowRange, kind: SampleKind = .float, isDelta: Bool = false) {
        self.labels = labels
        self.hash = hash
        self.samples = samples
        self.kind = kind
        self.isDelta = isDelta
    }
}

/// How the labels of a batch are written.
public enum LabelForm: Hashable, Sendable {
    /// As in ``Labels`` (for each label: varint length, name, varint length, value), in the sender's order, checked by intake.
    case pairs
    /// As `Label` messages of Prometheus remote write, bytes as they came. Whoever does not know the bytes checks them
    /// against these limits; the same bytes need no second look.
    case messages(LabelLimits)
}

/// Samples of many series: the form in which metrics travel from decoding to the store.
///
/// Labels are in the sender's order: the store finds a series by the raw bytes and makes the canonical order only when they
/// are new to it.
@frozen
public struct MetricBatch: Sendable {
    /// The seed of ``SeriesRow/hash``.
    public static let hashSeed: UInt64 = 0x6865_6164_726F_7065

    /// How the labels are written.
    public var labelForm = LabelForm.pairs
    /// The labels of all series; there may be other bytes between them.
    public var labelBytes: [UInt8] = []
    /// The series; one may appear more than once.
    public var series: [SeriesRow] = []
    /// The samples of all series.
    public var samples: [Sample] = []
    /// Exemplars; empty for most senders.
    public var exemplars: [ExemplarRow] = []
    /// The labels of all exemplars and of their series.
    public var exemplarBytes: [UInt8] = []
    /// What is said of metrics; a later entry of a metric counts.
    public var metadata: [MetricMetadata] = []

    /// An empty batch.
    public init() {}

    /// Whether there is nothing in it.
    public var isEmpty: Bool { series.isEmpty && exemplars.isEmpty && metadata.isEmpty }

    /// The hash under which a series is looked up.
    @inlinable
    public static func hash(_ labels: UnsafeRawBufferPointer) -> UInt64 { SeededHash.memoryHash(labels, seed: hashSeed) }

    /// Closes a series whose label bytes were appended to ``labelBytes`` since `labelStart` and whose samples were
    /// appended to ``samples`` since `sampleStart`.
    @inlinable
    public mutating func endSeries(labelStart: Int, sampleStart: Int, kind: SampleKind = .float, isDelta: Bool = false) {
        let range = labelStart..<labelBytes.count
        let hash = labelBytes.withUnsafeBytes { MetricBatch.hash(UnsafeRawBufferPointer(rebasing: $0[range])) }
        series.append(
            SeriesRow(
                labels: RowRange(start: UInt32(labelStart), count: UInt32(range.count)), hash: hash,
                samples: RowRange(start: UInt32(sampleStart), count: UInt32(samples.count &- sampleStart)), kind: kind,
                isDelta: isDelta))
    }

    /// Adds a series with its samples.
    public mutating func append(_ labels: Labels, _ new: some Sequence<Sample>, isDelta: Bool = false) {
        precondition(labelForm == .pairs, "a batch has labels of one form")
        let labelStart = labelBytes.count
        let sampleStart = samples.count
        labelBytes.append(contentsOf: labels.bytes)
        samples.append(contentsOf: new)
        endSeries(labelStart: labelStart, sampleStart: sampleStart, isDelta: isDelta)
    }

    /// The labels of a series in canonical order; throws what is wrong with labels that intake has not checked.
    public func checkedLabels(_ row: SeriesRow) throws(LabelProblem) -> Labels {
        guard case .messages(let limits) = labelForm else { return labels(row) }
        var problem: LabelProblem?
        labelBytes.withUnsafeBytes { raw in
            var rules = LabelRules(limits)
            do throws(LabelProblem) {
                var reader = LabelReader(UnsafeRawBufferPointer(rebasing: raw[row.labels.indices]), labelForm)
                while let pair = try reader.next() { try rules.check(pair.name, pair.value) }
                try rules.end()
            } catch { problem = error }
        }
        if let problem { throw problem }
        return labels(row)
    }

    /// The labels of a series in canonical order. A label that cannot be read ends the list.
    public func labels(_ row: SeriesRow) -> Labels {
        labelBytes.withUnsafeBytes { raw in
            Labels(LabelReader.pairs(UnsafeRawBufferPointer(rebasing: raw[row.labels.indices]), labelForm))
        }
    }
}
