/// Why a question has no answer, with a sentence for whoever asked.
public struct AnswerError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kinds that callers answer differently.
    public enum Kind: String, Sendable {
        /// The question makes no sense (HTTP 400).
        case badRequest = "bad_request"
        /// What was asked for does not exist (HTTP 404).
        case notFound = "not_found"
    }

    /// What kind of failure it is.
    public var kind: Kind
    /// What is wrong and what to do about it, as a sentence.
    public var message: String
    /// Which part of the question, such as the name of a parameter, or "".
    public var place: String

    /// Makes an error with a sentence.
    public init(_ kind: Kind, _ message: String, at place: String = "") {
        self.kind = kind
        self.message = message
        self.place = place
    }

    /// The sentence.
    public var description: String { message }
}
