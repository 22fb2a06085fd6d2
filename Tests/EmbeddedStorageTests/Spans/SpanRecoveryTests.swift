import EmbeddedStorage
import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing

@Suite("Spans after a crash")
struct SpanRecoveryTests {
    private static let path = "/store/spans"

    private struct Key: Hashable {
        var trace: TraceID
        var span: SpanID
        var side: SpanSide

        init(_ span: Span) {
            trace = span.traceID
            self.span = span.spanID
            side = span.side
        }
    }

    private func open(
        _ files: any FileSystem, _ time: ManualTime, _ options: SpanStoreOptions = SpanStoreOptions()
    ) throws -> SpanStore {
        try SpanStore.open(directory: Self.path, options: options, fileSystem: files, time: time)
    }

    private func prepared(seed: UInt64) throws -> FailingFileSystem {
        let files = FailingFileSystem(seed: seed)
        try files.makeDirectory("/store")
        try files.syncDirectory("/")
        return files
    }

    /// The spans of a store; one that comes twice is an issue.
    private func everything(_ store: SpanStore, _ comment: Comment) throws -> [Key: Span] {
        var found: [Key: Span] = [:]
        try store.scan(from: 0, through: .max) { batch in
            for span in batch.spans { #expect(found.updateValue(span, forKey: Key(span)) == nil, comment) }
        }
        return found
    }

    @Test(
        "what was synced survives the loss of power at any step, once, and nothing else appears", arguments: 0..<60 as Range<UInt64>
    )
    func powerLoss(seed: UInt64) throws {
        let files = try prepared(seed: seed)
        let time = ManualTime(now: 1_763_683_200_000_000_000)
        var generator = RandomSpans(seed: seed)
        var options = SpanStoreOptions()
        options.cutSpanCount = 30
        options.headByteLimit = seed % 3 == 0 ? 60_000 : 64 << 20
        var durable: [Key: Span] = [:]
        var written: [Key: Span] = [:]
        for _ in 0..<4 {
            files.fail(after: nil)
            let store = try open(files, time, options)
            for (key, span) in durable { #expect(try store.traces([key.trace])[0].spans.contains(span), "seed \(seed)") }
            let found = try everything(store, "seed \(seed)")
            for (key, span) in found { #expect(written[key] == span, "seed \(seed)") }
            durable = found
            try store.sync()
            files.fail(after: generator.below(60))
            var pending = durable
            run: while !files.hasFailed {
                do {
                    switch generator.below(8) {
                    case 0: try store.flush()
                    case 1: try store.compact()
                    case 2:
                        time.advance(nanoseconds: 40_000_000_000)
                        try store.maintain()
                    case 3, 4:
                        try store.sync()
                        durable = pending
                    default:
                        let spans = generator.trace(spanCount: 1 + generator.below(12))
                        for span in spans { written[Key(span)] = span }
                        _ = try store.write(SpanBatch(spans))
                        for span in spans { pending[Key(span)] = span }
                    }
                } catch let error as StorageError {
                    #expect(error.kind == .unavailable || error.kind == .corrupt, "seed \(seed): \(error)")
                    break run
                }
            }
            files.files.powerLoss()
        }
    }

    @Test("what was acknowledged survives the end of the process at any step", arguments: 0..<30 as Range<UInt64>)
    func kill(seed: UInt64) throws {
        let files = try prepared(seed: seed)
        let time = ManualTime(now: 1_763_683_200_000_000_000)
        var generator = RandomSpans(seed: seed)
        var acknowledged: [Key: Span] = [:]
        for _ in 0..<4 {
            files.fail(after: nil)
            let store = try open(files, time)
            let found = try everything(store, "seed \(seed)")
            for (key, span) in acknowledged { #expect(found[key] == span, "seed \(seed)") }
            files.fail(after: generator.below(50))
            while !files.hasFailed {
                let spans = generator.trace(spanCount: 1 + generator.below(12))
                if (try? store.write(SpanBatch(spans))) != nil { for span in spans { acknowledged[Key(span)] = span } }
                if generator.chance(4) { try? store.flush() }
                if generator.chance(6) { try? store.compact() }
            }
        }
    }

    @Test("a block is written once although the log still has its spans")
    func replayAfterCut() throws {
        let files = try prepared(seed: 1)
        let time = ManualTime(now: 1_763_683_200_000_000_000)
        var generator = RandomSpans(seed: 1)
        let spans = generator.trace(spanCount: 20)
        let store = try open(files, time)
        _ = try store.write(SpanBatch(spans))
        // Flushing fails only at its end, when the segments that the block has made superfluous are removed.
        var steps = 0
        repeat {
            files.fail(after: steps)
            steps += 1
        } while (try? store.flush()) == nil && store.status().spanBlocks == 0
        files.fail(after: nil)
        let reopened = try open(files, time)
        #expect(reopened.status().headSpans == 0)
        #expect(try everything(reopened, "after the cut").count == 20)
    }

    @Test("a full disk turns writes away, reads go on, and writes resume")
    func fullDisk() throws {
        let files = FaultFileSystem(seed: 1)
        let time = ManualTime(now: 1_763_683_200_000_000_000)
        var generator = RandomSpans(seed: 3)
        let first = generator.trace(spanCount: 10)
        let store = try open(files, time)
        _ = try store.write(SpanBatch(first))
        files.setCapacity(files.byteCount + 100)
        let second = generator.trace(spanCount: 30)
        #expect { _ = try store.write(SpanBatch(second)) } throws: { ($0 as? StorageError)?.kind == .unavailable }
        #expect { try store.flush() } throws: { ($0 as? StorageError)?.kind == .unavailable }
        #expect(store.status().writeRefusal != nil)
        #expect(try store.traces([first[0].traceID])[0].count == 10)
        #expect(try store.traces([second[0].traceID])[0].isEmpty)
        files.setCapacity(nil)
        #expect(try store.write(SpanBatch(second)).stored == 30)
        try store.flush()
        #expect(store.status().writeRefusal == nil)
        #expect(try everything(store, "after the full disk").count == 40)
    }
}
