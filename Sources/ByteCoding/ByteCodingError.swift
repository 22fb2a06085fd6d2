/// Why bytes from the wire or the disk were not believed.
public struct ByteCodingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kinds of damage that a reader tells apart.
    public enum Kind: Sendable, Equatable {
        /// The bytes end before the value does.
        case truncated
        /// The bytes are there but say something impossible.
        case malformed
        /// The value is well-formed and larger than the limit that applies to it.
        case tooLarge
    }

    /// What kind of damage it is.
    public var kind: Kind
    /// What was being read, and where, as a sentence without its end.
    public var message: String

    /// Makes an error of this kind with a sentence that says what was being read and where.
    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// The sentence.
    public var description: String { message }

    /// A value of `byteCount` bytes would start at `offset`, but the bytes end before it does.
    @inline(never)
    public static func truncated(at offset: Int, needing byteCount: Int) -> ByteCodingError {
        ByteCodingError(.truncated, "the data ends too early: \(byteCount) more bytes were expected at byte \(offset)")
    }

    /// Something impossible stands at `offset`.
    @inline(never)
    public static func malformed(at offset: Int, _ what: String) -> ByteCodingError {
        ByteCodingError(.malformed, "\(what) at byte \(offset)")
    }

    /// More bytes would come out than `limit` allows.
    @inline(never)
    public static func beyond(limit: Int, _ what: String) -> ByteCodingError {
        ByteCodingError(.tooLarge, "\(what) beyond the limit of \(limit) bytes")
    }

    /// The error itself, or what little can be said of another one; for calls that lose the type, such as `withUnsafeBytes`.
    static func wrap(_ error: any Error) -> ByteCodingError {
        error as? ByteCodingError ?? ByteCodingError(.malformed, "\(error)")
    }
}
