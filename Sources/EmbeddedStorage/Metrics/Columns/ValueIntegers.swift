import ByteCoding

/// Doubles as integers of one scale. What is no integer of it, to the bit, is an exception: a run of equal values that repeats
/// the integer before it, which costs next to nothing.
struct ValueIntegers {
    struct Exception {
        var start: Int
        var count: Int
        var pattern: UInt64
    }

    var scale = ValueScale.bits
    var exceptions: [Exception] = []

    /// So many runs of exceptions a column may have for each 16 values, and one more; beyond that its bit patterns are taken.
    private static let valuesPerException = 16
    /// What an exception costs, and what a further digit costs each value, about.
    private static let exceptionBitCount = 80
    private static let digitBitCount = 3
    /// So many powers of ten are tried.
    private static let attemptLimit = 6

    /// Fills `integers`, which has room for as many as there are values.
    init(_ values: UnsafeBufferPointer<Double>, into integers: UnsafeMutableBufferPointer<Int64>) {
        var exponent = 0
        for _ in 0..<Self.attemptLimit {
            guard let better = convert(values, exponent, integers) else {
                scale = .decimal(exponent)
                return
            }
            if better <= exponent { break }
            exponent = better
        }
        exceptions.removeAll()
        scale = .bits
        for index in values.indices {
            integers[index] = ValueScale.ordered(Int64(bitPattern: values[index].bitPattern))
        }
    }

    /// Nil when it went well, else an exponent under which it may, or 0.
    private mutating func convert(
        _ values: UnsafeBufferPointer<Double>, _ exponent: Int, _ integers: UnsafeMutableBufferPointer<Int64>
    ) -> Int? {
        let limit = values.count / Self.valuesPerException + 1
        let power = Decimal.powers[exponent]
        var better: Int?
        exceptions.removeAll(keepingCapacity: true)
        var last: Int64?
        for index in values.indices {
            if let integer = Decimal.integer(values[index], power: power) {
                integers[index] = integer
                last = integer
                continue
            }
            integers[index] = last ?? 0
            let pattern = values[index].bitPattern
            if let end = exceptions.last, end.start + end.count == index, end.pattern == pattern {
                exceptions[exceptions.count - 1].count += 1
                continue
            }
            // The lowest of the exponents that the misses ask for: others may be exceptions under it.
            if let wanted = Decimal.exponent(of: values[index], from: exponent + 1) { better = min(better ?? .max, wanted) }
            exceptions.append(Exception(start: index, count: 1, pattern: pattern))
            if exceptions.count > limit { return better ?? 0 }
        }
        if let better, exceptions.count * Self.exceptionBitCount > values.count * (better - exponent) * Self.digitBitCount {
            return better
        }
        if let first = exceptions.first, first.start == 0, first.count < values.count {
            // Nothing stands before the first value: its integer is the next one.
            integers[0..<first.count].update(repeating: integers[first.count])
        }
        return nil
    }

    /// Writes the exceptions: their number, then for each the distance from the end of the last, and length less one and
    /// form of the value together.
    func writeExceptions(_ header: inout ByteWriter) {
        header.writeVarint(UInt64(exceptions.count))
        var end = 0
        for exception in exceptions {
            header.writeVarint(UInt64(exception.start - end))
            let known = Self.knownPatterns.firstIndex(of: exception.pattern)
            header.writeVarint(UInt64(exception.count - 1) << 2 | UInt64(known.map { $0 + 1 } ?? 0))
            if known == nil { header.writeInteger(exception.pattern) }
            end = exception.start + exception.count
        }
    }

    /// Reads exceptions of a column of `count` values and calls `body` with each.
    static func readExceptions(
        _ header: inout ByteReader, count: Int, _ body: (Exception) -> Void
    ) throws(ByteCodingError) {
        var end = 0
        for _ in 0..<(try header.readCount(limit: count)) {
            let start = end + (try header.readCount(limit: count))
            let tag = try header.readVarint()
            let length = Int(tag >> 2 & 0xFFFF_FFFF) + 1
            let form = Int(tag & 3)
            let pattern = form == 0 ? try header.readInteger(UInt64.self) : Self.knownPatterns[form - 1]
            end = start + length
            if end > count { throw .malformed(at: header.position, "an exception outside of its chunk") }
            body(Exception(start: start, count: length, pattern: pattern))
        }
    }

    /// Prometheus's marker of the end of a series, its NaN, and the NaN of most processors.
    static let knownPatterns: [UInt64] = [0x7FF0_0000_0000_0002, 0x7FF8_0000_0000_0001, 0x7FF8_0000_0000_0000]
}
