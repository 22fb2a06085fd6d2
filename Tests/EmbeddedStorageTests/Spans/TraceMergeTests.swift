import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing

@testable import EmbeddedStorage

@Suite("Merging traces of several sources")
struct TraceMergeTests {
    private let files = FaultFileSystem(seed: 1)

    private func span(_ trace: UInt64, _ id: UInt64, _ name: String, start: UInt64) -> Span {
        Span(
            traceID: TraceID(high: 1, low: trace), spanID: SpanID(id), name: name, start: start, end: start + 5,
            attributes: [Attribute("key-\(name)", "value-\(name)")],
            resource: Resource(attributes: [Attribute("service.name", "service-\(name)")]))
    }

    @Test("a page that was read twice, once in parts and once whole, gives the right names to the rows of both")
    func twoDecodes() throws {
        let store = try SpanStore.open(
            directory: "/store/spans", options: SpanStoreOptions(), fileSystem: files,
            time: ManualTime(now: 1_763_683_200_000_000_000))
        let first = [span(2, 1, "alpha", start: 300)]
        let second = [
            span(1, 2, "beta", start: 100), span(1, 3, "gamma", start: 110), span(2, 4, "delta", start: 400),
            span(2, 5, "beta", start: 410),
        ]
        for spans in [first, second] {
            _ = try store.write(SpanBatch(spans))
            try store.flush()
        }
        let blocks = try SpanBlockDirectory(path: "/store/spans/blocks", fileSystem: files)
            .inspect(cache: SpanPageCache(byteLimit: 1 << 20)).blocks
        try #require(blocks.count == 2)
        var merge = try TraceMerge(blocks, SpanProjection(.names))
        // From here on the cache has pages with everything, which number their texts otherwise.
        for block in blocks { _ = try block.page(0) }
        var assembler = TraceAssembler()
        while let runs = try merge.next() { assembler.add(runs) }
        let batch = assembler.take()
        #expect(batch.rows.indices.map(batch.name) == ["beta", "gamma", "alpha", "delta", "beta"])
    }
}
