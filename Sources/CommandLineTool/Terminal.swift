import Foundation

/// The terminal on the other side of the standard output, or what stands for it.
struct Terminal {
    /// How many columns a drawing may have.
    var columns = 80
    /// How many lines are seen at once.
    var lines = 24
    /// Whether it is a terminal, and no file or pipe.
    var isTerminal = false
    /// Whether colours may be used: not in files and pipes, and not where NO_COLOR asks for none.
    var usesColour = false

    private static let columnRange = 60...400
    private static let lineRange = 10...200

    /// What COLUMNS and LINES say, else the size of the terminal itself.
    static var current: Terminal { Terminal(environment: ProcessInfo.processInfo.environment, size: size()) }

    init(columns: Int = 80, lines: Int = 24, usesColour: Bool = false) {
        self.columns = columns
        self.lines = lines
        self.usesColour = usesColour
    }

    /// `size` is nil when the output is no terminal.
    init(environment: [String: String], size: (columns: Int, lines: Int)?) {
        columns = Self.chosen(environment["COLUMNS"], size?.columns, 80, Self.columnRange)
        lines = Self.chosen(environment["LINES"], size?.lines, 24, Self.lineRange)
        isTerminal = size != nil
        usesColour = size != nil && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    }

    private static func chosen(_ named: String?, _ actual: Int?, _ fallback: Int, _ range: ClosedRange<Int>) -> Int {
        // A terminal that does not know its size says 0.
        let size = named.flatMap { Int($0) } ?? actual.flatMap { $0 > 0 ? $0 : nil } ?? fallback
        return min(max(size, range.lowerBound), range.upperBound)
    }

    private static func size() -> (columns: Int, lines: Int)? {
        guard isatty(STDOUT_FILENO) == 1 else { return nil }
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 else { return (0, 0) }
        return (Int(size.ws_col), Int(size.ws_row))
    }
}
