import ByteCoding
import TelemetryModel

/// Reads what comes along with the samples of remote write 1.0: exemplars and metadata. They are rare, so they are read in a
/// second pass over their messages.
struct RemoteWriteSides {
    private var exemplars: ExemplarAppender

    init(limits: DecodeLimits) { exemplars = ExemplarAppender(limits: limits) }

    // MARK: - Exemplars

    /// Takes the exemplars (field 3) of a `TimeSeries` message whose fields have been read before.
    mutating func takeExemplars(ofSeries bytes: UnsafeRawBufferPointer, _ decoded: inout DecodedMetrics) {
        exemplars.beginSeries(&decoded)
        Self.forEach(1, in: bytes) { (label) throws(ByteCodingError) in try readLabel(label, &decoded) }
        exemplars.endSeries(&decoded)
        Self.forEach(3, in: bytes) { bytes in
            exemplars.begin(&decoded)
            do throws(ByteCodingError) {
                try readExemplar(bytes, &decoded)
            } catch {
                exemplars.refuse(error, &decoded)
            }
        }
    }

    /// Calls `body` with every message of a field; what it throws ends the calls.
    private static func forEach(
        _ number: UInt32, in bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws(ByteCodingError) -> Void
    ) {
        var fields = ProtobufReader(bytes)
        do throws(ByteCodingError) {
            while try fields.nextField() {
                if fields.fieldNumber == number { try body(try fields.bytes()) } else { try fields.skipValue() }
            }
        } catch {
            // The first pass has named it.
        }
    }

    private mutating func readExemplar(_ bytes: UnsafeRawBufferPointer, _ decoded: inout DecodedMetrics) throws(ByteCodingError) {
        var value = 0.0
        var timestamp: Int64 = 0
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            switch fields.fieldNumber {
            case 1: try readLabel(try fields.bytes(), &decoded)
            case 2: value = try fields.double()
            case 3: timestamp = Int64(bitPattern: try fields.varint())
            default: try fields.skipValue()
            }
        }
        exemplars.end(value: value, timestamp: timestamp, &decoded)
    }

    private mutating func readLabel(_ bytes: UnsafeRawBufferPointer, _ decoded: inout DecodedMetrics) throws(ByteCodingError) {
        var name = UnsafeRawBufferPointer(start: nil, count: 0)
        var value = UnsafeRawBufferPointer(start: nil, count: 0)
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            switch fields.fieldNumber {
            case 1: name = try fields.bytes()
            case 2: value = try fields.bytes()
            default: try fields.skipValue()
            }
        }
        exemplars.appendLabel(name, value, &decoded)
    }

    // MARK: - Metadata

    /// Takes a `MetricMetadata` message (field 3 of the request).
    func takeMetadata(_ bytes: UnsafeRawBufferPointer, _ decoded: inout DecodedMetrics) {
        var entry = MetricMetadata(metric: "", type: .unknown, help: "", unit: "")
        do throws(ByteCodingError) {
            var fields = ProtobufReader(bytes)
            while try fields.nextField() {
                switch fields.fieldNumber {
                case 1: entry.type = MetricType(rawValue: UInt8(clamping: try fields.varint())) ?? .unknown
                case 2: entry.metric = try fields.string()
                case 4: entry.help = try fields.string()
                case 5: entry.unit = try fields.string()
                default: try fields.skipValue()
                }
            }
            decoded.batch.metadata.append(entry)
        } catch {
            decoded.metadataRefusals.add(WireRefusalReason(error), "An entry of metadata: \(error.message).")
        }
    }
}
