import Tracing
internal import TelemetryModel

/// Ended spans as one ``SpanBatch``. Attributes are put in the order of their keys, as the tracing API keeps none.
struct SpanBatchBuilder {
    private var batch = SpanBatch()
    private let limits: SpanLimits

    /// Bits of OTLP's span flags: the parent's process is known; it is another one.
    private static let knowsWhetherParentIsRemote: UInt32 = 0x100
    private static let parentIsRemote: UInt32 = 0x200

    static func batch(
        _ spans: [SpanRecord], resource: Resource, scope: InstrumentationScope, limits: SpanLimits
    ) -> SpanBatch {
        var builder = SpanBatchBuilder(limits: limits)
        let resourceIndex = builder.batch.appendResource(resource)
        let scopeIndex = builder.batch.appendScope(scope)
        for span in spans { builder.append(span, resource: resourceIndex, scope: scopeIndex) }
        return builder.batch
    }

    private init(limits: SpanLimits) { self.limits = limits }

    private mutating func append(_ span: SpanRecord, resource: UInt32, scope: UInt32) {
        let recording = span.recording.withLock { $0 }
        var row = SpanRow()
        row.resource = resource
        row.scope = scope
        row.traceID = span.own.traceID
        row.spanID = span.own.spanID
        row.flags = span.own.isSampled ? 1 : 0
        if let parent = span.parent {
            row.parentSpanID = parent.spanID
            row.flags |= Self.knowsWhetherParentIsRemote | (parent.isRemote ? Self.parentIsRemote : 0)
        }
        row.traceState = batch.symbols.intern(span.own.traceState)
        row.start = span.start
        row.end = recording.end
        row.name = batch.symbols.intern(cut(recording.name))
        row.kind = TelemetryModel.SpanKind(span.kind)
        (row.attributes, row.droppedAttributeCount) = append(recording.attributes)
        row.droppedAttributeCount &+= recording.droppedAttributeCount
        if let status = recording.status {
            row.status = status.code == .ok ? .ok : .error
            row.statusMessage = batch.symbols.intern(cut(status.message ?? ""))
        }
        row.events = append(recording.events)
        row.droppedEventCount = recording.droppedEventCount
        row.links = append(recording.links)
        row.droppedLinkCount = recording.droppedLinkCount
        batch.rows.append(row)
    }

    private mutating func append(_ events: [Tracing.SpanEvent]) -> RowRange {
        let start = batch.events.count
        for event in events {
            let (attributes, dropped) = append(event.attributes)
            batch.events.append(
                EventRow(
                    time: event.nanosecondsSinceEpoch, name: batch.symbols.intern(cut(event.name)), attributes: attributes,
                    droppedAttributeCount: dropped))
        }
        return RowRange(start: UInt32(start), count: UInt32(batch.events.count - start))
    }

    /// Links without a span of ours in their context point nowhere and are left out.
    private mutating func append(_ links: [Tracing.SpanLink]) -> RowRange {
        let start = batch.links.count
        for link in links {
            guard let target = link.context.span, target.hasParent else { continue }
            let (attributes, dropped) = append(link.attributes)
            batch.links.append(
                LinkRow(
                    traceID: target.traceID, spanID: target.spanID, traceState: batch.symbols.intern(target.traceState),
                    flags: target.isSampled ? 1 : 0, attributes: attributes, droppedAttributeCount: dropped))
        }
        return RowRange(start: UInt32(start), count: UInt32(batch.links.count - start))
    }

    private mutating func append(_ attributes: SpanAttributes) -> (RowRange, dropped: UInt32) {
        if attributes.isEmpty { return (.none, 0) }
        var list: [Attribute] = []
        list.reserveCapacity(attributes.count)
        attributes.forEach { key, value in list.append(Attribute(key, self.value(value))) }
        list.sort { $0.key < $1.key }
        let kept = list.prefix(limits.attributeCount)
        return (batch.appendAttributes(Array(kept)), UInt32(list.count - kept.count))
    }

    private func value(_ value: SpanAttribute) -> AttributeValue {
        switch value {
        case .int32(let number): .int(Int64(number))
        case .int64(let number): .int(number)
        case .double(let number): .double(number)
        case .bool(let flag): .bool(flag)
        case .string(let text): .string(cut(text))
        case .stringConvertible(let value): .string(cut("\(value)"))
        case .int32Array(let numbers): .array(numbers.map { .int(Int64($0)) })
        case .int64Array(let numbers): .array(numbers.map { .int($0) })
        case .doubleArray(let numbers): .array(numbers.map { .double($0) })
        case .boolArray(let flags): .array(flags.map { .bool($0) })
        case .stringArray(let texts): .array(texts.map { .string(cut($0)) })
        case .stringConvertibleArray(let values): .array(values.map { .string(cut("\($0)")) })
        default: .empty
        }
    }

    /// The text, cut to the limit without splitting a character.
    private func cut(_ text: String) -> String {
        guard text.utf8.count > limits.textByteCount else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: limits.textByteCount)
        while end > text.startIndex, end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return String(text[..<end])
    }
}

extension TelemetryModel.SpanKind {
    fileprivate init(_ kind: Tracing.SpanKind) {
        self =
            switch kind {
            case .server: .server
            case .client: .client
            case .producer: .producer
            case .consumer: .consumer
            case .internal: .internal
            }
    }
}
