import ByteCoding
import TelemetryModel

/// The attributes of a batch turned into columns: each distinct (key, type) is a column, each distinct sequence of columns
/// a shape. A row then costs its shape's number, and its values stand among their like. Order and repeated keys survive.
struct AttributeShapes {
    /// A key with the type of its value.
    struct Column {
        /// The key, a symbol of the batch.
        var key: UInt32
        /// The type.
        var type: AttributeType
        /// How many values it holds.
        var count = 0
    }

    /// The columns in order of first use.
    private(set) var columns: [Column] = []
    /// The columns of all shapes, one after the other.
    private(set) var shapeColumns: [UInt32] = []
    /// Where each shape ends in `shapeColumns`.
    private(set) var shapeEnds: [Int] = []
    /// How often each shape is used.
    private var uses: [Int] = []
    private var columnSlots: [UInt32]
    private var shapeSlots: [UInt32]
    private var sequence: [UInt32] = []

    /// The number of values of ``AttributeType``.
    static let typeCount = 7

    /// Prepares for a batch of `symbolCount` symbols.
    init(symbolCount: Int) {
        columnSlots = [UInt32](repeating: 0, count: symbolCount * Self.typeCount)
        shapeSlots = [UInt32](repeating: 0, count: 128)
    }

    /// The number of the shape that these attributes have.
    mutating func shape(of attributes: ArraySlice<AttributeRow>) -> UInt64 {
        sequence.removeAll(keepingCapacity: true)
        var hash: UInt64 = 0
        for row in attributes {
            let column = column(row.key, row.type)
            sequence.append(column)
            hash = SeededHash.hash(hash, UInt64(column))
        }
        var slot = Int(truncatingIfNeeded: hash) & (shapeSlots.count - 1)
        while shapeSlots[slot] != 0 {
            let number = Int(shapeSlots[slot]) - 1
            if shapeColumns[range(number)].elementsEqual(sequence) {
                uses[number] += 1
                return UInt64(number)
            }
            slot = (slot + 1) & (shapeSlots.count - 1)
        }
        shapeColumns.append(contentsOf: sequence)
        shapeEnds.append(shapeColumns.count)
        uses.append(1)
        shapeSlots[slot] = UInt32(shapeEnds.count)
        if shapeEnds.count * 2 > shapeSlots.count { growShapes() }
        return UInt64(shapeEnds.count - 1)
    }

    /// Counts the values of each column; called when all shapes are known.
    mutating func countValues() {
        for number in shapeEnds.indices {
            for column in shapeColumns[range(number)] { columns[Int(column)].count += uses[number] }
        }
    }

    /// The column of an attribute that has been part of a shape.
    func knownColumn(_ row: AttributeRow) -> Int {
        Int(columnSlots[Int(row.key) * Self.typeCount + Int(row.type.rawValue)]) - 1
    }

    private func range(_ shape: Int) -> Range<Int> { (shape == 0 ? 0 : shapeEnds[shape - 1])..<shapeEnds[shape] }

    private mutating func column(_ key: UInt32, _ type: AttributeType) -> UInt32 {
        let slot = Int(key) * Self.typeCount + Int(type.rawValue)
        if columnSlots[slot] != 0 { return columnSlots[slot] - 1 }
        columns.append(Column(key: key, type: type))
        columnSlots[slot] = UInt32(columns.count)
        return UInt32(columns.count - 1)
    }

    private mutating func growShapes() {
        shapeSlots = [UInt32](repeating: 0, count: shapeSlots.count * 2)
        for number in shapeEnds.indices {
            var hash: UInt64 = 0
            for column in shapeColumns[range(number)] { hash = SeededHash.hash(hash, UInt64(column)) }
            var slot = Int(truncatingIfNeeded: hash) & (shapeSlots.count - 1)
            while shapeSlots[slot] != 0 { slot = (slot + 1) & (shapeSlots.count - 1) }
            shapeSlots[slot] = UInt32(number) + 1
        }
    }
}
