import ByteCoding
import TelemetryModel

/// Reads OTLP's exemplars into Prometheus's form: labels `trace_id` and `span_id` in hexadecimal, and the attributes that
/// were left out of the point's labels, under their own keys, unless there are too many characters.
enum OTLPExemplarReader {
    /// An exemplar; one without a time has `fallback` (nanoseconds). Throws when it has no value or cannot be read.
    static func read(_ bytes: UnsafeRawBufferPointer, fallback: UInt64) throws(ByteCodingError) -> Exemplar {
        var value: Double?
        var time: UInt64 = 0
        var ids: [Label] = []
        var attributes: [Label] = []
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            switch fields.fieldNumber {
            case 2: time = try fields.fixed64()
            case 3: value = try fields.double()
            case 4:
                let id = OTLPIdentifiers.spanID(try fields.bytes())
                if !id.isZero { ids.append(Label("span_id", id.description)) }
            case 5:
                let id = OTLPIdentifiers.traceID(try fields.bytes())
                if !id.isZero { ids.append(Label("trace_id", id.description)) }
            case 6: value = Double(Int64(bitPattern: try fields.fixed64()))
            case 7:
                let pair = try AttributeValueCoding.decodePair(try fields.bytes())
                if !pair.key.isEmpty { attributes.append(Label(pair.key, pair.value.text)) }
            default: try fields.skipValue()
            }
        }
        guard let value else { throw ByteCodingError(.malformed, "it has no value") }
        // Labels of one name: the last one counts, so the ids stand behind.
        let all = attributes + ids
        let labels = characterCount(all) <= Exemplar.labelCharacterLimit ? all : ids
        let milliseconds = Int64((time == 0 ? fallback : time) / 1_000_000)
        return Exemplar(labels: Labels(labels), value: value, timestamp: milliseconds)
    }

    private static func characterCount(_ labels: [Label]) -> Int {
        labels.reduce(0) { $0 + $1.name.unicodeScalars.count + $1.value.unicodeScalars.count }
    }
}
