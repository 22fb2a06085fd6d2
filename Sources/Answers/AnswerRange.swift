/// The time that an answer covers: from inclusive, to exclusive.
public struct AnswerRange: Codable, Hashable, Sendable {
    /// RFC 3339, UTC.
    public var from: String
    /// RFC 3339, UTC.
    public var to: String

    /// Puts the parts together.
    public init(from: String, to: String) {
        self.from = from
        self.to = to
    }
}

/// Where an answer comes from.
public enum ComputedFrom: String, Codable, Hashable, Sendable {
    /// Sums per minute that the store keeps; the range was widened to whole minutes.
    case rollup
    /// The spans themselves.
    case spans
}

/// What every answer has.
public protocol Answer: Codable, Hashable, Sendable {
    /// What the answer covers.
    var range: AnswerRange { get }
    /// Whether everything asked for is in it; false when a limit cut it short.
    var complete: Bool { get }
    /// Where it comes from.
    var computedFrom: ComputedFrom { get }
}
