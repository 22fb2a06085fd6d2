import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing

@testable import EmbeddedStorage

@Suite("What pages say for searches")
struct PageDigestTests {
    private func pages(_ generator: inout RandomSpans) -> [SpanBatch] {
        (0..<5).map { _ in
            var batch = SpanBatch()
            for _ in 0..<10 { for span in generator.trace(spanCount: 3) { batch.append(span) } }
            return batch
        }
    }

    private func digests(_ bytes: [UInt8], pageCount: Int) throws -> PageDigests {
        try bytes.withUnsafeBytes { try PageDigests($0, pageCount: pageCount) }
    }

    @Test("everything on a page is told", arguments: 0..<8 as Range<UInt64>)
    func told(seed: UInt64) throws {
        var generator = RandomSpans(seed: seed)
        let pages = pages(&generator)
        var writer = PageDigestWriter()
        for page in pages { writer.add(page) }
        let digests = try digests(writer.finish(), pageCount: pages.count)
        for (page, digest) in zip(pages, digests.pages) {
            let operations = try #require(digest.operations).map { digests.pageOperations[$0] }
            let keys = try #require(digest.keys).map { digests.pageKeys[$0] }
            let values = try #require(digest.values)
            for span in page.spans {
                let name = OperationName(service: span.resource.serviceName, operation: span.name, kind: span.kind)
                let known = operations.first { digests.operations[Int($0.operation)] == name }
                #expect(known.map { $0.duration >= DurationSketch.bucketIndex(span.duration) } == true, "seed \(seed)")
                #expect(known?.hasError == true || span.status != .error, "seed \(seed)")
                for attribute in span.attributes + span.resource.attributes + span.events.flatMap(\.attributes) {
                    #expect(keys.contains { digests.keys[Int($0.key)] == attribute.key }, "seed \(seed)")
                    guard case .string(let text) = attribute.value else { continue }
                    let hash = try #require(PageDigests.hash(key: attribute.key, value: text))
                    #expect(values.mayContain(hash), "seed \(seed)")
                }
            }
        }
    }

    @Test("texts beyond the limit have no hash, and lists beyond theirs are left out")
    func limits() throws {
        #expect(PageDigests.hash(key: "k", value: String(repeating: "x", count: PageDigests.valueByteLimit)) != nil)
        #expect(PageDigests.hash(key: "k", value: String(repeating: "x", count: PageDigests.valueByteLimit + 1)) == nil)
        var page = SpanBatch()
        for number in 0...PageDigests.pageOperationLimit {
            page.append(
                Span(
                    traceID: TraceID(high: 1, low: 1), spanID: SpanID(UInt64(number + 1)), name: "operation \(number)",
                    start: 1, end: 2, attributes: [Attribute("key \(number)", "value")]))
        }
        var writer = PageDigestWriter()
        writer.add(page)
        let digests = try digests(writer.finish(), pageCount: 1)
        #expect(digests.pages[0].operations == nil && digests.pages[0].keys == nil && digests.pages[0].values != nil)
    }

    @Test("changed bytes are refused or read", arguments: 0..<20 as Range<UInt64>)
    func mutation(seed: UInt64) {
        var generator = RandomSpans(seed: seed)
        let pages = pages(&generator)
        var writer = PageDigestWriter()
        for page in pages { writer.add(page) }
        let bytes = writer.finish()
        for _ in 0..<200 {
            var changed = bytes
            changed[generator.below(changed.count)] ^= UInt8(1 << generator.below(8))
            if generator.chance(4) { changed.removeLast(generator.below(changed.count)) }
            _ = try? digests(changed, pageCount: pages.count)
        }
    }
}
