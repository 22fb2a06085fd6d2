import ByteCoding
import TelemetryModel

/// Trace ids as Jaeger takes them: up to 32 hexadecimal digits, or 8 or 16 bytes in base64.
enum JaegerTraceID {
    /// Reads an id; `place` names the parameter in the refusal of anything else.
    static func read(_ text: String, where place: String) throws -> TraceID {
        if let id = TraceID(hex: text) ?? base64(text), !id.isZero { return id }
        throw APIError(
            .badRequest, code: "bad_trace_id",
            "malformed parameter \(place): '\(text.prefix(60))' is no trace id: it has 1 to 32 hexadecimal digits (or is 8 or 16 "
                + "bytes in base64) that are not all zero.", where: place)
    }

    private static func base64(_ text: String) -> TraceID? {
        guard text.utf8.count <= 24 else { return nil }
        var text = text
        guard let bytes = text.withUTF8({ Base64.decode(UnsafeRawBufferPointer($0)) }), [8, 16].contains(bytes.count) else {
            return nil
        }
        func number(_ part: ArraySlice<UInt8>) -> UInt64 { part.reduce(0) { $0 << 8 | UInt64($1) } }
        return TraceID(high: number(bytes.dropLast(8)), low: number(bytes.suffix(8)))
    }
}
