import QueryLanguages
import Storage
import TelemetryModel

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
    /// So many of each level are kept, as many as Prometheus shows.
    static let limit = 10
    /// So many different ones are told apart; whatever comes then is not counted.
    static let countedLimit = 20_000

    private let expression: String
    private(set) var all: [QueryAnnotation] = []
    /// How many more there were of each level.
    private(set) var omitted: [QueryAnnotation.Level: Int] = [:]
    private var kept: [QueryAnnotation.Level: Int] = [:]
    private var seen: Set<QueryAnnotation> = []

    init(expression: String) { self.expression = expression }

    func add(_ level: QueryAnnotation.Level, _ message: String, about part: PromQLExpression) {
        add(level, message, at: part.location.lowerBound)
    }

    /// The same with the byte of the expression where that stands which it is about.
    func add(_ level: QueryAnnotation.Level, _ message: String, at offset: Int) {
        let (line, column) = PromQLError.lineAndColumn(offset, in: expression)
        add(QueryAnnotation(level: level, message: "\(message) (\(line):\(column))"))
    }

    /// Says that an answer is not exact in a range, because the samples are gone.
    func add(_ range: CoarseRange) {
        let end = RFC3339.text(nanoseconds: UInt64(clamping: range.through) &* 1_000_000)
        add(QueryAnnotation(level: .warning, message: "only \(range.name) aggregates are kept before \(end)"))
    }

    private func add(_ annotation: QueryAnnotation) {
        guard seen.count < Self.countedLimit, seen.insert(annotation).inserted else { return }
        if kept[annotation.level, default: 0] < Self.limit {
            kept[annotation.level, default: 0] += 1
            all.append(annotation)
        } else {
            omitted[annotation.level, default: 0] += 1
        }
    }
}
