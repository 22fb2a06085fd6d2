import Tracing
internal import TelemetryModel

/// How much one span may hold.
public struct SpanLimits: Sendable, Hashable {
    /// Attributes of the span itself, and of each event and link; further ones are dropped and counted.
    public var attributeCount: Int
    /// Bytes of UTF-8 of a text; longer ones are cut.
    public var textByteCount: Int
    /// Events; further ones are dropped and counted.
    public var eventCount: Int
    /// Links; further ones are dropped and counted.
    public var linkCount: Int

    /// Describes the limits; the defaults are OpenTelemetry's, with 16 KiB a text.
    public init(attributeCount: Int = 128, textByteCount: Int = 16 << 10, eventCount: Int = 128, linkCount: Int = 128) {
        self.attributeCount = attributeCount
        self.textByteCount = textByteCount
        self.eventCount = eventCount
        self.linkCount = linkCount
    }
}

/// What is written down while a span is open.
struct SpanRecording: Sendable {
    var name: String
    var attributes = SpanAttributes()
    var status: Tracing.SpanStatus?
    var events: [Tracing.SpanEvent] = []
    var links: [Tracing.SpanLink] = []
    var droppedAttributeCount: UInt32 = 0
    var droppedEventCount: UInt32 = 0
    var droppedLinkCount: UInt32 = 0
    var isEnded = false
    /// Nanoseconds since 1970.
    var end: UInt64 = 0
    /// About how much memory the span takes, once it has ended.
    var byteCount = 0

    /// About how much memory its texts and lists take.
    var contentByteCount: Int {
        var count = name.utf8.count + (attributes.isEmpty ? 0 : Self.byteCount(attributes))
        for event in events { count += 64 + event.name.utf8.count + Self.byteCount(event.attributes) }
        for link in links { count += 64 + Self.byteCount(link.attributes) }
        return count
    }

    private static func byteCount(_ attributes: SpanAttributes) -> Int {
        var count = 0
        attributes.forEach { key, value in
            count += 48 + key.utf8.count
            switch value {
            case .string(let text): count += text.utf8.count
            case .stringArray(let texts): count += texts.reduce(0) { $0 + 16 + $1.utf8.count }
            case .int64Array(let numbers): count += 8 * numbers.count
            case .int32Array(let numbers): count += 4 * numbers.count
            case .doubleArray(let numbers): count += 8 * numbers.count
            case .boolArray(let flags): count += flags.count
            default: break
            }
        }
        return count
    }
}
