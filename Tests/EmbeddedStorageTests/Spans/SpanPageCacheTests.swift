import TelemetryModel
import Testing

@testable import EmbeddedStorage

@Suite struct SpanPageCacheTests {
    private func key(_ number: Int, block: UInt64 = 1) -> SpanPageCache.Key {
        SpanPageCache.Key(block: block, part: .page(number))
    }

    private func put(_ key: SpanPageCache.Key, _ byteCount: Int, _ cache: SpanPageCache) {
        _ = cache.item(key, byteCount: { _ in byteCount }, read: { .page(.empty) })
    }

    @Test("it stays within its limit and keeps what was used last") func limit() {
        let cache = SpanPageCache(byteLimit: 8_000)
        for number in 0..<5_000 {
            put(key(number), 10 + number % 7, cache)
            #expect(cache.byteCount <= 8_000)
            #expect(cache.known(key(number)) != nil)
            #expect(cache.known(key(0)) != nil)
        }
        #expect(cache.known(key(1)) == nil)
        #expect((4_600..<5_000).allSatisfy { cache.known(key($0)) != nil })
        cache.forget(block: 1)
        #expect(cache.byteCount == 0)
    }

    @Test("what is as large as the limit stays alone, what is larger is not kept") func largeItems() {
        let cache = SpanPageCache(byteLimit: 1_000)
        for number in 0..<10 { put(key(number), 100, cache) }
        put(key(10), 1_000, cache)
        #expect(cache.known(key(10)) != nil && cache.byteCount == 1_000)
        put(key(11), 1_001, cache)
        #expect(cache.known(key(11)) == nil && cache.byteCount == 1_000)
    }
}
