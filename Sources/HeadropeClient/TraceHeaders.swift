internal import TelemetryModel

/// The header fields in which a span context travels: W3C Trace Context (level 1 and 2) and B3, in one field or several.
enum TraceHeaders {
    static let parent = "traceparent"
    static let state = "tracestate"

    /// How long a trace state may be to be handed on (W3C asks for at least 512), and how many members it may have.
    static let stateLengthLimit = 512
    static let stateMemberLimit = 32

    // MARK: - Out

    /// The fields that say where a span is, in the order asked for.
    static func fields(
        _ context: SpanContext, _ propagation: [HeadropeTracer.Configuration.Propagation]
    ) -> [(name: String, value: String)] {
        var fields: [(name: String, value: String)] = []
        for kind in propagation {
            switch kind {
            case .traceContext where context.hasParent:
                fields.append((parent, traceparent(context)))
                if !context.traceState.isEmpty { fields.append((state, context.traceState)) }
            case .b3: fields.append(("b3", b3(context)))
            case .b3Multiple:
                if context.hasParent {
                    fields.append(("x-b3-traceid", context.traceID.description))
                    fields.append(("x-b3-spanid", context.spanID.description))
                }
                fields.append(("x-b3-sampled", context.isSampled ? "1" : "0"))
            case .traceContext: break
            }
        }
        return fields
    }

    /// The value of `traceparent`: version 00.
    static func traceparent(_ context: SpanContext) -> String {
        "00-\(context.traceID)-\(context.spanID)-\(context.isSampled ? "01" : "00")"
    }

    /// The value of `b3`; a decision alone where there is no span.
    static func b3(_ context: SpanContext) -> String {
        let decision = context.isSampled ? "1" : "0"
        return context.hasParent ? "\(context.traceID)-\(context.spanID)-\(decision)" : decision
    }

    // MARK: - In

    /// What the caller sent, looked up by lower-case field names; nil when there is nothing usable.
    static func extract(_ field: (String) -> String?) -> SpanContext? {
        if let value = field(parent), var context = parseTraceparent(value) {
            if let value = field(state), let state = parseState(value) { context.traceState = state }
            return context
        }
        if let value = field("b3"), let context = parseB3(value) { return context }
        return parseB3(
            traceID: field("x-b3-traceid"), spanID: field("x-b3-spanid"), sampled: field("x-b3-sampled"),
            flags: field("x-b3-flags"))
    }

    /// `version-traceid-parentid-flags`, lower-case digits only; later versions may go on behind another dash.
    static func parseTraceparent(_ value: String) -> SpanContext? {
        let bytes = Array(trimmed(value[...]).utf8)
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

    /// The members `key=value` of a trace state, joined anew; nil when one breaks the rules, as then all are to be ignored.
    static func parseState(_ value: String) -> String? {
        guard value.utf8.count <= 2 * stateLengthLimit else { return nil }
        var members: [Substring] = []
        var keys: Set<Substring> = []
        for part in value.split(separator: ",", omittingEmptySubsequences: true) {
            let member = trimmed(part)
            if member.isEmpty { continue }
            guard let equals = member.firstIndex(of: "=") else { return nil }
            let key = member[..<equals]
            guard isStateKey(key), isStateValue(member[member.index(after: equals)...]), keys.insert(key).inserted else {
                return nil
            }
            members.append(member)
        }
        let state = members.joined(separator: ",")
        return members.count <= stateMemberLimit && state.utf8.count <= stateLengthLimit ? state : nil
    }

    /// Up to 256 lower-case letters, digits and `_-*/`, beginning with a letter or a digit; one `@` may divide it.
    private static func isStateKey(_ key: Substring) -> Bool {
        guard let first = key.utf8.first, key.utf8.count <= 256 else { return false }
        func isLetterOrDigit(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        guard isLetterOrDigit(first), key.utf8.allSatisfy({ isLetterOrDigit($0) || "_-*/@".utf8.contains($0) }) else {
            return false
        }
        let parts = key.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 1 || (parts.count == 2 && parts[0].utf8.count <= 241 && (1...14).contains(parts[1].utf8.count))
    }

    /// 1 to 256 printable characters of ASCII without `,` and `=`.
    private static func isStateValue(_ value: Substring) -> Bool {
        (1...256).contains(value.utf8.count)
            && value.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "=") }
    }

    /// Without blanks and tabs around it.
    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while let first = text.utf8.first, first == 0x20 || first == 0x09 { text.removeFirst() }
        while let last = text.utf8.last, last == 0x20 || last == 0x09 { text.removeLast() }
        return text
    }

    private static func isLowerHexadecimal(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    // MARK: - B3 in

    /// `traceid-spanid[-sampled[-parent]]`, or the sampling decision alone.
    static func parseB3(_ value: String) -> SpanContext? {
        let parts = trimmed(value[...]).split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        return switch parts.count {
        case 1: parseB3(traceID: nil, spanID: nil, sampled: parts[0], flags: nil)
        case 2...4: parseB3(traceID: parts[0], spanID: parts[1], sampled: parts.count > 2 ? parts[2] : nil, flags: nil)
        default: nil
        }
    }

    /// The fields of B3. No decision means that it is left to us, which is to record.
    private static func parseB3(traceID: String?, spanID: String?, sampled: String?, flags: String?) -> SpanContext? {
        let decision: Bool? =
            switch (sampled?.lowercased(), flags) {
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
