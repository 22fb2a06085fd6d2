/// Why an expression is not PromQL, and where.
public struct PromQLError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong, as a clause.
    public var message: String
    /// The byte of the expression where it was noticed.
    public var offset: Int
    /// The line, counted from 1; 0 when the expression is empty and has no places.
    public var line: Int
    /// The byte within the line, counted from 1.
    public var column: Int

    /// Places a complaint at a byte of `expression`.
    public init(_ message: String, at offset: Int, in expression: String) {
        self.message = message
        self.offset = offset
        (line, column) = expression.isEmpty ? (0, 0) : Self.lineAndColumn(offset, in: expression)
    }

    /// Line and column of a byte of `expression`, both counted from 1.
    public static func lineAndColumn(_ offset: Int, in expression: String) -> (line: Int, column: Int) {
        var line = 1
        var column = 1
        for byte in expression.utf8.prefix(offset) {
            column += 1
            if byte == 0x0A {
                line += 1
                column = 1
            }
        }
        return (line, column)
    }

    /// Prometheus's form: `1:5: parse error: …`.
    public var description: String { "\(line == 0 ? "unknown position" : "\(line):\(column)"): parse error: \(message)" }
}
