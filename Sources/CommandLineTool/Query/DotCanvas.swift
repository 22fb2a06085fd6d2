/// Dots in a grid of characters, two beside and four above each other in each, as Unicode's braille patterns have them.
struct DotCanvas {
    /// What one character shows.
    struct Cell {
        /// The bits of the braille pattern.
        var dots: UInt8 = 0
        /// Who drew into it last.
        var owner = 0
    }

    let columns: Int
    let rows: Int
    private var cells: [Cell]

    /// The bit of each dot, by row from the top, then column.
    private static let bits: [[UInt8]] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]

    init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
        cells = Array(repeating: Cell(), count: columns * rows)
    }

    /// The dot at a share of the width, 0...1.
    func x(_ share: Double) -> Int { min(max(Int((share * Double(columns * 2 - 1)).rounded()), 0), columns * 2 - 1) }

    /// The dot at a share of the height from below, 0...1.
    func y(_ share: Double) -> Int { min(max(Int(((1 - share) * Double(rows * 4 - 1)).rounded()), 0), rows * 4 - 1) }

    /// The row of characters in which a dot lies.
    func row(of y: Int) -> Int { y / 4 }

    func cell(_ column: Int, _ row: Int) -> Cell { cells[row * columns + column] }

    mutating func dot(_ x: Int, _ y: Int, owner: Int) {
        let index = y / 4 * columns + x / 2
        cells[index].dots |= Self.bits[y % 4][x % 2]
        cells[index].owner = owner
    }

    /// Dots between two dots, without a gap.
    mutating func line(from: (x: Int, y: Int), to: (x: Int, y: Int), owner: Int) {
        let steps = max(abs(to.x - from.x), abs(to.y - from.y))
        if steps == 0 { return dot(to.x, to.y, owner: owner) }
        for step in 0...steps {
            let share = Double(step) / Double(steps)
            let x = Double(from.x) + share * Double(to.x - from.x)
            let y = Double(from.y) + share * Double(to.y - from.y)
            dot(Int(x.rounded()), Int(y.rounded()), owner: owner)
        }
    }
}
