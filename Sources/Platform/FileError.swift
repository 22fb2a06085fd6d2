/// A file operation that failed, with the path and a sentence that helps.
public struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kinds that callers tell apart.
    public enum Kind: Sendable, Equatable {
        /// Nothing stands at the path.
        case notFound
        /// The device is full, or a quota is used up.
        case noSpace
        /// The file ends before what was asked for.
        case truncated
        /// The file is larger than it may be.
        case tooLarge
        /// Permission denied, or the file system is read-only.
        case notPermitted
        /// Another process holds the lock.
        case locked
        /// Anything else that the operating system reported.
        case other
    }

    /// What kind of failure it is.
    public var kind: Kind
    /// The path that was used.
    public var path: String
    /// What happened, as a sentence.
    public var message: String

    /// Makes an error with a sentence.
    public init(_ kind: Kind, path: String, _ message: String) {
        self.kind = kind
        self.path = path
        self.message = message
    }

    /// The sentence.
    public var description: String { message }
}
