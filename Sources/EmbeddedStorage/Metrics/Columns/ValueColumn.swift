import ByteCoding

/// Values as bytes, bit for bit. What says how to read them goes to a header, packed integers go to the data.
///
/// Header: a byte (``Order``, ``sparseFlag``, scale), what ``sparseFlag`` asks for, then what the order asks for.
enum ValueColumn {
    /// What is packed. The two low bits of the first byte.
    enum Order: UInt8 {
        /// Nothing: there is one value, or all are the same.
        case constant = 0
        /// Differences from the first.
        case plain = 1
        /// Differences from the one before.
        case delta = 2
        /// Differences of differences.
        case deltaOfDelta = 3
    }

    /// What the first byte says.
    struct Form: Hashable {
        var order: Order
        var isSparse: Bool
        var scale: ValueScale
    }

    /// Only values that differ from the one before are packed; their distances come first.
    static let sparseFlag: UInt8 = 4
    /// Where the scale begins in the first byte.
    static let scaleShift: UInt8 = 3
    /// At most one value in so many changes in a sparse column.
    private static let sparseShare = 4

    // MARK: - Encoding

    static func encode(_ values: UnsafeBufferPointer<Double>, header: inout ByteWriter, data: inout ByteWriter) {
        var changeCount = 0
        for index in values.indices.dropFirst() where values[index].bitPattern != values[index &- 1].bitPattern {
            changeCount &+= 1
        }
        if changeCount == 0 || changeCount > values.count / sparseShare {
            encodeDense(changeCount == 0 ? UnsafeBufferPointer(rebasing: values.prefix(1)) : values, nil, &header, &data)
        } else {
            encodeSparse(values, changeCount: changeCount, &header, &data)
        }
    }

    private static func encodeSparse(
        _ values: UnsafeBufferPointer<Double>, changeCount: Int, _ header: inout ByteWriter, _ data: inout ByteWriter
    ) {
        withUnsafeTemporaryAllocation(of: Int64.self, capacity: changeCount) { distances in
            withUnsafeTemporaryAllocation(of: Double.self, capacity: changeCount + 1) { changes in
                changes[0] = values[0]
                var found = 0
                var last = 0
                for index in values.indices.dropFirst() where values[index].bitPattern != values[index &- 1].bitPattern {
                    distances[found] = Int64(index &- last &- 1)
                    last = index
                    found &+= 1
                    changes[found] = values[index]
                }
                encodeDense(UnsafeBufferPointer(changes), UnsafeBufferPointer(distances), &header, &data)
            }
        }
    }

    /// `distances` are those of sparse values.
    private static func encodeDense(
        _ values: UnsafeBufferPointer<Double>, _ distances: UnsafeBufferPointer<Int64>?, _ header: inout ByteWriter,
        _ data: inout ByteWriter
    ) {
        withUnsafeTemporaryAllocation(of: Int64.self, capacity: values.count) { integers in
            let converted = ValueIntegers(values, into: integers)
            var differences = IntegerDifferences(integers, converted.scale)
            let order = differences.choose()
            header.writeByte(
                order.rawValue | (distances == nil ? 0 : sparseFlag) | converted.scale.code << scaleShift)
            if let distances {
                header.writeVarint(UInt64(distances.count))
                PackedIntegers.encode(distances, header: &header, data: &data)
            }
            converted.writeExceptions(&header)
            differences.write(order, &header, &data)
        }
    }

    // MARK: - Decoding

    /// Moves past a header; returns how many bytes of data the column has.
    static func skip(_ header: inout ByteReader, count: Int) throws(ByteCodingError) -> Int {
        let form = try readForm(&header)
        var dense = form.order == .constant ? 1 : count
        var byteCount = 0
        if form.isSparse {
            let changeCount = try header.readCount(limit: count - 1)
            byteCount = try PackedIntegers.skip(&header, count: changeCount)
            dense = changeCount + 1
        }
        try ValueIntegers.readExceptions(&header, count: dense) { _ in }
        return byteCount + (try IntegerDifferences.skip(form.order, &header, count: dense))
    }

    /// Fills `values`, of which there is at least one, from a header and its data.
    static func decode(
        header: inout ByteReader, data: inout ByteReader, into values: UnsafeMutableBufferPointer<Double>
    ) throws(ByteCodingError) {
        let form = try readForm(&header)
        if form.order == .constant {
            try decodeDense(form, &header, &data, into: UnsafeMutableBufferPointer(rebasing: values[0..<1]))
            values.update(repeating: values[0])
            return
        }
        if !form.isSparse {
            try decodeDense(form, &header, &data, into: values)
            return
        }
        let changeCount = try header.readCount(limit: values.count - 1)
        do {
            try withUnsafeTemporaryAllocation(of: Int64.self, capacity: changeCount) { distances in
                try PackedIntegers.decode(header: &header, data: &data, into: distances)
                let changes = UnsafeMutableBufferPointer(rebasing: values[0...changeCount])
                try decodeDense(form, &header, &data, into: changes)
                try spread(values, distances)
            }
        } catch { throw error as? ByteCodingError ?? .malformed(at: header.position, "\(error)") }
    }

    /// One of `count` values, without making the others.
    static func value(
        at place: Int, of count: Int, header: inout ByteReader, data: inout ByteReader
    ) throws(ByteCodingError) -> Double {
        let form = try readForm(&header)
        if form.order == .constant { return try denseValue(at: 0, of: 1, form, &header, &data) }
        if !form.isSparse { return try denseValue(at: place, of: count, form, &header, &data) }
        let changeCount = try header.readCount(limit: count - 1)
        var change = 0
        var last = 0
        var isMalformed = false
        try PackedIntegers.forEachRun(header: &header, data: &data, count: changeCount, in: 0..<changeCount) { start, distances in
            for (index, distance) in distances.enumerated() {
                if distance < 0 || distance >= count &- last &- 1 {
                    isMalformed = true
                    return
                }
                last &+= Int(distance) &+ 1
                if last <= place { change = start &+ index &+ 1 }
            }
        }
        if isMalformed { throw .malformed(at: header.position, "a change outside of its chunk") }
        return try denseValue(at: change, of: changeCount &+ 1, form, &header, &data)
    }

    private static func denseValue(
        at place: Int, of count: Int, _ form: Form, _ header: inout ByteReader, _ data: inout ByteReader
    ) throws(ByteCodingError) -> Double {
        var pattern: UInt64?
        try ValueIntegers.readExceptions(&header, count: count) { exception in
            if place >= exception.start, place < exception.start &+ exception.count { pattern = exception.pattern }
        }
        if let pattern { return Double(bitPattern: pattern) }
        let integer = try IntegerDifferences.value(at: place, of: count, form.order, &header, &data)
        return Double(bitPattern: UInt64(bitPattern: bits(of: integer, form.scale)))
    }

    private static func bits(of integer: Int64, _ scale: ValueScale) -> Int64 {
        withUnsafeTemporaryAllocation(of: Int64.self, capacity: 1) { one in
            one[0] = integer
            convert(one, scale)
            return one[0]
        }
    }

    /// Moves the changed values, which stand at the front, to their places and repeats each up to the next.
    private static func spread(
        _ values: UnsafeMutableBufferPointer<Double>, _ distances: UnsafeMutableBufferPointer<Int64>
    ) throws(ByteCodingError) {
        var start = 0
        for index in distances.indices {
            if distances[index] < 0 || distances[index] >= values.count &- start &- 1 {
                throw .malformed(at: index, "a change outside of its chunk")
            }
            start &+= Int(distances[index]) &+ 1
        }
        // From behind: a value's place is never before where it stands now.
        var end = values.count
        for index in distances.indices.reversed() {
            values[start..<end].update(repeating: values[index &+ 1])
            end = start
            start &-= Int(distances[index]) &+ 1
        }
        values[0..<end].update(repeating: values[0])
    }

    /// Reads the first byte of a header.
    static func readForm(_ header: inout ByteReader) throws(ByteCodingError) -> Form {
        let start = header.position
        let byte = try header.readByte()
        guard let order = Order(rawValue: byte & 3), let scale = ValueScale(code: byte >> scaleShift) else {
            throw .malformed(at: start, "an unknown form of values")
        }
        return Form(order: order, isSparse: byte & sparseFlag != 0, scale: scale)
    }

    private static func decodeDense(
        _ form: Form, _ header: inout ByteReader, _ data: inout ByteReader,
        into values: UnsafeMutableBufferPointer<Double>
    ) throws(ByteCodingError) {
        // Exceptions stand before the integers and are put in after them.
        var exceptions = header
        try ValueIntegers.readExceptions(&header, count: values.count) { _ in }
        do {
            // A double takes the room of its integer.
            try values.withMemoryRebound(to: Int64.self) { integers in
                try IntegerDifferences.read(form.order, &header, &data, into: integers)
                convert(integers, form.scale)
            }
        } catch { throw error as? ByteCodingError ?? .malformed(at: header.position, "\(error)") }
        try ValueIntegers.readExceptions(&exceptions, count: values.count) { exception in
            for index in exception.start..<(exception.start &+ exception.count) {
                values[index] = Double(bitPattern: exception.pattern)
            }
        }
    }

    /// Replaces each integer by the bits of its value.
    private static func convert(_ integers: UnsafeMutableBufferPointer<Int64>, _ scale: ValueScale) {
        switch scale {
        case .decimal(0):
            for index in integers.indices { integers[index] = Int64(bitPattern: Double(integers[index]).bitPattern) }
        case .decimal(let exponent):
            let power = Decimal.powers[exponent]
            for index in integers.indices { integers[index] = Int64(bitPattern: (Double(integers[index]) / power).bitPattern) }
        case .bits:
            for index in integers.indices { integers[index] = ValueScale.ordered(integers[index]) }
        }
    }
}
