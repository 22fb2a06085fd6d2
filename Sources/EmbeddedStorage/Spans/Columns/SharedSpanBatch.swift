import TelemetryModel

/// A batch that several owners read: handing it on costs one reference instead of one for each of its columns.
final class SharedSpanBatch: Sendable {
    /// The spans.
    let spans: SpanBatch
    /// About how much memory they take.
    let byteCount: Int

    /// Shares a batch.
    init(_ spans: SpanBatch) {
        self.spans = spans
        byteCount = spans.memoryByteCount
    }

    /// Nothing.
    static let empty = SharedSpanBatch(SpanBatch())
}

extension SpanBatch {
    /// About how much memory the batch takes.
    var memoryByteCount: Int {
        rows.count * MemoryLayout<SpanRow>.stride + attributes.count * MemoryLayout<AttributeRow>.stride
            + events.count * MemoryLayout<EventRow>.stride + links.count * MemoryLayout<LinkRow>.stride
            + resources.count * MemoryLayout<ResourceRow>.stride + scopes.count * MemoryLayout<ScopeRow>.stride
            + symbols.byteCount + symbols.count * 20
    }
}
