import ByteCoding

/// Values of version 1.
enum ValueColumnV1 {
    /// The first byte of a column.
    private enum Form: UInt8 {
        /// One value for all.
        case constant = 0
        /// Integers after multiplication by a power of ten, with exceptions.
        case decimal = 1
        /// The same, as differences from the one before.
        case decimalDelta = 2
        /// XOR with the one before.
        case xor = 3
    }

    static func decode(_ bytes: UnsafeRawBufferPointer, count: Int) throws(ByteCodingError) -> [Double] {
        if count == 0 { return [] }
        var reader = ByteReader(bytes)
        guard let form = Form(rawValue: try reader.readByte()) else { throw .malformed(at: 0, "an unknown form of values") }
        let values: [Double]
        switch form {
        case .constant: values = Array(repeating: try reader.readDouble(), count: count)
        case .decimal: values = try readDecimals(&reader, count: count, isDelta: false)
        case .decimalDelta: values = try readDecimals(&reader, count: count, isDelta: true)
        case .xor: values = try XORColumnV1.decode(&reader, count: count)
        }
        if !reader.isAtEnd { throw .malformed(at: reader.position, "rubbish behind values") }
        return values
    }

    private static func readDecimals(_ reader: inout ByteReader, count: Int, isDelta: Bool) throws(ByteCodingError) -> [Double] {
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
        let column = try PackedIntegersV1.decode(&reader, count: count - 1)
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
