import QueryLanguages

/// The bytes of one point of an answer: `[seconds,"value"]`. There are hundreds of thousands of them in a large answer.
enum PointText {
    /// Room for any point: seconds of at most 21 bytes, value, brackets, comma and quotes.
    static let capacity = 32 + PromQLNumber.textByteLimit

    /// Writes a point and tells how many bytes it has.
    static func write(_ milliseconds: Int64, _ value: Double, to room: UnsafeMutableBufferPointer<UInt8>) -> Int {
        room[0] = UInt8(ascii: "[")
        var count = 1 &+ seconds(milliseconds, to: UnsafeMutableBufferPointer(rebasing: room[1...]))
        room[count] = UInt8(ascii: ",")
        room[count &+ 1] = UInt8(ascii: "\"")
        count &+= 2
        count &+= PromQLNumber.write(value, to: UnsafeMutableBufferPointer(rebasing: room[count...]))
        room[count] = UInt8(ascii: "\"")
        room[count &+ 1] = UInt8(ascii: "]")
        return count &+ 2
    }

    /// Writes a time in seconds, with three decimals unless they are zeros, and tells how many bytes it has.
    static func seconds(_ milliseconds: Int64, to room: UnsafeMutableBufferPointer<UInt8>) -> Int {
        var count = 0
        if milliseconds < 0 {
            room[0] = UInt8(ascii: "-")
            count = 1
        }
        let (whole, fraction) = milliseconds.magnitude.quotientAndRemainder(dividingBy: 1_000)
        var digitCount = 1
        var power: UInt64 = 10
        // The magnitude is below 2^64 / 1000: the power cannot overflow.
        while whole >= power {
            digitCount &+= 1
            power *= 10
        }
        putDigits(whole, digitCount, at: count, room)
        count &+= digitCount
        if fraction == 0 { return count }
        room[count] = UInt8(ascii: ".")
        putDigits(fraction, 3, at: count &+ 1, room)
        return count &+ 4
    }

    private static func putDigits(_ number: UInt64, _ digitCount: Int, at place: Int, _ room: UnsafeMutableBufferPointer<UInt8>) {
        var rest = number
        for index in stride(from: place &+ digitCount &- 1, through: place, by: -1) {
            room[index] = 0x30 &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }
}
