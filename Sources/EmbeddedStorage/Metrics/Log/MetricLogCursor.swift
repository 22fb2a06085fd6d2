import ByteCoding

/// Where the coding of a series' values stands in a segment of the log.
struct MetricLogCursor {
    /// The last value.
    private(set) var value: Double = 0
    /// The integer it is under the exponent.
    private var integer: Int64 = 0
    /// Eight times the mean of the last differences of integers.
    private var mean: Int64 = 0
    /// The exponent, or ``MetricLogFormat/xor``.
    private var coding: UInt8 = 0
    /// Above 0 when the mean has lately been nearer to the difference than nothing, as with counters.
    private var trust: Int8 = 0

    /// No coded value has more bytes: two for a change, one for the control, ten for a varint.
    static let byteLimit = 13
    /// A difference of more bits makes it worth looking for a smaller exponent.
    private static let wideDifference: UInt64 = 1 << 28

    // MARK: - Writing

    /// Writes a value that is not the last one again, and moves the target on.
    @inline(__always)
    mutating func write(_ new: Double, _ powers: UnsafePointer<Double>, _ target: inout UnsafeMutablePointer<UInt8>) {
        if coding != MetricLogFormat.xor, let next = Self.integer(new, coding, powers) {
            let code = self.code(of: next)
            if code < Self.wideDifference || coding == 0 {
                Self.writeVarint(code, &target)
                step(to: next)
                value = new
                return
            }
        }
        writeSlowly(new, powers, &target)
    }

    @inline(never)
    private mutating func writeSlowly(_ new: Double, _ powers: UnsafePointer<Double>, _ target: inout UnsafeMutablePointer<UInt8>) {
        let best = MetricLogFormat.exponents.first { Self.integer(new, $0, powers) != nil } ?? MetricLogFormat.xor
        if best != coding {
            target.pointee = coding == MetricLogFormat.xor ? MetricLogFormat.changeFromXOR : MetricLogFormat.change
            target[1] = best
            target += 2
            change(to: best, powers)
        }
        if let next = best == MetricLogFormat.xor ? nil : Self.integer(new, best, powers) {
            Self.writeVarint(code(of: next), &target)
            step(to: next)
        } else {
            writeXOR(new.bitPattern ^ value.bitPattern, &target)
        }
        value = new
    }

    /// Goes on in another way of coding; the last value counts as 0 where it has no integer.
    private mutating func change(to new: UInt8, _ powers: UnsafePointer<Double>) {
        coding = new
        mean = 0
        trust = 0
        if new != MetricLogFormat.xor { integer = Self.integer(value, new, powers) ?? 0 }
    }

    /// The difference from what is expected; never ``MetricLogFormat/change``.
    @inline(__always)
    private func code(of next: Int64) -> UInt64 { Self.zigzag(next &- integer &- expected) &+ 1 }

    /// The difference that is expected.
    @inline(__always)
    private var expected: Int64 { trust > 0 ? mean &>> MetricLogFormat.meanBitCount : 0 }

    /// Goes on from another integer.
    @inline(__always)
    private mutating func step(to next: Int64) {
        let difference = next &- integer
        let error = difference &- (mean &>> MetricLogFormat.meanBitCount)
        trust =
            error.magnitude < difference.magnitude
            ? min(trust &+ 1, MetricLogFormat.trustRange.upperBound) : max(trust &- 1, MetricLogFormat.trustRange.lowerBound)
        mean &+= error
        integer = next
    }

    private func writeXOR(_ difference: UInt64, _ target: inout UnsafeMutablePointer<UInt8>) {
        let low = min(difference.trailingZeroBitCount / 8, 7)
        let high = min(difference.leadingZeroBitCount / 8, 7 - low)
        target.pointee = UInt8(high << 3 | low)
        target += 1
        for index in low..<(8 - high) {
            target.pointee = UInt8(truncatingIfNeeded: difference &>> UInt64(8 * index))
            target += 1
        }
    }

    // MARK: - Reading

    /// Reads the next value, which is not the last one again.
    mutating func read(_ reader: inout ByteReader, _ powers: UnsafePointer<Double>) throws(ByteCodingError) -> Double {
        let start = reader.position
        let mark = coding == MetricLogFormat.xor ? MetricLogFormat.changeFromXOR : MetricLogFormat.change
        if try reader.readByte() == mark { try readChange(&reader, powers) } else { reader.position = start }
        if coding == MetricLogFormat.xor { return try readXOR(&reader) }
        let code = try reader.readVarint() &- 1
        step(to: integer &+ expected &+ (Int64(bitPattern: code &>> 1) ^ -Int64(bitPattern: code & 1)))
        value = coding == 0 ? Double(integer) : Double(integer) / powers[Int(coding)]
        return value
    }

    private mutating func readChange(_ reader: inout ByteReader, _ powers: UnsafePointer<Double>) throws(ByteCodingError) {
        let new = try reader.readByte()
        guard new == MetricLogFormat.xor || MetricLogFormat.exponents.contains(new) else {
            throw .malformed(at: reader.position - 1, "an unknown way of coding values")
        }
        change(to: new, powers)
    }

    private mutating func readXOR(_ reader: inout ByteReader) throws(ByteCodingError) -> Double {
        let start = reader.position
        let control = try reader.readByte()
        let low = Int(control & 7)
        let high = Int(control >> 3)
        guard low + high < 8 else { throw .malformed(at: start, "an unknown control byte") }
        var difference: UInt64 = 0
        for index in low..<(8 - high) { difference |= UInt64(try reader.readByte()) << UInt64(8 * index) }
        value = Double(bitPattern: value.bitPattern ^ difference)
        return value
    }

    // MARK: - Integers

    /// The integer that is this value when divided by a power of ten, bit for bit; nil when there is none.
    @inline(__always)
    private static func integer(_ value: Double, _ exponent: UInt8, _ powers: UnsafePointer<Double>) -> Int64? {
        if exponent == 0 {
            // The range comes first, because converting beyond it traps; NaN fails it too.
            guard abs(value) < Decimal.integerLimit else { return nil }
            let integer = Int64(value)
            return Double(integer).bitPattern == value.bitPattern ? integer : nil
        }
        return Decimal.integer(value, power: powers[Int(exponent)])
    }

    @inline(__always)
    private static func zigzag(_ value: Int64) -> UInt64 { UInt64(bitPattern: (value &<< 1) ^ (value &>> 63)) }

    @inline(__always)
    static func writeVarint(_ value: UInt64, _ target: inout UnsafeMutablePointer<UInt8>) {
        var rest = value
        while rest >= 0x80 {
            target.pointee = UInt8(truncatingIfNeeded: rest) | 0x80
            target += 1
            rest &>>= 7
        }
        target.pointee = UInt8(truncatingIfNeeded: rest)
        target += 1
    }

    @inline(__always)
    static func writeSignedVarint(_ value: Int64, _ target: inout UnsafeMutablePointer<UInt8>) {
        writeVarint(zigzag(value), &target)
    }
}
