/// A setting that cannot be used, with where it was made and what to write instead.
public struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The sentence.
    public var message: String

    /// Makes an error with a sentence.
    public init(_ message: String) { self.message = message }

    /// The sentence.
    public var description: String { message }
}
