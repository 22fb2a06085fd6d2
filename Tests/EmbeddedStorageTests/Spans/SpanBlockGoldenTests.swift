import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing

@testable import EmbeddedStorage

@Suite("SpanBlockGolden", .serialized)
struct SpanBlockGoldenTests {
    private static let folder = "Tests/EmbeddedStorageTests/Golden"

    private func spans() -> [Span] {
        var generator = RandomSpans(seed: 2026)
        return (0..<3).flatMap { _ in generator.trace(spanCount: 9) }
    }

    /// Sums of our own, so that the bytes do not change when the analysis counts otherwise.
    private func sums() -> RollupTable {
        var table = RollupTable()
        var operation = OperationRollup()
        operation.calls = 27
        operation.errors = 3
        operation.codeClasses = [20, 0, 5, 0, 1, 1]
        for duration in [5, 90, 1_000_000, 90_000_000_000] as [UInt64] { operation.durations.add(duration) }
        operation.slowestTraceID = TraceID(high: 1, low: 2)
        table.operations[OperationKey(minute: 29_394_720, service: "shop", operation: "GET /", kind: .server)] = operation
        var edge = EdgeRollup()
        edge.calls = 4
        edge.durations.add(77)
        edge.firstMinute = 29_394_721
        edge.lastMinute = 29_394_721
        table.edges[EdgeKey(minute: 29_394_721, caller: "shop", callee: "mysql", kind: .database)] = edge
        var statement = StatementRollup()
        statement.calls = 4
        statement.maximumPerCaller = 2
        let statementKey = StatementKey(
            minute: 29_394_721, system: "mysql", namespace: "orders", host: "db", fingerprint: "SELECT ?", callerService: "shop",
            callerOperation: "GET /")
        table.statements[statementKey] = statement
        var node = NodeRollup()
        node.selfNanoseconds = 12
        table.nodes[NodeKey(minute: 0, entryService: "shop", entryOperation: "GET /", service: "shop", operation: "GET /")] = node
        var instance = InstanceRollup()
        instance.lastSeen = 99
        let instanceKey = InstanceKey(
            minute: -1, service: "shop", instance: "shop-1", version: "1", hostID: "h", hostName: "host", containerID: "")
        table.instances[instanceKey] = instance
        return table
    }

    @Test("a block of known spans has the bytes it has always had")
    func bytes() throws {
        let files = FaultFileSystem(seed: 1)
        var head = SpanHead()
        head.insert(SharedSpanBatch(SpanBatch(spans())), arrival: 0)
        let source = HeadSource(head)
        var writer = try SpanBlockWriter(id: 1, directory: "/block", fileSystem: files)
        for page in 0..<source.pageCount { try writer.add(try source.page(page).spans) }
        try writer.finish(rollups: RollupSectionWriter.encode(sums()), logThrough: 1, replaces: [])
        for name in ["meta", "data"] {
            let bytes = try files.readAll("/block/\(name)", limit: 1 << 20)
            #expect(try Golden.difference(bytes, from: "\(Self.folder)/span-block.\(name)") == nil)
        }
    }

    /// A store with a golden block in memory.
    private func store(golden block: String) throws -> (SpanStore, FaultFileSystem) {
        let files = PosixFileSystem()
        let golden = SharedData.projectFolder.appendingPathComponent(Self.folder).path
        let memory = FaultFileSystem(seed: 1)
        try memory.makeDirectory("/spans/blocks/0000000000000001")
        for name in ["meta", "data"] {
            let file = try memory.create("/spans/blocks/0000000000000001/\(name)")
            try files.readAll("\(golden)/\(block).\(name)", limit: 1 << 20).withUnsafeBytes { try file.append($0) }
            file.close()
        }
        let time = ManualTime(now: 1_763_683_200_000_000_000)
        return (try SpanStore.open(directory: "/spans", fileSystem: memory, time: time), memory)
    }

    private func scanned(_ store: SpanStore) throws -> Set<Span> {
        var found: Set<Span> = []
        try store.scan(from: 0, through: .max) { found.formUnion($0.spans) }
        return found
    }

    @Test("blocks that were written long ago are still read", arguments: ["span-block-1", "span-block"])
    func reading(golden block: String) throws {
        let (store, _) = try store(golden: block)
        #expect(try scanned(store) == Set(spans()))
        let first = try #require(spans().first)
        #expect(try store.traces([first.traceID])[0].spans.contains(first))
        #expect(try store.rollups(minutes: Int64.min...Int64.max) == sums().settled())
    }

    @Test("a merge writes blocks of version 1 anew in the present one")
    func rewriting() throws {
        let (store, files) = try store(golden: "span-block-1")
        let other = Span(traceID: TraceID(high: 9, low: 9), spanID: SpanID(9), name: "later", start: 1, end: 2)
        _ = try store.write(SpanBatch([other]))
        try store.compact()
        let names = try files.list("/spans/blocks")
        #expect(names.count == 1)
        let block = try SpanBlock(
            directory: "/spans/blocks/" + (try #require(names.first)), fileSystem: files, cache: SpanPageCache(byteLimit: 1 << 20))
        #expect(block.meta.version == SpanBlockFormat.version)
        #expect(try scanned(store) == Set(spans() + [other]))
    }
}
