import EmbeddedStorage
import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing
import TraceAnalysis

/// What the contract of spans is about.
typealias SpanStoring = SpanWriter & TraceReader & RollupReader & Maintenance

/// An implementation under test, with the files and the clock that it lives on.
final class SpanStoreUnderTest {
    /// The implementations, by name.
    enum Kind: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case inMemory = "in memory"
        case embedded = "embedded"

        var testDescription: String { rawValue }
    }

    private(set) var store: any SpanStoring
    let kind: Kind
    let time = ManualTime(now: 1_763_683_200_000_000_000)
    private let files: FaultFileSystem
    private let options: SpanStoreOptions

    init(_ kind: Kind, options: SpanStoreOptions = SpanStoreOptions(), seed: UInt64 = 0) throws {
        self.kind = kind
        self.options = options
        files = FaultFileSystem(seed: seed)
        switch kind {
        case .inMemory: store = InMemoryStore(time: time, rollup: { RollupBuilder.rollup($0) })
        case .embedded: store = try SpanStore.open(directory: "/store/spans", options: options, fileSystem: files, time: time)
        }
    }

    /// Opens the store anew without closing it, as after the end of the process. Memory has nothing to open.
    func reopen() throws {
        if kind == .inMemory { return }
        store = try SpanStore.open(directory: "/store/spans", options: options, fileSystem: files, time: time)
    }
}
