import ByteCoding
import TelemetryModel

/// Ids are the larger part of what answers with spans print; as texts of their own each would be allocated.
extension JSONWriter {
    /// Writes 32 hexadecimal digits as a string.
    mutating func identifier(_ id: TraceID) {
        raw(capacity: 34) { room in
            Self.write(id.high, to: room, at: 1)
            Self.write(id.low, to: room, at: 17)
            return Self.quote(room, 34)
        }
    }

    /// Writes 16 digits as a string when the upper half is zero, else 32.
    mutating func shortestIdentifier(_ id: TraceID) {
        if id.isShort { identifier(SpanID(id.low)) } else { identifier(id) }
    }

    /// Writes 16 hexadecimal digits as a string.
    mutating func identifier(_ id: SpanID) {
        raw(capacity: 18) { room in
            Self.write(id.value, to: room, at: 1)
            return Self.quote(room, 18)
        }
    }

    /// Writes a number as a string of its decimal digits, as protobuf's JSON does with those of 64 bits.
    mutating func quotedInteger(_ number: UInt64) {
        raw(capacity: 22) { room in
            let start = Self.digits(of: number, before: 21, in: room)
            room[start - 1] = UInt8(ascii: "\"")
            room[21] = UInt8(ascii: "\"")
            // The digits were written from the end of the room and move to its beginning.
            for index in start - 1...21 { room[index - start + 1] = room[index] }
            return 23 - start
        }
    }

    /// Writes the decimal digits so that they end before an index; gives the index of the first.
    private static func digits(of number: UInt64, before end: Int, in room: UnsafeMutableBufferPointer<UInt8>) -> Int {
        var rest = number
        var index = end
        repeat {
            index -= 1
            room[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        return index
    }

    private static func quote(_ room: UnsafeMutableBufferPointer<UInt8>, _ count: Int) -> Int {
        room[0] = UInt8(ascii: "\"")
        room[count - 1] = UInt8(ascii: "\"")
        return count
    }

    private static func write(_ value: UInt64, to room: UnsafeMutableBufferPointer<UInt8>, at start: Int) {
        for place in 0..<16 {
            let nibble = UInt8(truncatingIfNeeded: value >> UInt64(60 - 4 * place)) & 15
            room[start + place] = nibble < 10 ? 0x30 + nibble : 0x61 + nibble - 10
        }
    }
}
