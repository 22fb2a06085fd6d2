import Tracing
internal import TelemetryModel

/// Spans that have ended, one behind the other, so that writing and reading them goes straight through memory.
struct WaitingSpans: Sendable {
    /// One span, without its attributes.
    struct Entry: Sendable {
        var own: SpanContext
        /// Zero for a root.
        var parentID: SpanID
        var parentIsRemote: Bool
        var kind: Tracing.SpanKind
        /// Nanoseconds since 1970.
        var start: UInt64
        /// Nanoseconds since 1970.
        var end: UInt64
        var name: String
        /// How many of the attributes are its own; they stand behind those of the spans before.
        var attributeCount: Int
        var details: SpanDetails?
    }

    struct NamedValue: Sendable {
        var key: String
        var value: SpanAttribute
    }

    private(set) var entries: [Entry] = []
    private(set) var attributes: [NamedValue] = []
    /// About how much memory the spans take.
    private(set) var byteCount = 0

    var count: Int { entries.count }
    var isEmpty: Bool { entries.isEmpty }
    /// For how many attributes it has memory.
    var attributeCapacity: Int { attributes.capacity }

    /// Adds an attribute of the span that is added next.
    mutating func append(_ key: String, _ value: SpanAttribute) {
        byteCount += Self.byteCount(key, value)
        attributes.append(NamedValue(key: key, value: value))
    }

    /// Adds a span with the attributes that were added since the last one.
    mutating func append(_ entry: consuming Entry) {
        byteCount += MemoryLayout<Entry>.stride + entry.name.utf8.count + (entry.details?.byteCount ?? 0)
        entries.append(entry)
    }

    /// Adds a span that was recorded, with its attributes.
    mutating func append(_ record: SpanRecord) {
        let first = attributes.count
        let attributes = record.finalAttributes
        if !attributes.isEmpty { attributes.forEach { append($0, $1) } }
        append(
            Entry(
                own: record.own, parentID: record.parentID, parentIsRemote: record.parentIsRemote, kind: record.kind,
                start: record.start, end: record.end, name: record.name, attributeCount: self.attributes.count - first,
                details: record.finalDetails))
    }

    /// Takes the last span out again; `byteCount` is what they took before it.
    mutating func removeLast(byteCount: Int) {
        guard let last = entries.popLast() else { return }
        attributes.removeLast(last.attributeCount)
        self.byteCount = byteCount
    }

    /// Empties it and keeps its memory.
    mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
        attributes.removeAll(keepingCapacity: true)
        byteCount = 0
    }

    /// About how much memory an attribute takes.
    static func byteCount(_ key: String, _ value: SpanAttribute) -> Int {
        let own = MemoryLayout<NamedValue>.stride + key.utf8.count
        return switch value {
        case .string(let text): own + text.utf8.count
        case .stringArray(let texts): texts.reduce(own) { $0 + 16 + $1.utf8.count }
        case .int64Array(let numbers): own + 8 * numbers.count
        case .int32Array(let numbers): own + 4 * numbers.count
        case .doubleArray(let numbers): own + 8 * numbers.count
        case .boolArray(let flags): own + flags.count
        default: own
        }
    }
}
