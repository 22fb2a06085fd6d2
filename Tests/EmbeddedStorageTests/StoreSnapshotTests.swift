import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing

@testable import EmbeddedStorage

@Suite("Snapshots of a store")
struct StoreSnapshotTests {
    private static let time = ManualTime(now: 1_763_683_200_000_000_000)

    private func open(_ path: String, _ system: any FileSystem) throws -> EmbeddedStore {
        try EmbeddedStore.open(directory: path, fileSystem: system, time: Self.time)
    }

    private static func batch(_ step: Int) -> MetricBatch {
        var batch = MetricBatch()
        for host in ["a", "b"] {
            batch.append(Labels(["__name__": "load", "host": host]), [Sample(timestamp: Int64(step) * 1_000, value: Double(step))])
        }
        return batch
    }

    private static func spans(_ seed: UInt64) -> SpanBatch {
        var random = RandomSpans(seed: seed)
        return SpanBatch(random.trace(spanCount: 4))
    }

    /// The times of each series, and how many spans there are.
    private struct Content: Equatable {
        var times: [[Int64]] = []
        var spanCount = 0

        init(_ store: EmbeddedStore) throws {
            let load = SeriesQuery([try LabelMatcher("__name__", .equal, "load")], from: 0, through: .max)
            try store.scan(load) { times.append(Array($0.timestamps)) }
            try store.scan(from: 0, through: .max) { spanCount += $0.count }
        }
    }

    /// A store with something in blocks, something deleted and something in the heads.
    private func filled(_ path: String, _ system: any FileSystem) throws -> EmbeddedStore {
        let store = try open(path, system)
        for step in 0..<4 {
            _ = try store.write(Self.batch(step))
            _ = try store.write(Self.spans(UInt64(step)))
            if step == 1 { try store.flush() }
            if step == 2 {
                try store.delete(SeriesQuery([try LabelMatcher("host", .equal, "a")], from: 0, through: 1_500))
            }
        }
        return store
    }

    @Test("a snapshot is a store with everything up to its moment, and nothing that comes later changes it")
    func contents() throws {
        let system = FaultFileSystem(seed: 0)
        let store = try filled("/data", system)
        let expected = try Content(store)
        #expect(expected.times == [[2_000, 3_000], [0, 1_000, 2_000, 3_000]] && expected.spanCount == 16)
        var added: [String] = []
        let made = try store.snapshot(includingHead: true) { added.append($0) }
        #expect(made.name.hasPrefix("20251121T000000Z-") && made.path == "/data/snapshots/\(made.name)" && made.byteCount > 1_000)
        #expect(added == ["\(made.path).tmp"])
        let cold = try store.snapshot(includingHead: false) { _ in }
        #expect(try store.snapshots().map(\.name).sorted() == [made.name, cold.name].sorted())
        #expect(store.status().snapshots == 2 && store.status().snapshotByteCount == made.byteCount + cold.byteCount)
        // The source goes on: it deletes, merges and takes the sources of merged blocks away.
        _ = try store.write(Self.batch(9))
        try store.delete(SeriesQuery([try LabelMatcher("host", .equal, "b")], from: 0, through: .max))
        try store.compact()
        try store.close()
        let restored = try open(made.path, system)
        #expect(try Content(restored) == expected && restored.storeID == store.storeID)
        #expect(try restored.write(Self.batch(4)).stored == 2 && restored.status().snapshots == 0)
        // What the deletion flushed is in blocks; what came later is in the head only.
        #expect(try Content(open(cold.path, system)).times == [[2_000], [0, 1_000, 2_000]])
        #expect(try StoreVerifier.verify(directory: "/data", fileSystem: system).isSound)
    }

    @Test("a snapshot that was cut off at any step leaves no trace after the next start", arguments: 0..<60)
    func cutOff(step: Int) throws {
        let system = FailingFileSystem(seed: UInt64(step))
        let store = try filled("/data", system)
        let expected = try Content(store)
        try store.sync()
        system.fail(after: step)
        let made = try? store.snapshot(includingHead: true) { _ in }
        let isWhole = !system.hasFailed
        system.fail(after: nil)
        system.files.powerLoss()
        let again = try open("/data", system)
        #expect(try Content(again) == expected, "step \(step)")
        let kept = try again.snapshots()
        #expect(kept.count <= 1 && (!isWhole || kept.map(\.name) == [made?.name]), "step \(step)")
        let names = try system.status("/data/snapshots") == nil ? [] : system.list("/data/snapshots")
        #expect(names == kept.map(\.name), "step \(step)")
        for snapshot in kept { #expect(try Content(open(snapshot.path, system)) == expected, "step \(step)") }
    }

    @Test("only so many snapshots are kept, and what a caller cannot add ends the attempt")
    func limits() throws {
        let system = FaultFileSystem(seed: 0)
        let store = try filled("/data", system)
        #expect(throws: StorageError.self) {
            try store.snapshot(includingHead: true) { _ in throw StorageError(.unavailable, "no") }
        }
        #expect(try store.snapshots().isEmpty && system.list("/data/snapshots").isEmpty)
        for _ in 0..<SnapshotFolder.countLimit { _ = try store.snapshot(includingHead: false) { _ in } }
        let error = #expect(throws: StorageError.self) { try store.snapshot(includingHead: false) { _ in } }
        #expect(error?.kind == .limitExceeded)
        try system.remove(try #require(try store.snapshots().first).path)
        #expect(throws: Never.self) { try store.snapshot(includingHead: false) { _ in } }
    }

    @Test("retention by size counts everything but snapshots and deletes the oldest blocks first")
    func retention() throws {
        let system = FaultFileSystem(seed: 0)
        var store = try open("/data", system)
        for step in 0..<10 {
            _ = try store.write(Self.batch(step))
            _ = try store.write(Self.spans(UInt64(step)))
            try store.flush()
        }
        _ = try store.snapshot(includingHead: true) { _ in }
        let whole = try system.totalByteCount("/data") - system.totalByteCount("/data/snapshots")
        try system.writeAtomically([UInt8](repeating: 7, count: 5_000), to: "/data/state.sqlite")
        try store.close()
        var options = EmbeddedStoreOptions()
        options.retentionSize = whole
        store = try EmbeddedStore.open(directory: "/data", options: options, fileSystem: system, time: Self.time)
        try store.maintain()
        let left = try system.totalByteCount("/data") - system.totalByteCount("/data/snapshots")
        #expect(left <= whole && left > whole / 2)
        let content = try Content(store)
        #expect(content.times.allSatisfy { $0.last == 9_000 })
        #expect(try Content(open(try #require(try store.snapshots().first).path, system)).times.allSatisfy { $0.count == 10 })
    }
}
