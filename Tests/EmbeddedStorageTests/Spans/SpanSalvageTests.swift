import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing
import TraceAnalysis

@testable import EmbeddedStorage

/// A block of several pages, of which something is damaged.
@Suite("What is saved of a damaged block of spans")
struct SpanSalvageTests {
    private static let traceCount = 90
    private static let spansPerTrace = 60
    private static let blocks = "/store/spans/blocks"

    private let files = FailingFileSystem(seed: 1)
    private let time = ManualTime(now: 1_763_683_200_000_000_000)
    private let whole: [Span]
    private let sums: RollupTable

    init() throws {
        whole = (0..<Self.traceCount).flatMap(Self.trace)
        let store = try SpanStore.open(directory: "/store/spans", fileSystem: files, time: time)
        for start in stride(from: 0, to: whole.count, by: 1_800) {
            _ = try store.write(SpanBatch(whole[start..<min(start + 1_800, whole.count)]))
        }
        try store.flush()
        sums = try store.rollups(minutes: 0...OperationName.lastMinute)
        files.files.endProcess()
    }

    private static func trace(_ number: Int) -> [Span] {
        (0..<spansPerTrace).map { index in
            let start = UInt64(1_763_683_200_000 + number * 100) * 1_000_000 + UInt64(index)
            return Span(
                traceID: TraceID(high: 1, low: UInt64(number + 1)), spanID: SpanID(UInt64(index + 1)),
                parentSpanID: SpanID(index == 0 ? 0 : 1), name: "work", kind: index == 0 ? .server : .client, start: start,
                end: start + 1_000, attributes: [Attribute("number", .int(Int64(number)))],
                resource: Resource(attributes: [Attribute("service.name", .string("service-\(number % 3)"))]))
        }
    }

    private func open(_ files: FailingFileSystem? = nil) throws -> SpanStore {
        try SpanStore.open(directory: "/store/spans", fileSystem: files ?? self.files, time: time)
    }

    /// The block as it is before anything is damaged.
    private func block() throws -> SpanBlock {
        try SpanBlock(directory: Self.blocks + "/0000000000000001", fileSystem: files, cache: SpanPageCache(byteLimit: 0))
    }

    private func flip(_ position: Int) throws {
        try files.files.corrupt(Self.blocks + "/0000000000000001/data") { $0[position] ^= 1 }
    }

    /// Everything, by trace and span.
    private func spans(_ store: SpanStore) throws -> [Span] {
        var found: [Span] = []
        // A scan that meets damage ends; the next one finds what was saved.
        do { try store.scan(from: 0, through: .max) { found += $0.spans } } catch is StorageError {
            found = []
            try store.scan(from: 0, through: .max) { found += $0.spans }
        }
        return found.sorted { ($0.traceID, $0.spanID) < ($1.traceID, $1.spanID) }
    }

    @Test("a damaged page costs the spans on it and no others, and the sums stay", arguments: 0..<3)
    func page(number: Int) throws {
        let block = try block()
        #expect(block.pageCount == 3)
        let lost = Set(try block.page(number).spans.rows.map(\.traceID))
        let expected = whole.filter { !lost.contains($0.traceID) }
        try flip(block.zones[number].offset + 20)
        for life in 0..<2 {
            let store = try open()
            #expect(try spans(store) == expected, "life \(life)")
            #expect(try store.traces([whole[0].traceID])[0].count == (lost.contains(whole[0].traceID) ? 0 : Self.spansPerTrace))
            #expect(try store.search(TraceQuery(limit: .max)).count == Self.traceCount - lost.count)
            #expect(try store.rollups(minutes: 0...OperationName.lastMinute) == sums)
            #expect(store.status().damages.count == 1 && store.status().spanBlocks == 1, "\(store.status().damages)")
            files.files.endProcess()
        }
    }

    @Test(
        "a damaged section costs no span and no sum", arguments: [SpanBlockFormat.Section.filter, .traceIndex, .parted, .rollups])
    func section(_ section: SpanBlockFormat.Section) throws {
        try flip(try block().meta[section].offset + 3)
        for life in 0..<2 {
            let store = try open()
            #expect(try store.traces([whole[0].traceID])[0].spans == Self.trace(0), "life \(life)")
            #expect(try store.rollups(minutes: 0...OperationName.lastMinute) == sums)
            #expect(try spans(store) == whole)
            #expect(store.status().damages.count == 1, "\(store.status().damages)")
            files.files.endProcess()
        }
    }

    @Test("a record of the log that adds to a damaged page keeps no store from opening")
    func replay() throws {
        let late = Self.trace(0).map { span in
            var span = span
            span.spanID = SpanID(span.spanID.value + 1_000)
            return span
        }
        _ = try open().write(SpanBatch(late))
        files.files.endProcess()
        try flip(try block().zones[0].offset + 20)
        let store = try open()
        #expect(try store.traces([whole[0].traceID])[0].spans == late)
        #expect(store.status().damages.count == 1)
    }

    @Test("whatever is killed or fails while a block is saved, spans are there once")
    func interruption() throws {
        let block = try block()
        let lost = Set(try block.page(1).spans.rows.map(\.traceID))
        try flip(block.zones[1].offset + 20)
        let folder = Self.blocks + "/0000000000000001"
        let bytes = try ["data", "meta"].map { ($0, try files.readAll("\(folder)/\($0)", limit: 1 << 24)) }
        for count in 0..<25 {
            let files = FailingFileSystem(seed: UInt64(count))
            try files.makeDirectory(folder)
            for (name, bytes) in bytes { try files.create("\(folder)/\(name)").append(bytes) }
            files.fail(after: count)
            if let store = try? open(files) { _ = try? store.traces(Array(lost)) }
            files.fail(after: nil)
            files.files.endProcess()
            let store = try open(files)
            _ = try store.traces(Array(lost))
            #expect(try spans(store).count == whole.count - lost.count * Self.spansPerTrace, "after \(count) changes")
            #expect(try store.rollups(minutes: 0...OperationName.lastMinute) == sums, "after \(count) changes")
        }
    }
}
