import QueryLanguages
import Storage
import TelemetryModel

/// What a query found, and what should be said about it.
public struct QueryResult: Sendable {
    /// What was found.
    public var value: QueryValue
    /// Warnings and infos, each once, in the order in which they came up.
    public var annotations: [QueryAnnotation]
    /// What the query took, if that was asked for.
    public var statistics: QueryStatistics?
    /// What each of its expressions took, if that was asked for.
    public var explanation: ExplainedExpression?
}

/// What a query found.
public enum QueryValue: Sendable {
    /// A number at a time (milliseconds since 1970).
    case scalar(Double, at: Int64)
    /// A text at a time (milliseconds since 1970).
    case string(String, at: Int64)
    /// One value a series.
    case vector([InstantSample])
    /// Many values a series.
    case matrix([SeriesSamples])
}

/// The value of a series at a time.
public struct InstantSample: Sendable {
    /// The series.
    public var labels: Labels
    /// Milliseconds since 1970.
    public var timestamp: Int64
    /// The value.
    public var value: Double

    /// Puts a sample together.
    public init(labels: Labels, timestamp: Int64, value: Double) {
        self.labels = labels
        self.timestamp = timestamp
        self.value = value
    }
}

/// Something that whoever asked should know about the answer.
public struct QueryAnnotation: Sendable, Hashable, CustomStringConvertible {
    /// How serious it is.
    public enum Level: String, Sendable {
        /// The answer is probably not what was wanted.
        case warning
        /// The answer may not be what was wanted.
        case info
    }

    /// How serious it is.
    public var level: Level
    /// What it is, with the line and column of the expression that it is about.
    public var message: String

    /// Prometheus's form: `PromQL info: … (1:5)`.
    public var description: String { "PromQL \(level.rawValue): \(message)" }
}

/// The annotations of a query while it runs.
final class AnnotationList {
    /// More different ones are not kept.
    static let limit = 50

    private let expression: String
    private(set) var all: [QueryAnnotation] = []
    private var seen: Set<QueryAnnotation> = []

    init(expression: String) { self.expression = expression }

    func add(_ level: QueryAnnotation.Level, _ message: String, about part: PromQLExpression) {
        guard all.count < Self.limit else { return }
        let (line, column) = PromQLError.lineAndColumn(part.location.lowerBound, in: expression)
        add(QueryAnnotation(level: level, message: "\(message) (\(line):\(column))"))
    }

    /// Says that an answer is not exact in a range, because the samples are gone.
    func add(_ range: CoarseRange) {
        let end = RFC3339.text(nanoseconds: UInt64(clamping: range.through) &* 1_000_000)
        add(QueryAnnotation(level: .warning, message: "only \(range.name) aggregates are kept before \(end)"))
    }

    private func add(_ annotation: QueryAnnotation) {
        if all.count < Self.limit, seen.insert(annotation).inserted { all.append(annotation) }
    }
}
