import ByteCoding
import Platform
import Storage

/// Why nothing of a request was taken, as a sentence for its sender.
public struct IngestError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kinds that are answered differently; the raw values are the reasons under which requests are counted.
    public enum Kind: String, Sendable, CaseIterable {
        /// The body cannot be read. 400.
        case malformed
        /// The body is larger than a limit. 413.
        case tooLarge = "too_large"
        /// The content type or encoding is not known. 415.
        case unsupportedMedia = "unsupported_media"
        /// This receiver does not take this at all. 501.
        case notImplemented = "not_implemented"
        /// Nothing can be taken at the moment. 503, to be tried again.
        case unavailable
    }

    /// What kind of failure it is.
    public var kind: Kind
    /// What happened and what to do about it.
    public var message: String

    /// Makes an error with a sentence.
    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// The error for a body that a decoder did not believe.
    public init(_ error: ByteCodingError, reading what: String) {
        self.init(error.kind == .tooLarge ? .tooLarge : .malformed, "The \(what) cannot be read: \(error.message).")
    }

    /// The sentence.
    public var description: String { message }

    /// Whatever the store or a pool threw, as what it means for the sender.
    static func wrap(_ error: any Error) -> IngestError {
        switch error {
        case let error as IngestError: error
        case let error as StorageError: IngestError(.unavailable, error.message)
        case let error as PoolError: IngestError(.unavailable, error.description)
        case is CancellationError: IngestError(.unavailable, "The server is shutting down and takes no more telemetry.")
        default: IngestError(.unavailable, "The telemetry could not be stored: \(error)")
        }
    }
}
