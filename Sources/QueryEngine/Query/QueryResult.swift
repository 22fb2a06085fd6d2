import QueryLanguages
import Storage
import TelemetryModel

/// What a query found, and what should be said about it.
public struct QueryResult: Sendable {
    /// What was found.
    public var value: QueryValue
    /// Warnings and infos, each once, in the order in which they came up, the first ten of each level.
    public var annotations: [QueryAnnotation]
    /// How many more there were.
    public var omittedAnnotations: [QueryAnnotation.Level: Int] = [:]
    /// What the query took, if that was asked for.
    public var statistics: QueryStatistics?
    /// What each of its expressions took, if that was asked for.
    public var explanation: ExplainedExpression?

    /// The annotations of a level as Prometheus's answers have them; the last one says how many there are no texts of.
    public func annotationTexts(_ level: QueryAnnotation.Level) -> [String] {
        let texts = annotations.filter { $0.level == level }.map(\.description)
        return texts + (omittedAnnotations[level].map { ["\($0) more \(level.rawValue) annotations omitted"] } ?? [])
    }
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
