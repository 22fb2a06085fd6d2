import Testing

@testable import TelemetryModel

@Suite struct SpanBatchTrimTests {
    @Test("a trimmed batch holds the same spans, and takes more of them") func trimmedBatch() {
        var batch = SpanBatch()
        for number in 0..<300 {
            batch.append(
                Span(
                    traceID: TraceID(high: 1, low: UInt64(number / 7)), spanID: SpanID(UInt64(number + 1)),
                    name: "operation \(number % 5)", start: UInt64(number), end: UInt64(number + 3),
                    attributes: [Attribute("key \(number % 11)", .string("value \(number)"))]))
        }
        let before = batch.spans
        batch.trim()
        #expect(batch.spans == before)
        #expect(batch.rows.capacity <= batch.rows.count + batch.rows.count / 8 + 16)
        batch.append(before[0])
        #expect(batch.spans == before + [before[0]])
        #expect(batch.symbols.find("operation 3") != nil)
    }
}
