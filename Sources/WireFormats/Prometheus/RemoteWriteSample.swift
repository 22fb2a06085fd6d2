import ByteCoding
import TelemetryModel

/// Reads the `Sample` message, which both versions of remote write share.
enum RemoteWriteSample {
    /// Reads a sample that is a double of field 1, left out when it is zero, and a varint of field 2 that is no negative number;
    /// nil for any other form.
    @inline(__always)
    static func readUsual(_ body: UnsafeRawBufferPointer, _ range: Range<Int>) -> Sample? {
        var position = range.lowerBound
        var value: UInt64 = 0
        if range.count > 10, body[position] == 0x09 {
            value = UInt64(littleEndian: body.loadUnaligned(fromByteOffset: position &+ 1, as: UInt64.self))
            position &+= 9
        }
        guard position < range.upperBound, body[position] == 0x10 else { return nil }
        position &+= 1
        var timestamp: UInt64 = 0
        var shift: UInt64 = 0
        while position < range.upperBound, shift < 63 {
            let byte = body[position]
            position &+= 1
            timestamp |= UInt64(truncatingIfNeeded: byte & 0x7F) &<< shift
            shift &+= 7
            if byte < 0x80 {
                if position != range.upperBound { return nil }
                return Sample(timestamp: Int64(bitPattern: timestamp), value: Double(bitPattern: value))
            }
        }
        return nil
    }

    /// Reads a sample with its fields in any order.
    static func read(_ bytes: UnsafeRawBufferPointer) throws(ByteCodingError) -> Sample {
        var sample = Sample(timestamp: 0, value: 0)
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            switch fields.fieldNumber {
            case 1: sample.value = try fields.double()
            case 2: sample.timestamp = Int64(bitPattern: try fields.varint())
            default: try fields.skipValue()
            }
        }
        return sample
    }
}
