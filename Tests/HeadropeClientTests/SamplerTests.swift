import TelemetryModel
import Testing

@testable import HeadropeClient

@Suite("Sampler")
struct SamplerTests {
    private let identifiers = IdentifierSource()

    @Test("a ratio samples about that share, by the id alone", arguments: [0.0, 0.1, 0.5, 1.0])
    func share(ratio: Double) {
        let sampler = Sampler.ratio(ratio)
        let ids = (0..<20_000).map { _ in identifiers.nextTraceID() }
        let sampled = ids.filter { sampler.samples($0, parent: nil) }
        #expect(abs(Double(sampled.count) / 20_000 - ratio) < 0.02)
        #expect(sampled.allSatisfy { sampler.samples($0, parent: nil) })
    }

    @Test("a smaller ratio samples a part of what a larger one does")
    func nested() {
        for _ in 0..<5_000 {
            let id = identifiers.nextTraceID()
            if Sampler.ratio(0.2).samples(id, parent: nil) { #expect(Sampler.ratio(0.6).samples(id, parent: nil)) }
        }
    }

    @Test("the caller's decision is kept when asked, and ignored otherwise")
    func parent() {
        let id = identifiers.nextTraceID()
        let yes = SpanContext(traceID: id, spanID: SpanID(1), isSampled: true)
        let no = SpanContext(traceID: id, spanID: SpanID(1), isSampled: false)
        #expect(Sampler.parentBased(ratio: 0).samples(id, parent: yes))
        #expect(!Sampler.parentBased(ratio: 1).samples(id, parent: no))
        #expect(Sampler.always.samples(id, parent: no))
        #expect(!Sampler.never.samples(id, parent: yes))
    }

    @Test("ratios that are none are moved to the nearer end")
    func bounds() {
        #expect(Sampler.ratio(-1).ratio == 0)
        #expect(Sampler.ratio(7).ratio == 1)
        #expect(Sampler.ratio(.nan).ratio == 0)
    }

    @Test("ids are not zero and do not repeat")
    func identifiersDiffer() {
        var traces: Set<TraceID> = []
        var spans: Set<SpanID> = []
        for _ in 0..<10_000 {
            traces.insert(identifiers.nextTraceID())
            spans.insert(identifiers.nextSpanID())
        }
        #expect(traces.count == 10_000 && spans.count == 10_000)
        #expect(!traces.contains { $0.high == 0 || $0.low == 0 } && !spans.contains(SpanID(0)))
    }
}
