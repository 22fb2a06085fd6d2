/// Why a store could not do what it was asked, with a sentence for whoever asked.
public struct StorageError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kinds that callers answer differently.
    public enum Kind: Sendable, Equatable {
        /// The disk is full or failing: nothing is taken in, reading goes on. Try again later.
        case unavailable
        /// The store is shutting down.
        case closed
        /// A question is larger than a limit allows.
        case limitExceeded
        /// The store cannot do this at all.
        case unsupported
        /// The question makes no sense.
        case invalid
        /// The data directory cannot be used: not ours, locked, of a newer version, not writable.
        case unusable
        /// Stored bytes are damaged.
        case corrupt
        /// The caller went away or its time ran out.
        case cancelled
    }

    /// What kind of failure it is.
    public var kind: Kind
    /// What happened and what to do about it, as a sentence.
    public var message: String

    /// Makes an error with a sentence.
    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// The sentence.
    public var description: String { message }
}
