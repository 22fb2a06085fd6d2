import TelemetryModel

/// What all questions have in common: a range of time, and how much of the answer is wanted.
public struct AnswerRequest: Hashable, Sendable {
    /// The first nanosecond since 1970; by default an hour before ``to``.
    public var from: UInt64?
    /// The first nanosecond that is no longer meant; by default now.
    public var to: UInt64?
    /// At most so many rows; ``defaultLimit`` unless said otherwise.
    public var limit: Int?
    /// Whether the range is kept to the nanosecond by scanning its first and last minute, instead of being widened to
    /// whole minutes.
    public var exact: Bool

    /// How many rows an answer has when nobody says.
    public static let defaultLimit = 100
    /// How many rows an answer may have.
    public static let limitLimit = 10_000
    /// The range when nobody says: an hour.
    public static let defaultRange: UInt64 = 3_600_000_000_000
    /// The longest range: a hundred years.
    public static let rangeLimit: UInt64 = 36525 * 86_400_000_000_000

    /// Describes a request.
    public init(from: UInt64? = nil, to: UInt64? = nil, limit: Int? = nil, exact: Bool = false) {
        self.from = from
        self.to = to
        self.limit = limit
        self.exact = exact
    }

    /// Reads the parameters `from`, `to`, `limit` and `exact` of an HTTP query; others are left alone.
    public init(parameters: [String: String]) throws(AnswerError) {
        from = try Self.time(parameters, "from")
        to = try Self.time(parameters, "to")
        exact = try Self.flag(parameters, "exact")
        if let text = parameters["limit"] {
            guard let number = Int(text), number >= 1, number <= Self.limitLimit else {
                throw AnswerError(.badRequest, "limit must be a whole number from 1 to \(Self.limitLimit).", at: "limit")
            }
            limit = number
        } else {
            limit = nil
        }
    }

    /// A time: RFC 3339, or seconds since 1970 with or without decimals. Throws with the name of the parameter.
    public static func time(_ parameters: [String: String], _ name: String) throws(AnswerError) -> UInt64? {
        guard let text = parameters[name], !text.isEmpty else { return nil }
        if let time = RFC3339.nanoseconds(text) { return time }
        guard let seconds = Double(text), seconds.isFinite, text.utf8.allSatisfy({ Self.numberBytes.contains($0) }) else {
            throw AnswerError(
                .badRequest, "\(name) must be RFC 3339, such as 2026-11-21T09:30:00Z, or seconds since 1970.", at: name)
        }
        guard seconds >= 0, seconds < secondsLimit else {
            throw AnswerError(.badRequest, "\(name) must lie between 1970 and 2554; give seconds, not milliseconds.", at: name)
        }
        return decimalNanoseconds(text) ?? UInt64(seconds * 1e9)
    }

    private static let numberBytes = Set("0123456789.eE+-".utf8)
    /// Below this, nanoseconds fit into 64 bits.
    private static let secondsLimit = 18_446_744_073.0

    /// Plain digits with at most nine decimals, which a double of this size could not keep; nil for anything else.
    private static func decimalNanoseconds(_ text: String) -> UInt64? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = UInt64(parts[0]) else { return nil }
        if parts.count == 1 { return whole * 1_000_000_000 }
        let decimals = parts[1].prefix(9)
        guard parts[1].utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), !decimals.isEmpty,
            let fraction = UInt64(decimals + String(repeating: "0", count: 9 - decimals.count))
        else { return nil }
        return whole * 1_000_000_000 + fraction
    }

    private static func flag(_ parameters: [String: String], _ name: String) throws(AnswerError) -> Bool {
        switch parameters[name] {
        case nil, "", "false", "0": return false
        case "true", "1": return true
        default: throw AnswerError(.badRequest, "\(name) must be true or false.", at: name)
        }
    }
}

/// A request with everything decided.
struct AnswerWindow: Hashable {
    /// Nanoseconds since 1970, inclusive.
    var from: UInt64
    /// Nanoseconds since 1970, exclusive.
    var to: UInt64
    var limit: Int
    var exact: Bool

    static let minute: UInt64 = 60_000_000_000

    init(_ request: AnswerRequest, now: UInt64) throws(AnswerError) {
        let to = request.to ?? max(now, request.from ?? 0)
        let from = request.from ?? (to > AnswerRequest.defaultRange ? to - AnswerRequest.defaultRange : 0)
        guard from <= to else {
            throw AnswerError(
                .badRequest, "from (\(RFC3339.text(nanoseconds: from))) lies after to (\(RFC3339.text(nanoseconds: to))).",
                at: "from")
        }
        guard to - from <= AnswerRequest.rangeLimit else {
            throw AnswerError(.badRequest, "The range is longer than a hundred years.", at: "from")
        }
        let limit = request.limit ?? AnswerRequest.defaultLimit
        guard limit >= 1, limit <= AnswerRequest.limitLimit else {
            throw AnswerError(.badRequest, "limit must be a whole number from 1 to \(AnswerRequest.limitLimit).", at: "limit")
        }
        self.from = from
        self.to = to
        self.limit = limit
        self.exact = request.exact
    }

    private init(from: UInt64, to: UInt64, limit: Int, exact: Bool) {
        self.from = from
        self.to = to
        self.limit = limit
        self.exact = exact
    }

    /// The minutes that the range touches.
    var minutes: ClosedRange<Int64> {
        let first = Int64(from / Self.minute)
        return first...max(first, Int64((to == 0 ? 0 : to - 1) / Self.minute))
    }

    /// The last nanosecond that is meant.
    var through: UInt64 { to > from ? to - 1 : from }

    /// What an answer from sums per minute covers: whole minutes, unless the edges are scanned.
    var rollupRange: AnswerRange {
        if exact { return spanRange }
        let (end, overflow) = (UInt64(minutes.upperBound) + 1).multipliedReportingOverflow(by: Self.minute)
        return AnswerRange(
            from: RFC3339.text(nanoseconds: UInt64(minutes.lowerBound) * Self.minute),
            to: RFC3339.text(nanoseconds: overflow ? .max : end))
    }

    /// What an answer from spans covers: exactly what was asked for.
    var spanRange: AnswerRange { AnswerRange(from: RFC3339.text(nanoseconds: from), to: RFC3339.text(nanoseconds: to)) }

    /// The window of equal length that ends where this one begins.
    var previous: AnswerWindow {
        let length = to - from
        return AnswerWindow(from: from > length ? from - length : 0, to: from, limit: limit, exact: exact)
    }
}
