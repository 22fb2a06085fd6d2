import ByteCoding

/// Values as bytes, bit for bit: constant, decimal or XOR, whichever suits.
enum ValueColumn {
    /// The first byte of a column.
    enum Form: UInt8 {
        /// One value for all.
        case constant = 0
        /// Integers after multiplication by a power of ten, with exceptions.
        case decimal = 1
        /// The same, as differences from the one before.
        case decimalDelta = 2
        /// XOR with the one before.
        case xor = 3
    }

    /// A chunk of which more than one in so many values is no decimal of its scale goes to XOR.
    static let exceptionShare = 16

    static func encode(_ values: [Double]) -> [UInt8] {
        guard let first = values.first else { return [] }
        var writer = ByteWriter()
        if values.allSatisfy({ $0.bitPattern == first.bitPattern }) {
            writer.writeByte(Form.constant.rawValue)
            writer.writeDouble(first)
        } else if let decimals = Decimals(values) {
            decimals.write(&writer)
        } else {
            writer.writeByte(Form.xor.rawValue)
            XORColumn.encode(values, into: &writer)
        }
        return writer.bytes
    }

    static func decode(_ bytes: UnsafeRawBufferPointer, count: Int) throws(ByteCodingError) -> [Double] {
        if count == 0 { return [] }
        var reader = ByteReader(bytes)
        guard let form = Form(rawValue: try reader.readByte()) else { throw .malformed(at: 0, "an unknown form of values") }
        let values: [Double]
        switch form {
        case .constant: values = Array(repeating: try reader.readDouble(), count: count)
        case .decimal: values = try Decimals.read(&reader, count: count, isDelta: false)
        case .decimalDelta: values = try Decimals.read(&reader, count: count, isDelta: true)
        case .xor: values = try XORColumn.decode(&reader, count: count)
        }
        if !reader.isAtEnd { throw .malformed(at: reader.position, "rubbish behind values") }
        return values
    }
}

/// Values as integers under one power of ten and one common divisor; what is no such decimal, to the bit, is an exception.
struct Decimals {
    private var exponent: Int
    private var integers: [Int64]
    private var exceptions: [(index: Int, value: Double)] = []

    /// Nil when too many values are no decimals.
    init?(_ values: [Double]) {
        let limit = values.count / ValueColumn.exceptionShare + 1
        var found: (exponent: Int, misses: Int)?
        for exponent in Decimal.powers.indices {
            var misses = 0
            for value in values where Decimal.integer(value, exponent) == nil {
                misses += 1
                if misses > limit { break }
            }
            if misses <= limit, misses < found?.misses ?? .max { found = (exponent, misses) }
            if misses == 0 { break }
        }
        guard let found else { return nil }
        exponent = found.exponent
        integers = []
        integers.reserveCapacity(values.count)
        // An exception repeats the integer before it, which costs next to nothing.
        for (index, value) in values.enumerated() {
            if let integer = Decimal.integer(value, exponent) {
                integers.append(integer)
            } else {
                exceptions.append((index, value))
                integers.append(integers.last ?? 0)
            }
        }
    }

    /// Writes whichever of plain and delta is shorter.
    func write(_ writer: inout ByteWriter) {
        let plain = packed(isDelta: false)
        let delta = packed(isDelta: true)
        writer.writeByte((delta.count < plain.count ? ValueColumn.Form.decimalDelta : .decimal).rawValue)
        writer.writeByte(UInt8(exponent))
        writer.writeVarint(UInt64(exceptions.count))
        var last = 0
        for (index, value) in exceptions {
            writer.writeVarint(UInt64(index - last))
            writer.writeDouble(value)
            last = index
        }
        writer.writeBytes(delta.count < plain.count ? delta : plain)
    }

    private func packed(isDelta: Bool) -> [UInt8] {
        let first = integers[0]
        var column: [Int64] = []
        column.reserveCapacity(integers.count)
        var divisor: UInt64 = 0
        for index in integers.indices.dropFirst() {
            // Integers are below 2^53 in magnitude: differences cannot overflow.
            let difference = integers[index] - (isDelta ? integers[index - 1] : first)
            column.append(difference)
            if divisor != 1 { divisor = Self.gcd(divisor, difference.magnitude) }
        }
        var writer = ByteWriter()
        writer.writeSignedVarint(first)
        writer.writeVarint(max(divisor, 1))
        if divisor > 1 { for index in column.indices { column[index] /= Int64(divisor) } }
        PackedIntegers.encode(column, into: &writer)
        return writer.bytes
    }

    private static func gcd(_ a: UInt64, _ b: UInt64) -> UInt64 {
        var (a, b) = (a, b)
        while b != 0 { (a, b) = (b, a % b) }
        return a
    }

    static func read(_ reader: inout ByteReader, count: Int, isDelta: Bool) throws(ByteCodingError) -> [Double] {
        let exponent = Int(try reader.readByte())
        if exponent >= Decimal.powers.count { throw .malformed(at: reader.position, "an unknown power of ten") }
        var exceptions: [(index: Int, value: Double)] = []
        var index = 0
        for _ in 0..<(try reader.readCount(limit: count)) {
            index += try reader.readCount(limit: count)
            if index >= count { throw .malformed(at: reader.position, "an exception outside of its chunk") }
            exceptions.append((index, try reader.readDouble()))
        }
        let first = try reader.readSignedVarint()
        let divisor = Int64(bitPattern: try reader.readVarint())
        let column = try PackedIntegers.decode(&reader, count: count - 1)
        var values: [Double] = []
        values.reserveCapacity(count)
        values.append(Decimal.value(first, exponent))
        var last = first
        for difference in column {
            // Wrapping: only damaged bytes that passed their checksum could overflow.
            let integer = (isDelta ? last : first) &+ difference &* divisor
            values.append(Decimal.value(integer, exponent))
            last = integer
        }
        for (index, value) in exceptions { values[index] = value }
        return values
    }
}
