import Platform

/// How often, and after which pauses, a request is tried again.
///
/// The pause doubles from ``firstPause`` up to ``longestPause`` and is shortened by up to half at random, so that many
/// senders do not come back at the same moment. A `Retry-After` of the server takes its place.
public struct RetryPolicy: Sendable {
    /// How many attempts there are at most, the first included.
    public var attemptLimit: Int
    /// The pause before the second attempt.
    public var firstPause: Duration
    /// The longest pause; a server that asks for a longer one gets no further attempt.
    public var longestPause: Duration
    /// The statuses worth another attempt.
    public var retryableStatuses: Set<Int>

    /// The statuses that the OTLP specification calls retryable.
    public static let otlpStatuses: Set<Int> = [429, 502, 503, 504]

    /// One attempt only.
    public static let never = RetryPolicy(attemptLimit: 1)

    /// Describes a policy.
    public init(
        attemptLimit: Int = 5, firstPause: Duration = .milliseconds(500), longestPause: Duration = .seconds(30),
        retryableStatuses: Set<Int> = RetryPolicy.otlpStatuses
    ) {
        precondition(attemptLimit > 0, "a policy needs an attempt")
        self.attemptLimit = attemptLimit
        self.firstPause = firstPause
        self.longestPause = longestPause
        self.retryableStatuses = retryableStatuses
    }

    /// Whether an answer with this status is worth another attempt.
    public func isRetryable(_ status: Int) -> Bool { retryableStatuses.contains(status) }

    /// The pause after the given number of failed attempts (1 or more); nil when there is no further attempt.
    public func pause(
        afterAttempts failed: Int, retryAfter: Duration? = nil, random: inout some RandomNumberGenerator
    ) -> Duration? {
        guard failed < attemptLimit else { return nil }
        if let retryAfter { return retryAfter <= longestPause ? retryAfter : nil }
        var pause = firstPause
        for _ in 1..<max(failed, 1) where pause < longestPause { pause *= 2 }
        return min(pause, longestPause) * Double.random(in: 0.5...1, using: &random)
    }
}

extension HTTPAnswer {
    /// How long the server asks to wait (`Retry-After`: seconds, or an HTTP date); nil when it does not say.
    public func retryAfter(now: UInt64) -> Duration? {
        guard let value = header("Retry-After") else { return nil }
        if let seconds = Int64(value) { return .seconds(max(0, seconds)) }
        guard let date = HTTPDate.seconds(value) else { return nil }
        return .seconds(max(0, date - Int64(now / 1_000_000_000)))
    }
}
