import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing

@testable import EmbeddedStorage

@Suite("Sampling and retention of spans")
struct SpanSamplingTests {
    private static let second: UInt64 = 1_000_000_000
    private static let origin: UInt64 = 1_763_683_200_000_000_000
    private static let everything = 0...Int64.max

    private final class Subject {
        let files = FaultFileSystem(seed: 1)
        let time = ManualTime(now: SpanSamplingTests.origin)
        let options: SpanStoreOptions
        private(set) var store: SpanStore

        init(_ change: (inout SpanStoreOptions) -> Void) throws {
            var options = SpanStoreOptions()
            change(&options)
            self.options = options
            store = try SpanStore.open(directory: "/spans", options: options, fileSystem: files, time: time)
        }

        func reopen() throws { store = try SpanStore.open(directory: "/spans", options: options, fileSystem: files, time: time) }

        /// The traces that are found, by the lower half of their ids.
        func found() throws -> Set<UInt64> {
            var ids: Set<UInt64> = []
            try store.scan(from: 0, through: .max) { for row in $0.rows { ids.insert(row.traceID.low) } }
            return ids
        }

        func calls() throws -> UInt64 {
            try store.sums(minutes: SpanSamplingTests.everything, parts: .operations).operations.values.reduce(0) { $0 + $1.calls }
        }
    }

    private func span(
        _ trace: UInt64, _ id: UInt64 = 1, parent: UInt64 = 0, lasting milliseconds: UInt64 = 10, operation: String = "GET /",
        service: String = "shop", at start: UInt64 = origin, status: SpanStatus = .unset
    ) -> Span {
        Span(
            traceID: TraceID(high: 7, low: trace), spanID: SpanID(id), parentSpanID: SpanID(parent), name: operation, kind: .server,
            start: start, end: start + milliseconds * 1_000_000, status: status,
            resource: Resource(attributes: [Attribute("service.name", service)]))
    }

    @Test("chance keeps about as many traces as it should, the same ones each time, and the rollups count all")
    func probability() throws {
        let subject = try Subject { $0.sampling.probability = 0.25 }
        _ = try subject.store.write(SpanBatch((1...2000).map { span($0) }))
        #expect(try subject.found().count == 2000)
        try subject.store.flush()
        let kept = try subject.found()
        #expect((400...600).contains(kept.count))
        #expect(kept == Set((1...2000).filter { SamplingPolicy.keeps(TraceID(high: 7, low: $0), probability: 0.25) }))
        #expect(try subject.calls() == 2000)
        let id = TraceID(high: 7, low: try #require(kept.first))
        #expect(try subject.store.samplingProbability(of: id) == 0.25)
        try subject.reopen()
        try subject.store.compact()
        #expect(try subject.found() == kept)
        #expect(try subject.calls() == 2000)
        #expect(try subject.store.samplingProbability(of: id) == 0.25)
    }

    @Test("errors, slow calls, calls slower than others of their operation, and rare ones stay")
    func rules() throws {
        let subject = try Subject {
            $0.sampling.probability = 0
            $0.sampling.slowerThan = Self.second
            $0.sampling.slowerThanQuantile = 0.99
            $0.sampling.rareCalls = 3
        }
        var spans = (1...1000).map { span($0, lasting: 10) }
        spans += [span(2001, status: .error), span(2002, lasting: 1000), span(2003, operation: "rare"), span(2004, lasting: 30)]
        _ = try subject.store.write(SpanBatch(spans))
        try subject.store.flush()
        #expect(try subject.found() == [2001, 2002, 2003, 2004])
        #expect(try subject.store.samplingProbability(of: TraceID(high: 7, low: 2001)) == 1)
        #expect(try subject.calls() == 1004)
    }

    @Test("the highest probability among a trace's services and operations counts")
    func overrides() throws {
        let subject = try Subject {
            $0.sampling.probability = 0
            $0.sampling.overrides = [
                .init(service: "pay", probability: 1), .init(service: "cart", probability: 0),
                .init(service: "cart", operation: "checkout", probability: 1),
            ]
        }
        _ = try subject.store.write(
            SpanBatch([
                span(1), span(2), span(2, 2, parent: 1, service: "pay"), span(3, service: "cart"),
                span(4, operation: "checkout", service: "cart"),
            ]))
        try subject.store.flush()
        #expect(try subject.found() == [2, 4])
    }

    @Test("a replay of what was not kept is a duplicate until the time of holding is over, across restarts")
    func replay() throws {
        let subject = try Subject { $0.sampling.probability = 0 }
        let batch = SpanBatch((1...50).map { span($0) })
        _ = try subject.store.write(batch)
        try subject.store.flush()
        #expect(try subject.found().isEmpty)
        #expect(try subject.store.write(batch).duplicates == 50)
        try subject.reopen()
        #expect(try subject.store.write(batch).duplicates == 50)
        subject.time.advance(nanoseconds: subject.options.sampling.holdTime)
        try subject.store.maintain()
        #expect(try subject.calls() == 50)
        try subject.reopen()
        #expect(try subject.calls() == 50)
        #expect(try subject.store.write(batch).stored == 50)
        #expect(try subject.calls() == 100)
    }

    @Test("blocks without spans are merged, and what they count stays")
    func bareBlocks() throws {
        let subject = try Subject {
            $0.sampling.probability = 0
            $0.mergeWidth = 3
        }
        for round in 0..<12 as Range<UInt64> {
            _ = try subject.store.write(
                SpanBatch((1...20).map { span(round * 100 + $0, at: Self.origin + round * 60 * Self.second) }))
            try subject.store.flush()
            subject.time.advance(nanoseconds: subject.options.sampling.holdTime)
            try subject.store.maintain()
            #expect(try subject.calls() == (round + 1) * 20)
        }
        #expect(subject.store.status().spanBlocks < 6)
        #expect(try subject.found().isEmpty)
    }

    @Test("a late part that a rule keeps brings the earlier part back, and one that no rule keeps goes with it")
    func lateParts() throws {
        let subject = try Subject { $0.sampling.probability = 0 }
        _ = try subject.store.write(SpanBatch([span(1), span(2), span(3, status: .error)]))
        try subject.store.flush()
        #expect(try subject.found() == [3])
        _ = try subject.store.write(
            SpanBatch([span(1, 2, parent: 1, status: .error), span(2, 2, parent: 1), span(3, 2, parent: 1)]))
        try subject.store.flush()
        #expect(try subject.found() == [1, 3])
        #expect(try subject.store.traces([TraceID(high: 7, low: 1)])[0].count == 2)
        #expect(try subject.store.traces([TraceID(high: 7, low: 3)])[0].count == 2)
        #expect(try subject.calls() == 6)
        subject.time.advance(nanoseconds: subject.options.sampling.holdTime)
        try subject.store.maintain()
        try subject.reopen()
        #expect(try subject.store.traces([TraceID(high: 7, low: 1)])[0].count == 2)
        #expect(try subject.calls() == 6)
        // Operations of one service that calls itself: each child's caller is known, so only the roots enter.
        let rows = try subject.store.sums(minutes: Self.everything, parts: .operations).operations.values
        #expect(rows.reduce(0) { $0 + $1.rootCalls } == 3)
    }

    @Test("errors and slow traces outlive the others, their rollups too, until their own time is over")
    func longerRetention() throws {
        let hour = 3600 * Self.second
        let subject = try Subject {
            $0.retention = hour
            $0.keepErrors = 3 * hour
            $0.keepSlow = 2 * hour
        }
        _ = try subject.store.write(SpanBatch([span(1), span(2, status: .error), span(3, lasting: 1000), span(4)]))
        try subject.store.flush()
        try subject.store.maintain()
        #expect(try subject.found() == [1, 2, 3, 4])
        for (hours, kept) in [(1, [2, 3]), (1, [2]), (1, [])] as [(UInt64, Set<UInt64>)] {
            subject.time.advance(nanoseconds: hours * hour + Self.second)
            try subject.store.maintain()
            #expect(try subject.found() == kept)
            #expect(try subject.calls() == (kept.isEmpty ? 0 : 4))
            try subject.reopen()
            #expect(try subject.found() == kept)
        }
        #expect(subject.store.status().spanBlocks == 0)
    }

    @Test("what a block says about sampling comes back, and changed bytes are refused or read", arguments: 0..<5 as Range<UInt64>)
    func section(seed: UInt64) throws {
        var generator = RandomSpans(seed: seed)
        var section = SamplingSection()
        section.heldUntil = 99
        section.thinning = [.errors]
        let ids = (0..<100).map { _ in TraceID(high: generator.random.next(), low: generator.random.next()) }
        for id in ids { section.note(id, probability: generator.chance(2) ? 0.5 : 0.125) }
        let read = try SamplingSection(section.bytes)
        #expect(read.bytes == section.bytes, "seed \(seed)")
        #expect(ids.allSatisfy { read.probability(ofHash: TraceFilter.hash($0)) < 1 }, "seed \(seed)")
        #expect(read.probability(ofHash: 1) == 1)
        #expect(try SamplingSection([]).isEmpty)
        for _ in 0..<300 {
            var changed = section.bytes
            changed[generator.below(changed.count)] = UInt8(generator.below(256))
            _ = try? SamplingSection(changed)
            _ = try? SamplingSection(Array(changed[..<generator.below(changed.count)]))
        }
    }
}
