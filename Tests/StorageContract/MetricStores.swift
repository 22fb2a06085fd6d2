import EmbeddedStorage
import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing

/// What the contract of metrics is about.
typealias MetricStoring = MetricWriter & MetricReader & MetricDeleter & SeriesInspector & Maintenance

/// An implementation under test, with the files and the clock that it lives on.
final class MetricStoreUnderTest {
    /// The implementations, by name.
    enum Kind: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case inMemory = "in memory"
        case embedded = "embedded"
        case embeddedFlushed = "embedded, always flushed"

        var testDescription: String { rawValue }
    }

    /// 2025-11-21.
    static let now: Int64 = 1_763_683_200_000

    private(set) var store: any MetricStoring
    let kind: Kind
    let time = ManualTime(now: UInt64(MetricStoreUnderTest.now) * 1_000_000)
    let files: FaultFileSystem
    var options: MetricStoreOptions

    init(_ kind: Kind, seriesLimit: Int = .max, seed: UInt64 = 0) throws {
        self.kind = kind
        options = MetricStoreOptions()
        options.seriesLimit = seriesLimit
        files = FaultFileSystem(seed: seed)
        if kind == .inMemory {
            store = InMemoryStore(time: time, seriesLimit: seriesLimit)
        } else {
            store = try MetricStore.open(directory: "/store/metrics", options: options, fileSystem: files, time: time)
        }
    }

    /// Opens the store anew without closing it, as after the end of the process. Memory has nothing to open.
    func reopen() throws {
        if kind == .inMemory { return }
        store = try MetricStore.open(directory: "/store/metrics", options: options, fileSystem: files, time: time)
    }

    @discardableResult
    func write(_ series: [(Labels, [Sample])], isDelta: Bool = false) throws -> WriteReceipt {
        var batch = MetricBatch()
        for (labels, samples) in series { batch.append(labels, samples, isDelta: isDelta) }
        let receipt = try store.write(batch)
        if kind == .embeddedFlushed { try store.flush() }
        return receipt
    }

    func all(_ matchers: LabelMatcher..., from: Int64 = 0, through: Int64 = .max) throws -> [PlainSeries] {
        try all(matchers, from: from, through: through)
    }

    func all(_ matchers: [LabelMatcher], from: Int64 = 0, through: Int64 = .max) throws -> [PlainSeries] {
        try PlainSeries.all(store, matchers, from: from, through: through)
    }
}

/// Samples at these times with these values.
func samples(_ pairs: (Int64, Double)...) -> [Sample] { pairs.map { Sample(timestamp: $0.0, value: $0.1) } }
