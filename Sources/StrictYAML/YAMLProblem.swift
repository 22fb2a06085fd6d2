/// What is wrong with a file, where, in a sentence.
public struct YAMLProblem: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file's name, as the user gave it.
    public var file: String
    /// The line, from 1; 0 when the whole file is meant.
    public var line: Int
    /// The sentence.
    public var message: String

    /// Describes what is wrong.
    public init(file: String, line: Int, message: String) {
        self.file = file
        self.line = line
        self.message = message
    }

    /// `file:line: sentence`.
    public var description: String { line > 0 ? "\(file):\(line): \(message)" : "\(file): \(message)" }
}
