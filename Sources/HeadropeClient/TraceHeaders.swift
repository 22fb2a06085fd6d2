internal import TelemetryModel

/// The header fields in which a span context travels: W3C Trace Context both ways, B3 (single and multiple fields) inwards.
enum TraceHeaders {
    static let parent = "traceparent"
    static let state = "tracestate"

    /// How long a trace state may be to be handed on (W3C asks for at least 512).
    static let stateLengthLimit = 512

    /// The value of `traceparent`: version 00.
    static func traceparent(_ context: SpanContext) -> String {
        "00-\(context.traceID)-\(context.spanID)-\(context.isSampled ? "01" : "00")"
    }

    /// What the caller sent, looked up by lower-case field names; nil when there is nothing usable.
    static func extract(_ field: (String) -> String?) -> SpanContext? {
        if let value = field(parent), var context = parseTraceparent(value) {
            if let state = field(state), state.utf8.count <= stateLengthLimit { context.traceState = state }
            return context
        }
        if let value = field("b3"), let context = parseB3(value) { return context }
        return parseB3(
            traceID: field("x-b3-traceid"), spanID: field("x-b3-spanid"), sampled: field("x-b3-sampled"),
            flags: field("x-b3-flags"))
    }

    /// `version-traceid-parentid-flags`, lower-case digits only; later versions may go on behind another dash.
    static func parseTraceparent(_ value: String) -> SpanContext? {
        let bytes = Array(value.utf8)
        guard bytes.count >= 55, bytes.count == 55 || bytes[55] == UInt8(ascii: "-") else { return nil }
        let dashes = [2, 35, 52]
        for (index, byte) in bytes.prefix(55).enumerated() {
            let fits = dashes.contains(index) ? byte == UInt8(ascii: "-") : isLowerHexadecimal(byte)
            guard fits else { return nil }
        }
        let version = String(decoding: bytes[0..<2], as: UTF8.self)
        guard version != "ff", version != "00" || bytes.count == 55 else { return nil }
        guard let trace = TraceID(hex: String(decoding: bytes[3..<35], as: UTF8.self)), !trace.isZero,
            let span = SpanID(hex: String(decoding: bytes[36..<52], as: UTF8.self)), !span.isZero,
            let flags = UInt8(String(decoding: bytes[53..<55], as: UTF8.self), radix: 16)
        else { return nil }
        return SpanContext(traceID: trace, spanID: span, isSampled: flags & 1 == 1, isRemote: true)
    }

    private static func isLowerHexadecimal(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    /// `traceid-spanid[-sampled[-parent]]`, or the sampling decision alone.
    static func parseB3(_ value: String) -> SpanContext? {
        let parts = value.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        return switch parts.count {
        case 1: parseB3(traceID: nil, spanID: nil, sampled: parts[0], flags: nil)
        case 2...4: parseB3(traceID: parts[0], spanID: parts[1], sampled: parts.count > 2 ? parts[2] : nil, flags: nil)
        default: nil
        }
    }

    /// The fields of B3. No decision means that it is left to us, which is to record.
    private static func parseB3(traceID: String?, spanID: String?, sampled: String?, flags: String?) -> SpanContext? {
        let decision: Bool? =
            switch (sampled, flags) {
            case (_, "1"), ("1", _), ("d", _), ("true", _): true
            case ("0", _), ("false", _): false
            default: nil
            }
        guard let traceID, let spanID else {
            guard traceID == nil, spanID == nil, let decision else { return nil }
            return SpanContext(traceID: TraceID(high: 0, low: 0), spanID: SpanID(0), isSampled: decision, isRemote: true)
        }
        guard traceID.utf8.count == 16 || traceID.utf8.count == 32, spanID.utf8.count == 16, let trace = TraceID(hex: traceID),
            let span = SpanID(hex: spanID), !trace.isZero, !span.isZero
        else { return nil }
        return SpanContext(traceID: trace, spanID: span, isSampled: decision ?? true, isRemote: true)
    }
}
