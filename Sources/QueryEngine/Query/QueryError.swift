import QueryLanguages
import Storage

/// Why a query has no answer, with a sentence for whoever asked.
public struct QueryError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kinds that callers answer differently.
    public enum Kind: Sendable, Equatable {
        /// The expression or the times make no sense.
        case invalid
        /// The expression is right, but the data does not fit it, such as two series for one result.
        case execution
        /// More samples than ``QueryLimits/samples``.
        case tooManySamples
        /// More series than ``QueryLimits/series``.
        case tooManySeries
        /// More steps than ``QueryLimits/steps``.
        case tooManySteps
        /// It needs something that Headrope does not have, such as native histograms.
        case unsupported
        /// The time ran out.
        case timeout
        /// The caller went away.
        case cancelled
        /// The store could not be read.
        case storage
    }

    /// What kind of failure it is.
    public var kind: Kind
    /// What happened, as a sentence.
    public var message: String

    /// Makes an error with a sentence.
    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// The sentence.
    public var description: String { message }

    /// Translates what parsing or the store threw.
    init(_ error: any Error) {
        switch error {
        case let error as QueryError: self = error
        case let error as PromQLError: self.init(.invalid, error.description)
        case let error as StorageError:
            let kinds: [StorageError.Kind: Kind] = [
                .limitExceeded: .tooManySeries, .unsupported: .unsupported, .invalid: .invalid, .cancelled: .cancelled,
            ]
            self.init(kinds[error.kind] ?? .storage, error.message)
        default: self.init(.storage, "The store could not be read: \(error)")
        }
    }
}
