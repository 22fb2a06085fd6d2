import ByteCoding
import TelemetryModel

/// Whether spans of two batches have the same content, compared without building them: numbers by bits, texts by bytes,
/// attributes in their order.
struct SpanEquality {
    private let a: SpanBatch
    private let b: SpanBatch

    init(_ a: SpanBatch, _ b: SpanBatch) {
        self.a = a
        self.b = b
    }

    /// Whether row `i` of the first batch and row `j` of the second are the same span.
    func equal(_ i: Int, _ j: Int) -> Bool {
        let x = a.rows[i]
        let y = b.rows[j]
        return x.traceID == y.traceID && x.spanID == y.spanID && x.side == y.side && x.parentSpanID == y.parentSpanID
            && x.start == y.start && x.end == y.end && x.kind == y.kind && x.status == y.status && x.flags == y.flags
            && x.droppedAttributeCount == y.droppedAttributeCount && x.droppedEventCount == y.droppedEventCount
            && x.droppedLinkCount == y.droppedLinkCount && text(x.name, y.name) && text(x.statusMessage, y.statusMessage)
            && text(x.traceState, y.traceState) && attributes(x.attributes, y.attributes) && events(x.events, y.events)
            && links(x.links, y.links) && resources(x.resource, y.resource) && scopes(x.scope, y.scope)
    }

    private func text(_ x: UInt32, _ y: UInt32) -> Bool {
        a.symbols.withBytes(x) { one in b.symbols.withBytes(y) { RawBytes.equal(one, $0) } }
    }

    private func attributes(_ x: RowRange, _ y: RowRange) -> Bool {
        x.count == y.count && zip(x.indices, y.indices).allSatisfy { attribute(a.attributes[$0], b.attributes[$1]) }
    }

    private func attribute(_ x: AttributeRow, _ y: AttributeRow) -> Bool {
        guard x.type == y.type, text(x.key, y.key) else { return false }
        switch x.type {
        case .empty: return true
        case .bool, .int, .double: return x.payload == y.payload
        case .string, .bytes, .composite: return text(UInt32(x.payload), UInt32(y.payload))
        }
    }

    private func events(_ x: RowRange, _ y: RowRange) -> Bool {
        x.count == y.count
            && zip(x.indices, y.indices).allSatisfy {
                let one = a.events[$0]
                let other = b.events[$1]
                return one.time == other.time && one.droppedAttributeCount == other.droppedAttributeCount
                    && text(one.name, other.name)
                    && attributes(one.attributes, other.attributes)
            }
    }

    private func links(_ x: RowRange, _ y: RowRange) -> Bool {
        x.count == y.count
            && zip(x.indices, y.indices).allSatisfy {
                let one = a.links[$0]
                let other = b.links[$1]
                return one.traceID == other.traceID && one.spanID == other.spanID && one.flags == other.flags
                    && one.droppedAttributeCount == other.droppedAttributeCount && text(one.traceState, other.traceState)
                    && attributes(one.attributes, other.attributes)
            }
    }

    private func resources(_ i: UInt32, _ j: UInt32) -> Bool {
        let x = a.resources[Int(i)]
        let y = b.resources[Int(j)]
        return x.droppedAttributeCount == y.droppedAttributeCount && text(x.schemaURL, y.schemaURL)
            && attributes(x.attributes, y.attributes)
    }

    private func scopes(_ i: UInt32, _ j: UInt32) -> Bool {
        let x = a.scopes[Int(i)]
        let y = b.scopes[Int(j)]
        return x.droppedAttributeCount == y.droppedAttributeCount && text(x.name, y.name) && text(x.version, y.version)
            && text(x.schemaURL, y.schemaURL) && attributes(x.attributes, y.attributes)
    }
}
