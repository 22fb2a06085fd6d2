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

/// What few spans have besides a name and attributes. Its span's lock guards it; once the span has ended it is only read.
final class SpanDetails: @unchecked Sendable {
    /// The name, where it was changed.
    var name: String?
    /// Attributes that were set while another thread was changing attributes.
    var lateAttributes = SpanAttributes()
    var status: Tracing.SpanStatus?
    var events: [Tracing.SpanEvent] = []
    var links: [Tracing.SpanLink] = []
    var droppedAttributeCount: UInt32 = 0
    var droppedEventCount: UInt32 = 0
    var droppedLinkCount: UInt32 = 0

    /// About how much memory its texts and lists take.
    var byteCount: Int {
        var count = 128 + (name?.utf8.count ?? 0) + (status?.message?.utf8.count ?? 0)
        for event in events { count += 64 + event.name.utf8.count + Self.byteCount(event.attributes) }
        for link in links { count += 64 + Self.byteCount(link.attributes) }
        return count
    }

    private static func byteCount(_ attributes: SpanAttributes) -> Int {
        var count = 0
        attributes.forEach { key, value in count += WaitingSpans.byteCount(key, value) }
        return count
    }
}
