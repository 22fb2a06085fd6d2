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

/// Samples of many series: the form in which metrics travel from decoding to the store.
///
/// Labels are the bytes that ``Labels`` describes, but in the sender's order: the store finds a series by these raw
/// bytes and makes the canonical order only when they are new to it.
@frozen
public struct MetricBatch: Sendable {
    /// The seed of ``SeriesRow/hash``.
    public static let hashSeed: UInt64 = 0x6865_6164_726F_7065

    /// The labels of all series.
    public var labelBytes: [UInt8] = []
    /// The series; one may appear more than once.
    public var series: [SeriesRow] = []
    /// The samples of all series.
    public var samples: [Sample] = []

    /// An empty batch.
    public init() {}

    /// Closes a series whose label bytes were appended to ``labelBytes`` since `labelStart` and whose samples were
    /// appended to ``samples`` since `sampleStart`.
    @inlinable
    public mutating func endSeries(labelStart: Int, sampleStart: Int, kind: SampleKind = .float, isDelta: Bool = false) {
        let range = labelStart..<labelBytes.count
        let hash = labelBytes.withUnsafeBytes {
            SeededHash.hash(UnsafeRawBufferPointer(rebasing: $0[range]), seed: MetricBatch.hashSeed)
        }
        series.append(
            SeriesRow(
                labels: RowRange(start: UInt32(labelStart), count: UInt32(range.count)), hash: hash,
                samples: RowRange(start: UInt32(sampleStart), count: UInt32(samples.count &- sampleStart)), kind: kind,
                isDelta: isDelta))
    }

    /// Adds a series with its samples.
    public mutating func append(_ labels: Labels, _ new: some Sequence<Sample>, isDelta: Bool = false) {
        let labelStart = labelBytes.count
        let sampleStart = samples.count
        labelBytes.append(contentsOf: labels.bytes)
        samples.append(contentsOf: new)
        endSeries(labelStart: labelStart, sampleStart: sampleStart, isDelta: isDelta)
    }

    /// The labels of a series in canonical order.
    public func labels(_ row: SeriesRow) -> Labels {
        // Intake has checked the bytes; a label that cannot be read ends the list.
        var list: [Label] = []
        labelBytes.withUnsafeBytes { raw in
            var reader = ByteReader(UnsafeRawBufferPointer(rebasing: raw[row.labels.indices]))
            while !reader.isAtEnd {
                guard let name = try? reader.readLengthPrefixed(), let value = try? reader.readLengthPrefixed() else { return }
                list.append(Label(String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
            }
        }
        return Labels(list)
    }
}
