/// Why the state database could not be used.
public struct StateStoreError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What happened and what to do about it, as a sentence.
    public var message: String

    /// Makes an error with a sentence.
    public init(_ message: String) { self.message = message }

    /// The sentence.
    public var description: String { message }
}
