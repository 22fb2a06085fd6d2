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
        _ spans: WaitingSpans, resource: Resource, scope: InstrumentationScope, limits: SpanLimits
    ) -> SpanBatch {
        var builder = SpanBatchBuilder(limits: limits)
        let resourceIndex = builder.batch.appendResource(resource)
        let scopeIndex = builder.batch.appendScope(scope)
        var start = 0
        for span in spans.entries {
            let end = start + span.attributeCount
            builder.append(span, spans.attributes[start..<end], resource: resourceIndex, scope: scopeIndex)
            start = end
        }
        return builder.batch
    }

    private init(limits: SpanLimits) { self.limits = limits }

    private mutating func append(
        _ span: WaitingSpans.Entry, _ attributes: ArraySlice<WaitingSpans.NamedValue>, resource: UInt32, scope: UInt32
    ) {
        var row = SpanRow()
        row.resource = resource
        row.scope = scope
        row.traceID = span.own.traceID
        row.spanID = span.own.spanID
        row.flags = span.own.isSampled ? 1 : 0
        if !span.parentID.isZero {
            row.parentSpanID = span.parentID
            row.flags |= Self.knowsWhetherParentIsRemote | (span.parentIsRemote ? Self.parentIsRemote : 0)
        }
        row.traceState = batch.symbols.intern(span.own.traceState)
        row.start = span.start
        row.end = span.end
        row.name = batch.symbols.intern(cut(span.name))
        row.kind = TelemetryModel.SpanKind(span.kind)
        (row.attributes, row.droppedAttributeCount) = append(attributes.map { Attribute($0.key, value($0.value)) })
        if let details = span.details { append(details, to: &row) }
        batch.rows.append(row)
    }

    private mutating func append(_ details: SpanDetails, to row: inout SpanRow) {
        row.droppedAttributeCount &+= details.droppedAttributeCount
        if let status = details.status {
            row.status = status.code == .ok ? .ok : .error
            row.statusMessage = batch.symbols.intern(cut(status.message ?? ""))
        }
        row.events = append(details.events)
        row.droppedEventCount = details.droppedEventCount
        row.links = append(details.links)
        row.droppedLinkCount = details.droppedLinkCount
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
        var list: [Attribute] = []
        attributes.forEach { key, value in list.append(Attribute(key, self.value(value))) }
        return append(list)
    }

    private mutating func append(_ attributes: consuming [Attribute]) -> (RowRange, dropped: UInt32) {
        if attributes.isEmpty { return (.none, 0) }
        attributes.sort { $0.key < $1.key }
        let count = attributes.count
        let kept = attributes.prefix(limits.attributeCount)
        return (batch.appendAttributes(Array(kept)), UInt32(count - kept.count))
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
