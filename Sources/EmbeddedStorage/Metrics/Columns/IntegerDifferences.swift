import ByteCoding

/// Integers as differences without their common divisor, in whichever order of difference takes the least space.
///
/// Header: the first integer (zigzag varint); unless it is the only one, the divisor as a power of two (byte) and an odd factor
/// (varint); for differences of differences the first difference (zigzag varint, divided); packed integers.
struct IntegerDifferences {
    private let integers: UnsafeMutableBufferPointer<Int64>
    private let first: Int64
    private var shift: Int = 0
    private var factor: Int64 = 1

    /// Divides `integers`, less the first of them, by what divides all differences.
    init(_ integers: UnsafeMutableBufferPointer<Int64>, _ scale: ValueScale) {
        self.integers = integers
        first = integers[0]
        var allBits: UInt64 = 0
        for index in integers.indices.dropFirst() { allBits |= UInt64(bitPattern: integers[index] &- first) }
        if allBits == 0 {
            integers.update(repeating: 0)
            return
        }
        shift = allBits.trailingZeroBitCount
        // Differences of bit patterns may wrap, which only powers of two survive.
        if scale != .bits { factor = oddFactor() }
        let divisor = factor
        let shift = Int64(shift)
        for index in integers.indices {
            let difference = (integers[index] &- first) &>> shift
            integers[index] = divisor == 1 ? difference : difference / divisor
        }
    }

    private func oddFactor() -> Int64 {
        var factor: UInt64 = 0
        for index in integers.indices.dropFirst() {
            let difference = (integers[index] &- integers[index &- 1]).magnitude
            if factor == 0 || difference % factor != 0 { factor = Self.commonDivisor(factor, difference) }
            if factor & (factor &- 1) == 0, factor != 0 { return 1 }
        }
        return Int64(factor >> UInt64(factor.trailingZeroBitCount))
    }

    private static func commonDivisor(_ a: UInt64, _ b: UInt64) -> UInt64 {
        var (a, b) = (a, b)
        while b != 0 { (a, b) = (b, a % b) }
        return a
    }

    /// The order that packs best, judged by the bits that the differences have around their mean.
    func choose() -> ValueColumn.Order {
        let count = integers.count
        guard count > 1, let low = integers.min(), let high = integers.max() else { return .constant }
        if count < 3 { return .delta }
        let middle = low &+ (high &- low) &>> 1
        let step = (integers[count &- 1] &- integers[0]) / Int64(count &- 1)
        var plain = 0
        var delta = 0
        var second = 0
        var lastDifference = integers[1] &- integers[0]
        for index in 1..<count {
            let difference = integers[index] &- integers[index &- 1]
            plain &+= Self.bitCount(integers[index] &- middle)
            delta &+= Self.bitCount(difference &- step)
            second &+= Self.bitCount(difference &- lastDifference)
            lastDifference = difference
        }
        if plain <= delta, plain <= second { return .plain }
        // Differences of differences take longer to read.
        return second &+ count / 8 < delta ? .deltaOfDelta : .delta
    }

    @inline(__always)
    private static func bitCount(_ value: Int64) -> Int { 64 &- ((value &<< 1) ^ (value &>> 63)).leadingZeroBitCount }

    /// Writes the integers; they are gone then.
    mutating func write(_ order: ValueColumn.Order, _ header: inout ByteWriter, _ data: inout ByteWriter) {
        header.writeSignedVarint(first)
        if order == .constant { return }
        header.writeByte(UInt8(shift))
        header.writeVarint(UInt64(factor))
        if order != .plain { differentiate(from: 1) }
        var start = 1
        if order == .deltaOfDelta {
            header.writeSignedVarint(integers[1])
            differentiate(from: 2)
            start = 2
        }
        PackedIntegers.encode(UnsafeBufferPointer(rebasing: integers[start...]), header: &header, data: &data)
    }

    private func differentiate(from start: Int) {
        for index in (start..<integers.count).reversed() { integers[index] = integers[index] &- integers[index &- 1] }
    }

    // MARK: - Decoding

    /// Moves past the header of `count` integers; returns how many bytes of data they have.
    static func skip(_ order: ValueColumn.Order, _ header: inout ByteReader, count: Int) throws(ByteCodingError) -> Int {
        _ = try header.readSignedVarint()
        if order == .constant { return 0 }
        _ = try readDivisor(&header)
        if order == .deltaOfDelta { _ = try header.readSignedVarint() }
        return try PackedIntegers.skip(&header, count: count &- (order == .deltaOfDelta ? 2 : 1))
    }

    /// Fills `integers`, of which there is at least one.
    static func read(
        _ order: ValueColumn.Order, _ header: inout ByteReader, _ data: inout ByteReader,
        into integers: UnsafeMutableBufferPointer<Int64>
    ) throws(ByteCodingError) {
        let first = try header.readSignedVarint()
        integers[0] = first
        if order == .constant { return }
        let divisor = try readDivisor(&header)
        integers[0] = 0
        var start = 1
        if order == .deltaOfDelta {
            let difference = try header.readSignedVarint()
            if integers.count < 2 { throw .malformed(at: header.position, "differences of a single value") }
            integers[1] = difference
            start = 2
        }
        let packed = UnsafeMutableBufferPointer(rebasing: integers[start...])
        try PackedIntegers.decode(header: &header, data: &data, into: packed)
        // Wrapping throughout: only damaged bytes that passed their checksum could overflow where bit patterns do not.
        if order == .deltaOfDelta { accumulate(integers, from: 2) }
        if order == .plain {
            for index in integers.indices { integers[index] = first &+ integers[index] &* divisor }
        } else {
            var last = first
            for index in integers.indices {
                last = last &+ integers[index] &* divisor
                integers[index] = last
            }
        }
    }

    /// One of `count` integers, without making the others. Reads no further than is needed.
    static func value(
        at place: Int, of count: Int, _ order: ValueColumn.Order, _ header: inout ByteReader, _ data: inout ByteReader
    ) throws(ByteCodingError) -> Int64 {
        let first = try header.readSignedVarint()
        if order == .constant || place == 0 { return first }
        let divisor = try readDivisor(&header)
        var sum: Int64 = 0
        switch order {
        case .constant: break
        case .plain:
            try PackedIntegers.forEachRun(header: &header, data: &data, count: count &- 1, in: (place &- 1)..<place) {
                sum = $1[0]
            }
        case .delta:
            try PackedIntegers.forEachRun(header: &header, data: &data, count: count &- 1, in: 0..<place) {
                for difference in $1 { sum = sum &+ difference }
            }
        case .deltaOfDelta:
            // Each change of the difference counts in every difference from there on.
            sum = Int64(place) &* (try header.readSignedVarint())
            try PackedIntegers.forEachRun(header: &header, data: &data, count: count &- 2, in: 0..<(place &- 1)) { start, changes in
                var weight = Int64(place &- 1 &- start)
                for change in changes {
                    sum = sum &+ weight &* change
                    weight = weight &- 1
                }
            }
        }
        return first &+ sum &* divisor
    }

    private static func accumulate(_ integers: UnsafeMutableBufferPointer<Int64>, from start: Int) {
        for index in start..<max(start, integers.count) { integers[index] = integers[index] &+ integers[index &- 1] }
    }

    private static func readDivisor(_ header: inout ByteReader) throws(ByteCodingError) -> Int64 {
        let shift = try header.readByte()
        if shift > 63 { throw .malformed(at: header.position, "an impossible divisor") }
        return Int64(bitPattern: try header.readVarint()) &<< Int64(shift)
    }
}
