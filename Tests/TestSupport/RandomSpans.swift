import Platform
import TelemetryModel

/// Spans with everything that a span can carry, the same ones for the same seed.
public struct RandomSpans {
    /// Where the randomness comes from; a test may draw from it too.
    public var random: SeededRandom
    /// The earliest start, nanoseconds since 1970.
    public var origin: UInt64
    /// Starts lie within so many nanoseconds of the origin.
    public var width: UInt64

    /// Begins the sequence of a seed.
    public init(seed: UInt64, origin: UInt64 = 1_763_683_200_000_000_000, width: UInt64 = 600_000_000_000) {
        random = SeededRandom(seed: seed)
        self.origin = origin
        self.width = width
    }

    /// A trace of so many spans, in no particular order.
    public mutating func trace(spanCount: Int) -> [Span] {
        let id = TraceID(high: chance(5) ? 0 : random.next(), low: random.next() | 1)
        let start = origin + random.next() % max(1, width)
        var spans: [Span] = []
        for number in 0..<spanCount {
            var span = span(id, around: start)
            if number > 0, !chance(20) { span.parentSpanID = spans[below(spans.count)].spanID }
            if number > 0, chance(15) {
                span.spanID = spans[number - 1].spanID
                span.side = spans[number - 1].side == .own ? .sharedServer : .own
                if spans.contains(where: { $0.spanID == span.spanID && $0.side == span.side }) {
                    span.spanID = SpanID(random.next() | 1)
                }
            }
            spans.append(span)
        }
        return spans.shuffled(using: &random)
    }

    /// One span of a trace.
    public mutating func span(_ id: TraceID, around start: UInt64) -> Span {
        let begin = start &+ random.next() % 2_000_000_000
        let end = chance(20) ? begin &- 1000 : begin &+ random.next() % 500_000_000
        let service = "service-\(below(6))"
        var span = Span(
            traceID: id, spanID: SpanID(random.next() | 1), name: "operation-\(below(8))",
            kind: SpanKind.allCases[below(SpanKind.allCases.count)], start: begin, end: end,
            status: [SpanStatus.unset, .ok, .error][below(3)], attributes: attributes(),
            resource: Resource(
                attributes: [Attribute("service.name", service), Attribute("host.name", "host-\(below(3))")]
                    + (chance(4) ? attributes() : []),
                droppedAttributeCount: UInt32(below(2)), schemaURL: chance(3) ? "https://opentelemetry.io/schemas/1.30.0" : ""),
            scope: InstrumentationScope(
                name: "scope-\(below(3))", version: chance(2) ? "1.\(below(3))" : "", attributes: chance(6) ? attributes() : [],
                droppedAttributeCount: UInt32(below(2)), schemaURL: chance(9) ? "https://example.org/scope" : ""))
        if chance(3) { span.parentSpanID = SpanID(random.next()) }
        if chance(4) { span.traceState = "vendor=\(below(9))" }
        if chance(4) { span.statusMessage = "failed with \(below(99))" }
        span.flags = chance(2) ? 0x101 : 0
        if chance(9) { span.droppedAttributeCount = UInt32(below(9)) }
        if chance(9) { span.droppedEventCount = UInt32.max }
        if chance(9) { span.droppedLinkCount = UInt32(below(9)) }
        if chance(3) {
            span.events = (0..<below(4)).map { _ in
                SpanEvent(
                    time: chance(5) ? 0 : begin &+ random.next() % 1_000_000, name: ["exception", "message", ""][below(3)],
                    attributes: attributes(), droppedAttributeCount: UInt32(below(3)))
            }
        }
        if chance(5) {
            span.links = (0..<below(3)).map { _ in
                SpanLink(
                    traceID: TraceID(high: random.next(), low: random.next()), spanID: SpanID(random.next()),
                    traceState: chance(2) ? "a=b" : "", flags: UInt32(below(3)), attributes: attributes(),
                    droppedAttributeCount: UInt32(below(3)))
            }
        }
        return span
    }

    /// A number in `0..<limit`.
    public mutating func below(_ limit: Int) -> Int { Int(random.next() % UInt64(max(1, limit))) }

    /// True once in `times` calls.
    public mutating func chance(_ times: Int) -> Bool { below(times) == 0 }

    private mutating func attributes() -> [Attribute] { (0..<below(7)).map { _ in Attribute("key-\(below(12))", value(depth: 0)) } }

    private mutating func value(depth: Int) -> AttributeValue {
        switch below(depth < 3 ? 10 : 7) {
        case 0: .empty
        case 1, 2: .string(["", "GET", "SELECT * FROM t WHERE id = \(below(50))", "grüße \u{1F600}"][below(4)])
        case 3: .bool(chance(2))
        case 4: .int([0, -1, .max, .min, 200, 404][below(6)])
        case 5: .double([0, -0.5, 1e300, .infinity, 3.25, 200][below(6)])
        case 6: .bytes((0..<below(5)).map { _ in UInt8(below(256)) })
        case 7, 8: .array((0..<below(4)).map { _ in value(depth: depth + 1) })
        default: .map((0..<below(4)).map { _ in Attribute("inner-\(below(3))", value(depth: depth + 1)) })
        }
    }
}

extension SpanBatch {
    /// A batch of these spans.
    public init(_ spans: some Sequence<Span>) {
        self.init()
        for span in spans { append(span) }
    }
}
