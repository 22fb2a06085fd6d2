import EmbeddedStorage
import Foundation
import Platform
import Storage
import Synchronization
import TelemetryModel
import TestSupport
import Testing
import TraceAnalysis

@Suite("Spans from many threads")
struct SpanConcurrencyTests {
    @Test("writers, readers, cuts and merges at once lose nothing and count nothing twice")
    func everythingAtOnce() throws {
        var options = SpanStoreOptions()
        options.headByteLimit = 300_000
        options.cutSpanCount = 200
        options.mergeWidth = 3
        let store = try SpanStore.open(
            directory: "/store", options: options, fileSystem: FaultFileSystem(seed: 1),
            time: ManualTime(now: 1_763_683_200_000_000_000))
        let counts = Mutex((stored: 0, duplicates: 0))
        let issues = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 8) { worker in
            do {
                // Two workers each write the same spans; the other half read and maintain.
                var generator = RandomSpans(seed: UInt64(worker / 2 % 2))
                for round in 0..<40 {
                    if worker < 4 {
                        let receipt = try store.write(SpanBatch(generator.trace(spanCount: 25)))
                        counts.withLock { $0 = ($0.stored + receipt.stored, $0.duplicates + receipt.duplicates) }
                    } else if worker == 4 {
                        try store.maintain()
                    } else if worker == 5, round % 10 == 9 {
                        try store.compact()
                    } else {
                        let ids = try store.search(TraceQuery(limit: 5))
                        for batch in try store.traces(ids) where batch.isEmpty {
                            issues.withLock { $0.append("a trace that was found has no spans") }
                        }
                        _ = try store.rollups(minutes: 0...Int64.max)
                    }
                }
            } catch {
                issues.withLock { $0.append("\(error)") }
            }
        }
        #expect(issues.withLock { $0 } == [])
        #expect(counts.withLock { $0.stored } == 2000)
        #expect(counts.withLock { $0.duplicates } == 2000)
        var scanned = 0
        try store.scan(from: 0, through: .max) { scanned += $0.count }
        #expect(scanned == 2000)
        try store.compact()
        var spans: [Span] = []
        try store.scan(from: 0, through: .max) { spans += $0.spans }
        #expect(try store.rollups(minutes: 0...Int64.max) == RollupBuilder.rollup(SpanBatch(spans)))
    }
}
