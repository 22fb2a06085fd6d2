import ByteCoding
import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing
import TraceAnalysis

@testable import EmbeddedStorage

@Suite("Blocks of spans")
struct SpanBlockTests {
    private let files = FaultFileSystem(seed: 1)
    private let time = ManualTime(now: 1_763_683_200_000_000_000)

    private func store(_ options: SpanStoreOptions = SpanStoreOptions()) throws -> SpanStore {
        try SpanStore.open(directory: "/store/spans", options: options, fileSystem: files, time: time)
    }

    private func blockPath(_ id: UInt64) -> String { "/store/spans/blocks/" + SpanBlockDirectory.name(id) }

    /// A store with two blocks of one trace each.
    private func twoBlocks() throws -> (SpanStore, [[Span]]) {
        var generator = RandomSpans(seed: 4)
        let store = try store()
        let traces = [generator.trace(spanCount: 30), generator.trace(spanCount: 30)]
        for trace in traces {
            _ = try store.write(SpanBatch(trace))
            try store.flush()
        }
        return (store, traces)
    }

    /// What a check of all blocks finds.
    private func damages() throws -> [String] {
        let directory = SpanBlockDirectory(path: "/store/spans/blocks", fileSystem: files)
        var (blocks, damages) = try directory.inspect(cache: SpanPageCache(byteLimit: 1 << 20))
        for block in blocks {
            do { try block.verify() } catch let damage as SpanBlockDamage { damages.append(damage.description) }
        }
        return damages
    }

    @Test("a search for long spans finds one whose duration has all 64 bits, and not one that ends before it starts")
    func longestSpan() throws {
        let store = try store()
        let times: [(start: UInt64, end: UInt64)] = [(5, UInt64.max - 5), (1 << 62, 5), (7, 9)]
        let spans = times.enumerated().map { number, time in
            Span(
                traceID: TraceID(high: 1, low: UInt64(number + 1)), spanID: SpanID(1), name: "work", start: time.start,
                end: time.end, resource: Resource(attributes: [Attribute("service.name", "clock")]))
        }
        _ = try store.write(SpanBatch(spans))
        try store.flush()
        for least in [100, 1 << 63, UInt64.max - 10] as [UInt64] {
            let query = TraceQuery(service: "clock", operation: "work", minimumDuration: least)
            #expect(try store.search(query) == [spans[0].traceID], "\(least)")
        }
        #expect(try store.search(TraceQuery(operation: "work", maximumDuration: 1)) == [spans[1].traceID])
    }

    @Test("a damaged block is set aside and named, the others are read")
    func quarantine() throws {
        let (store, traces) = try twoBlocks()
        try files.corrupt(blockPath(1) + "/data") { $0[100] ^= 1 }
        #expect(try store.traces(traces.map { $0[0].traceID }).map(\.count) == [0, 30])
        #expect(store.status().spanBlocks == 1)
        #expect(store.status().damages.contains { $0.contains("0000000000000001") })
        let reopened = try self.store()
        #expect(reopened.status().damages.contains { $0.contains("0000000000000001") })
        #expect(try reopened.search(TraceQuery()).count == 1)
    }

    @Test("a trace that a search has found is whole at hand, and not read from its page again")
    func keptTraces() throws {
        let (store, traces) = try twoBlocks()
        let found = try store.search(TraceQuery(operation: traces[0][0].name))
        #expect(found.contains(traces[0][0].traceID))
        try files.corrupt(blockPath(1) + "/data") { $0[100] ^= 1 }
        #expect(try Set(store.traces([traces[0][0].traceID])[0].spans) == Set(traces[0]))
        #expect(store.status().damages.isEmpty)
    }

    @Test("a block whose meta file is damaged or missing is set aside at the start", arguments: ["changed", "missing", "cut"])
    func damagedMeta(how: String) throws {
        let (_, traces) = try twoBlocks()
        let path = blockPath(2) + "/meta"
        switch how {
        case "changed": try files.corrupt(path) { $0[30] ^= 0x40 }
        case "missing": try files.remove(path)
        default: try files.corrupt(path) { $0.removeLast(5) }
        }
        let reopened = try store()
        #expect(reopened.status().damages.count == 1)
        #expect(try reopened.traces(traces.map { $0[0].traceID }).map(\.count) == [30, 0])
    }

    @Test(
        "looking at a damaged block ends in a sentence",
        arguments: ["data cut", "meta cut", "meta zeroed", "data of another", "files of another", "no files", "endless log"])
    func inspectDamaged(how: String) throws {
        _ = try twoBlocks()
        let (path, other) = (blockPath(1), blockPath(2))
        #expect(try SpanBlockInspector.inspect(path, fileSystem: files).spanCount == 30)
        switch how {
        case "data cut": try files.corrupt(path + "/data") { $0.removeLast($0.count / 2) }
        case "meta cut": try files.corrupt(path + "/meta") { $0.removeLast($0.count - 3) }
        case "meta zeroed": try files.corrupt(path + "/meta") { $0 = [UInt8](repeating: 0, count: $0.count) }
        case "data of another": try replace(path + "/data", with: files.readAll(other + "/data", limit: 1 << 20))
        case "files of another":
            for name in ["/data", "/meta"] { try replace(path + name, with: files.readAll(other + name, limit: 1 << 20)) }
        case "no files": for name in ["/data", "/meta"] { try files.remove(path + name) }
        default:
            var meta = try SpanBlockMeta(try files.readAll(path + "/meta", limit: 1 << 20))
            meta.logThrough = .max
            try replace(path + "/meta", with: meta.bytes)
        }
        let error = #expect(throws: StorageError.self) { try SpanBlockInspector.inspect(path, fileSystem: files) }
        #expect(error?.message.contains("0000000000000001") == true)
        #expect(try damages().allSatisfy { $0.hasSuffix(".") && !$0.hasSuffix("..") })
        #expect(try damages().count == 1)
        #expect(try store().status().spanBlocks == 1)
    }

    private func replace(_ path: String, with bytes: [UInt8]) throws { try files.corrupt(path) { $0 = bytes } }

    @Test("every changed byte of a block is noticed by a check")
    func everyByteCounts() throws {
        _ = try twoBlocks()
        #expect(try damages() == [])
        var random = SeededRandom(seed: 9)
        for name in ["data", "meta"] {
            let path = blockPath(1) + "/" + name
            let bytes = try files.readAll(path, limit: 1 << 20)
            for position in stride(from: 0, to: bytes.count, by: 1 + Int(random.next() % 3)) {
                let flip = UInt8(1) << UInt8(random.next() % 8)
                try files.corrupt(path) { $0[position] ^= flip }
                #expect(
                    try damages().count == 1, "\(name) \(position)")
                try files.corrupt(path) { $0[position] ^= flip }
            }
        }
        #expect(try damages() == [])
    }

    @Test("meta files with any content are refused or read, also with a checksum that fits", arguments: 0..<10 as Range<UInt64>)
    func metaMutation(seed: UInt64) throws {
        _ = try twoBlocks()
        let bytes = try files.readAll(blockPath(2) + "/meta", limit: 1 << 20)
        let data = try files.readAll(blockPath(2) + "/data", limit: 1 << 20)
        var generator = RandomSpans(seed: seed)
        for _ in 0..<60 {
            var changed = Array(bytes.dropLast(4))
            for _ in 0...generator.below(3) { changed[12 + generator.below(changed.count - 12)] = UInt8(generator.below(256)) }
            var writer = ByteWriter()
            writer.writeBytes(changed)
            writer.writeInteger(CRC32C.checksum(changed))
            let meta = writer.bytes
            try files.corrupt(blockPath(2) + "/meta") { $0 = meta }
            // Whatever the meta file says now, checking must end in a sentence, not in a trap.
            _ = try damages()
        }
        #expect(try files.readAll(blockPath(2) + "/data", limit: 1 << 20) == data)
    }

    @Test("zones, filters and index chunks of any content are refused or read", arguments: 0..<10 as Range<UInt64>)
    func smallDecoders(seed: UInt64) {
        var generator = RandomSpans(seed: seed)
        for _ in 0..<200 {
            let bytes = (0..<generator.below(200)).map { _ in UInt8(generator.below(256)) }
            bytes.withUnsafeBytes { raw in
                if let filter = try? TraceFilter(raw) { _ = filter.mayContain(generator.random.next()) }
                for version in [1, 2] as [UInt32] { _ = try? TraceIndex.decode(raw, version: version) }
                var reader = ByteReader(raw)
                _ = try? PageZone(&reader, nameCount: 5)
                _ = try? SpanLogRecord.decode(type: 1, version: 1, raw)
            }
        }
    }

    @Test("a filter knows what was inserted, and little else")
    func filter() {
        var random = SeededRandom(seed: 2)
        var filter = TraceFilter(expecting: 5000)
        let known = (0..<5000).map { _ in random.next() }
        for hash in known { filter.insert(hash) }
        #expect(known.allSatisfy(filter.mayContain))
        let wrong = (0..<10_000).filter { _ in filter.mayContain(random.next()) }.count
        #expect(wrong < 200, "\(wrong) of 10000 strangers were let through")
    }

    @Test("blocks older than the retention time are deleted, whatever came to be refused")
    func retention() throws {
        var options = SpanStoreOptions()
        options.retention = 3600 * 1_000_000_000
        let store = try store(options)
        var old = RandomSpans(seed: 1, origin: time.now() - 7200 * 1_000_000_000)
        var recent = RandomSpans(seed: 2, origin: time.now() - 600 * 1_000_000_000)
        #expect(try store.write(SpanBatch(old.trace(spanCount: 5))).stored == 5)
        try store.flush()
        _ = try store.write(SpanBatch(recent.trace(spanCount: 5)))
        try store.flush()
        #expect(store.status().spanBlocks == 2)
        try store.maintain()
        #expect(store.status().spanBlocks == 1)
        #expect(try files.list("/store/spans/blocks") == [SpanBlockDirectory.name(2)])
    }

    @Test("blocks beyond the retention size are deleted, those with the oldest spans first")
    func retentionBySize() throws {
        let store = try store()
        var sizes: [Int] = []
        for day in [1, 3, 2] as [UInt64] {
            var generator = RandomSpans(seed: day, origin: day * 86_400_000_000_000)
            _ = try store.write(SpanBatch(generator.trace(spanCount: 20)))
            try store.flush()
            sizes.append(store.status().byteCount)
        }
        try store.deleteOldest(above: sizes[2])
        #expect(store.status().spanBlocks == 3)
        try store.deleteOldest(above: sizes[2] - sizes[0])
        #expect(try files.list("/store/spans/blocks") == [SpanBlockDirectory.name(2), SpanBlockDirectory.name(3)])
        try store.deleteOldest(above: 0)
        #expect(try files.list("/store/spans/blocks") == [])
        #expect(try store.search(TraceQuery()).isEmpty)
    }

    @Test("a head beyond its bound goes into blocks, longest idle first")
    func headBound() throws {
        var options = SpanStoreOptions()
        options.headByteLimit = 200_000
        let store = try store(options)
        var generator = RandomSpans(seed: 6)
        var first: Span?
        for _ in 0..<60 {
            let trace = generator.trace(spanCount: 30)
            first = first ?? trace[0]
            _ = try store.write(SpanBatch(trace))
            time.advance(nanoseconds: 1_000_000)
        }
        let status = store.status()
        #expect(status.spanBlocks > 1)
        #expect(status.headSpans < 600)
        #expect(try store.search(TraceQuery(limit: 100)).count == 60)
        // The trace that came first is in a block, so a span of it is compared there.
        let receipt = try store.write(SpanBatch(try #require(first.map { [$0] })))
        #expect(receipt.duplicates == 1)
    }

    @Test("idle traces are cut when enough have waited, and small blocks are merged")
    func maintenance() throws {
        var options = SpanStoreOptions()
        options.cutSpanCount = 50
        options.mergeWidth = 4
        let store = try store(options)
        var generator = RandomSpans(seed: 8)
        _ = try store.write(SpanBatch(generator.trace(spanCount: 20)))
        time.advance(nanoseconds: 31_000_000_000)
        try store.maintain()
        #expect(store.status().spanBlocks == 0, "twenty idle spans are not worth a block")
        time.advance(nanoseconds: options.cutInterval)
        try store.maintain()
        #expect(store.status().spanBlocks == 1, "but they do not wait for ever")
        var counts: [Int] = []
        for _ in 0..<3 {
            _ = try store.write(SpanBatch(generator.trace(spanCount: 60)))
            time.advance(nanoseconds: 31_000_000_000)
            try store.maintain()
            counts.append(store.status().spanBlocks)
        }
        #expect(counts == [2, 3, 1])
        #expect(try store.search(TraceQuery()).count == 4)
    }

    @Test("a trace larger than a page is stored over several and comes back whole")
    func giantTrace() throws {
        let store = try store()
        let origin: UInt64 = 1_763_683_200_000_000_000
        let count = SpanBlockFormat.pageRowLimit + 500
        var batch = SpanBatch()
        let resource = batch.appendResource(Resource(attributes: [Attribute("service.name", "big")]))
        let scope = batch.appendScope(InstrumentationScope())
        let name = batch.symbols.intern("step")
        for number in 1...UInt64(count) {
            var row = SpanRow()
            row.traceID = TraceID(high: 1, low: 1)
            row.spanID = SpanID(number)
            row.start = origin + number
            row.end = row.start + 5
            row.name = name
            row.resource = resource
            row.scope = scope
            batch.rows.append(row)
        }
        _ = try store.write(batch)
        for _ in 0..<2 {
            try store.flush()
            let trace = try store.traces([TraceID(high: 1, low: 1)])[0]
            #expect(trace.rows.map(\.spanID.value) == Array(1...UInt64(count)))
            #expect(try store.search(TraceQuery(service: "big")) == [TraceID(high: 1, low: 1)])
            var scanned: [Int] = []
            try store.scan(from: 0, through: .max) { batch in
                scanned.append(batch.rows.filter { $0.traceID == TraceID(high: 1, low: 1) }.count)
            }
            #expect(scanned.contains(count))
            _ = try store.write(
                SpanBatch([Span(traceID: TraceID(high: 2, low: 2), spanID: SpanID(1), name: "n", start: origin, end: origin)]))
            try store.compact()
        }
    }
}
