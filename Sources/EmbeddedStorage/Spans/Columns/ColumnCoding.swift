import ByteCoding

/// Columns of unsigned numbers: a byte that says how, then the numbers. A column that holds one number throughout costs
/// two bytes and no loop when it is read.
enum ColumnCoding {
    /// One varint stands for every row.
    static let constant: UInt8 = 0
    /// A varint per row.
    static let varints: UInt8 = 1

    /// Writes `count` numbers; nothing at all when there are none.
    @inline(__always)
    static func write(_ count: Int, to writer: inout ByteWriter, _ value: (Int) -> UInt64) {
        if count == 0 { return }
        let first = value(0)
        var same = 1
        while same < count, value(same) == first { same &+= 1 }
        if same == count {
            writer.writeByte(constant)
            writer.writeVarint(first)
            return
        }
        writer.writeByte(varints)
        for index in 0..<count { writer.writeVarint(value(index)) }
    }

    /// Reads `count` numbers. `body` may refuse one by throwing.
    @inline(__always)
    static func read(
        _ count: Int, from reader: inout ByteReader, _ body: (Int, UInt64) throws(ByteCodingError) -> Void
    ) throws(ByteCodingError) {
        if count == 0 { return }
        let start = reader.position
        switch try reader.readByte() {
        case constant:
            let value = try reader.readVarint()
            for index in 0..<count { try body(index, value) }
        case varints:
            for index in 0..<count { try body(index, try reader.readVarint()) }
        case let other: throw .malformed(at: start, "a column of unknown encoding \(other)")
        }
    }

    /// Reads `count` numbers, each below `limit`.
    static func readArray(_ count: Int, below limit: UInt64, from reader: inout ByteReader) throws(ByteCodingError) -> [UInt32] {
        var values: [UInt32] = []
        values.reserveCapacity(count)
        let start = reader.position
        try read(count, from: &reader) { (_, value) throws(ByteCodingError) in
            if value >= limit || value > UInt64(UInt32.max) {
                throw .malformed(at: start, "a number of \(value), beyond \(limit),")
            }
            values.append(UInt32(truncatingIfNeeded: value))
        }
        return values
    }

    /// A signed number as an unsigned one that is small when the signed one is near zero.
    @inline(__always)
    static func zigzag(_ value: Int64) -> UInt64 { UInt64(bitPattern: (value &<< 1) ^ (value &>> 63)) }

    /// The inverse of ``zigzag(_:)``.
    @inline(__always)
    static func unzigzag(_ raw: UInt64) -> Int64 { Int64(bitPattern: raw &>> 1) ^ -Int64(bitPattern: raw & 1) }
}

/// Gives symbols new numbers in the order in which the columns use them: new ones need no number on disk, and strings of
/// one column lie side by side, where a compressor finds what they share.
struct SymbolNumbering {
    /// The old symbols in their new order, without the empty one.
    private(set) var order: [UInt32] = []
    private var numbers: [UInt32]

    /// Prepares for a table of `count` symbols.
    init(count: Int) {
        numbers = [UInt32](repeating: 0, count: count)
        order.reserveCapacity(count)
    }

    /// The code of a symbol: 0 for "the next new one", else its new number + 1; the empty symbol has number 0.
    @inline(__always)
    mutating func code(_ symbol: UInt32) -> UInt64 {
        if symbol == 0 { return 1 }
        let known = numbers[Int(symbol)]
        if known != 0 { return UInt64(known) &+ 1 }
        order.append(symbol)
        numbers[Int(symbol)] = UInt32(truncatingIfNeeded: order.count)
        return 0
    }

    /// Writes a column of symbols.
    @inline(__always)
    mutating func write(_ count: Int, to writer: inout ByteWriter, _ symbol: (Int) -> UInt32) {
        if count == 0 { return }
        let first = symbol(0)
        var same = 1
        while same < count, symbol(same) == first { same &+= 1 }
        if same == count {
            writer.writeByte(ColumnCoding.constant)
            writer.writeVarint(code(first))
            return
        }
        writer.writeByte(ColumnCoding.varints)
        for index in 0..<count { writer.writeVarint(code(symbol(index))) }
    }
}

/// The reading side of ``SymbolNumbering``.
struct SymbolResolver {
    /// How many symbols have been met, the empty one excluded.
    private(set) var met: UInt32 = 0
    private let limit: UInt32

    /// Prepares for `count` symbols besides the empty one.
    init(count: Int) { limit = UInt32(truncatingIfNeeded: count) }

    /// The symbol of a code.
    @inline(__always)
    mutating func symbol(_ code: UInt64) throws(ByteCodingError) -> UInt32 {
        if code == 0 {
            if met == limit { throw ByteCodingError(.malformed, "a batch uses more symbols than it has") }
            met &+= 1
            return met
        }
        if code &- 1 > UInt64(met) { throw ByteCodingError(.malformed, "symbol \(code &- 1) is used before it is given") }
        return UInt32(truncatingIfNeeded: code &- 1)
    }

    /// Reads a column of symbols.
    @inline(__always)
    mutating func read(
        _ count: Int, from reader: inout ByteReader, _ body: (Int, UInt32) -> Void
    ) throws(ByteCodingError) {
        if count == 0 { return }
        let start = reader.position
        switch try reader.readByte() {
        case ColumnCoding.constant:
            let value = try symbol(try reader.readVarint())
            for index in 0..<count { body(index, value) }
        case ColumnCoding.varints:
            for index in 0..<count { body(index, try symbol(try reader.readVarint())) }
        case let other: throw .malformed(at: start, "a column of unknown encoding \(other)")
        }
    }
}
