import Platform
import TelemetryModel

/// Spans made from a seed, with every field and every type of attribute among them.
struct SpanSamples {
    var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    mutating func text() -> String {
        let parts = ["GET /cart", "ünïcode", "", "SELECT 1", "日本語", "\u{1F600}", "a\"b\\c\n"]
        return parts[Int.random(in: 0..<parts.count, using: &random)]
    }

    mutating func value(depth: Int = 0) -> AttributeValue {
        switch Int.random(in: 0..<(depth < 3 ? 8 : 6), using: &random) {
        case 0: .empty
        case 1: .string(text())
        case 2: .bool(Bool.random(using: &random))
        case 3: .int(Int64.random(in: .min ... .max, using: &random))
        case 4: .double([0, -0.0, 1.5, .infinity, 1e300][Int.random(in: 0..<5, using: &random)])
        case 5: .bytes([0, 255, 128, UInt8.random(in: 0...255, using: &random)])
        case 6: .array((0..<Int.random(in: 0..<4, using: &random)).map { _ in value(depth: depth + 1) })
        default: .map(attributes(depth: depth + 1))
        }
    }

    mutating func attributes(depth: Int = 0) -> [Attribute] {
        (0..<Int.random(in: 0..<5, using: &random)).map { Attribute("key.\($0)", value(depth: depth)) }
    }

    mutating func id() -> UInt64 { UInt64.random(in: 1 ... .max, using: &random) }

    mutating func span() -> Span {
        var span = Span(
            traceID: TraceID(high: id(), low: id()), spanID: SpanID(id()),
            parentSpanID: SpanID(Bool.random(using: &random) ? 0 : id()), name: text(),
            kind: SpanKind.allCases[Int.random(in: 0..<6, using: &random)], start: id(), end: id(),
            status: [.unset, .ok, .error][Int.random(in: 0..<3, using: &random)], attributes: attributes(),
            resource: Resource(
                attributes: [Attribute("service.name", "shop-\(Int.random(in: 0..<3, using: &random))")], schemaURL: text()),
            scope: InstrumentationScope(
                name: text(), version: "1.\(Int.random(in: 0..<2, using: &random))", attributes: attributes()))
        span.statusMessage = text()
        span.traceState = "a=1"
        span.flags = UInt32.random(in: 0...3, using: &random)
        span.droppedAttributeCount = UInt32.random(in: 0...2, using: &random)
        span.droppedEventCount = UInt32.random(in: 0...2, using: &random)
        span.droppedLinkCount = UInt32.random(in: 0...2, using: &random)
        span.events = (0..<Int.random(in: 0..<3, using: &random)).map { _ in
            SpanEvent(time: id(), name: text(), attributes: attributes(), droppedAttributeCount: 1)
        }
        span.links = (0..<Int.random(in: 0..<3, using: &random)).map { _ in
            SpanLink(
                traceID: TraceID(high: 0, low: id()), spanID: SpanID(id()), traceState: text(), flags: 1, attributes: attributes())
        }
        return span
    }

    mutating func batch(_ count: Int) -> SpanBatch {
        var batch = SpanBatch()
        for _ in 0..<count { batch.append(span()) }
        return batch
    }
}

/// Changes bytes at random: flips, cuts, repeats and inserts.
struct Mutator {
    var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            guard !bytes.isEmpty else { return bytes }
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2: bytes.removeLast(bytes.count - place)
            case 3: bytes.insert(contentsOf: bytes[place..<min(place + 16, bytes.count)], at: place)
            default: bytes.insert(0xFF, at: place)
            }
        }
        return bytes
    }
}
