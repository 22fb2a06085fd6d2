#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A duration that is computed (`5m + 2 * step()`). It becomes a constant as soon as the times of the query are known.
public struct PromQLDurationExpression: Sendable {
    /// The kinds of duration.
    public indirect enum Node: Sendable {
        /// Seconds, and whether they were written as a duration.
        case literal(Double, isDuration: Bool)
        /// The step of the query.
        case step
        /// The length of the query.
        case range
        /// The smaller of two.
        case minimum(PromQLDurationExpression, PromQLDurationExpression)
        /// The larger of two.
        case maximum(PromQLDurationExpression, PromQLDurationExpression)
        /// The negative.
        case negation(PromQLDurationExpression)
        /// Two combined by one of `+ - * / % ^`.
        case binary(PromQLOperator, PromQLDurationExpression, PromQLDurationExpression)
        /// One in parentheses.
        case parentheses(PromQLDurationExpression)
    }

    /// What it is.
    public let node: Node
    /// The bytes of the text where it stands.
    public let location: Range<Int>

    init(_ node: Node, _ location: Range<Int>) {
        self.node = node
        self.location = location
    }

    /// What may stand in a duration and is no keyword.
    static let functionNames: Set<String> = ["range", "min_of", "max_of"]

    /// The seconds, when it is nothing but a number.
    var constant: Double? {
        if case .literal(let seconds, _) = node { seconds } else { nil }
    }

    /// The seconds for a query with this step and length.
    func seconds(_ times: PromQLQueryTimes) throws(PromQLDurationFailure) -> Double {
        switch node {
        case .literal(let seconds, _): return seconds
        case .step: return PromQLDuration.seconds(times.step)
        case .range: return PromQLDuration.seconds(times.end - times.start)
        case .parentheses(let inner): return try inner.seconds(times)
        case .negation(let inner): return -(try inner.seconds(times))
        case .minimum(let a, let b): return Double.minimum(try a.seconds(times), try b.seconds(times))
        case .maximum(let a, let b): return Double.maximum(try a.seconds(times), try b.seconds(times))
        case .binary(let operation, let left, let right):
            return try combined(operation, try left.seconds(times), try right.seconds(times))
        }
    }

    private func combined(_ operation: PromQLOperator, _ a: Double, _ b: Double) throws(PromQLDurationFailure) -> Double {
        switch operation {
        case .add: return a + b
        case .subtract: return a - b
        case .multiply: return a * b
        case .divide:
            if b == 0 { throw PromQLDurationFailure("division by zero", location) }
            return a / b
        case .remainder:
            if b == 0 { throw PromQLDurationFailure("modulo by zero", location) }
            return a.truncatingRemainder(dividingBy: b)
        default: return pow(a, b)
        }
    }
}

/// Why a computed duration has no value, and the bytes of the expression that are to blame.
struct PromQLDurationFailure: Error {
    var message: String
    var location: Range<Int>

    init(_ message: String, _ location: Range<Int>) {
        self.message = message
        self.location = location
    }
}
