/// The brackets of a statement that are open, to print `IN (1, 2)` as `IN (?)` and only the first row of `VALUES`.
struct SQLLists {
    /// What stands in a pair of brackets.
    enum Kind: UInt8 { case plain, values, firstRow, laterRow }
    /// How far a statement is with the rows behind VALUES.
    enum Rows: UInt8 { case none, expected, inside, after, comma }

    /// An open bracket, with places of the output, which is never longer than 128 KiB.
    struct Level {
        var kind = Kind.plain
        var rows = Rows.none
        /// Where the element began that is being printed.
        var elementStart: Int32 = 0
        /// The element before it, if that is printed: its beginning and end.
        var previousStart: Int32 = 0
        var previousEnd: Int32 = -1
        /// Where the comma before this row is printed.
        var comma: Int32 = 0
        /// The comma last printed at this level.
        var lastComma: Int32 = 0
    }

    private let levels: UnsafeMutableBufferPointer<Level>
    private(set) var depth = 0
    /// How many brackets are open beyond the limit.
    private(set) var ignoredDepth = 0
    /// Whether a bracket that comes now opens a list of values.
    var expectsValues = false
    /// A place of the output before which no blank is printed: its beginning, or that of a list of values.
    private(set) var blankStop = 0

    /// The first of `levels` must be initialised; they must outlive this value.
    init(_ levels: UnsafeMutableBufferPointer<Level>) { self.levels = levels }

    /// VALUES was printed.
    mutating func expectRows() { if ignoredDepth == 0 { levels[depth].rows = .expected } }

    /// Something that is neither bracket nor comma comes.
    @inline(__always)
    mutating func token() {
        expectsValues = false
        if levels[depth].rows != .none, ignoredDepth == 0 { levels[depth].rows = .none }
    }

    /// A query begins: where it stands first in a list of values, that is no list.
    mutating func query(at place: Int) {
        if levels[depth].kind == .values, ignoredDepth == 0, levels[depth].elementStart == Int32(truncatingIfNeeded: place) {
            levels[depth].kind = .plain
        }
    }

    /// A bracket was printed. `isFirst` tells that it stands at the beginning of an element.
    mutating func open(isFirst: Bool, _ output: StatementOutput) {
        let opensValues = expectsValues
        expectsValues = false
        guard ignoredDepth == 0, depth + 1 < levels.count else {
            ignoredDepth += 1
            return
        }
        var level = Level(elementStart: Int32(truncatingIfNeeded: output.count), comma: levels[depth].lastComma)
        switch levels[depth].rows {
        case .expected: level.kind = .firstRow
        case .comma: level.kind = .laterRow
        default: level.kind = opensValues || (isFirst && levels[depth].kind == .values) ? .values : .plain
        }
        levels[depth].rows = level.kind == .firstRow || level.kind == .laterRow ? .inside : .none
        if level.kind == .values { blankStop = output.count }
        depth += 1
        levels.initializeElement(at: depth, to: level)
    }

    /// A comma comes; whether the element before it was taken out again.
    mutating func comma(_ output: inout StatementOutput) -> Bool {
        expectsValues = false
        guard ignoredDepth == 0 else { return false }
        levels[depth].rows = levels[depth].rows == .after ? .comma : .none
        levels[depth].lastComma = Int32(truncatingIfNeeded: output.count)
        return levels[depth].kind == .values && endElement(&output)
    }

    /// The comma was printed.
    mutating func beginElement(_ output: StatementOutput) {
        if ignoredDepth == 0 { levels[depth].elementStart = Int32(truncatingIfNeeded: output.count) }
    }

    /// A closing bracket comes: what it closes, after whatever is not printed of that was taken out again.
    mutating func close(_ output: inout StatementOutput) -> Kind {
        expectsValues = false
        if ignoredDepth > 0 {
            ignoredDepth -= 1
            return .plain
        }
        guard depth > 0 else { return .plain }
        let kind = levels[depth].kind
        if kind == .values { _ = endElement(&output) }
        if kind == .laterRow { output.count = min(output.count, Int(levels[depth].comma)) }
        depth -= 1
        levels[depth].rows = levels[depth].rows == .inside ? .after : .none
        return kind
    }

    /// Takes the element that ends here out again when it prints like the one before it.
    private mutating func endElement(_ output: inout StatementOutput) -> Bool {
        var start = min(Int(levels[depth].elementStart), output.count)
        while start < output.count, output[start] == StatementByte.blank { start += 1 }
        let previousEnd = Int(levels[depth].previousEnd)
        if previousEnd >= 0, output.equal(Int(levels[depth].previousStart)..<previousEnd, start..<output.count) {
            output.count = previousEnd
            return true
        }
        levels[depth].previousStart = Int32(truncatingIfNeeded: start)
        levels[depth].previousEnd = Int32(truncatingIfNeeded: output.count)
        return false
    }
}
