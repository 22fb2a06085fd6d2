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

    /// What is said once: of the same sentence about several parts of the expression Prometheus shows the last.
    private struct Sentence: Hashable {
        var level: QueryAnnotation.Level
        var text: String
    }

    private let expression: String
    /// The sentences that are shown, each with the byte of the expression that it is about.
    private var kept: [(sentence: Sentence, offset: Int?)] = []
    /// Where in ``kept`` a sentence is; nil for those beyond the limit.
    private var seen: [Sentence: Int?] = [:]
    /// How many more there were of each level.
    private(set) var omitted: [QueryAnnotation.Level: Int] = [:]

    init(expression: String) { self.expression = expression }

    /// What is shown, in the order in which it was first said.
    var all: [QueryAnnotation] {
        kept.map { sentence, offset in
            guard let offset else { return QueryAnnotation(level: sentence.level, message: sentence.text) }
            let (line, column) = PromQLError.lineAndColumn(offset, in: expression)
            return QueryAnnotation(level: sentence.level, message: "\(sentence.text) (\(line):\(column))")
        }
    }

    func add(_ level: QueryAnnotation.Level, _ message: String, about part: PromQLExpression) {
        add(level, message, at: part.location.lowerBound)
    }

    /// The same with the byte of the expression where that stands which it is about.
    func add(_ level: QueryAnnotation.Level, _ message: String, at offset: Int) {
        add(Sentence(level: level, text: message), at: offset)
    }

    /// Says that an answer is not exact in a range, because the samples are gone.
    func add(_ range: CoarseRange) {
        let end = RFC3339.text(nanoseconds: UInt64(clamping: range.through) &* 1_000_000)
        add(Sentence(level: .warning, text: "only \(range.name) aggregates are kept before \(end)"), at: nil)
    }

    private func add(_ sentence: Sentence, at offset: Int?) {
        if let place = seen[sentence] {
            if let place { kept[place].offset = offset }
            return
        }
        guard seen.count < Self.countedLimit else { return }
        if kept.count(where: { $0.sentence.level == sentence.level }) < Self.limit {
            seen[sentence] = .some(kept.count)
            kept.append((sentence, offset))
        } else {
            seen[sentence] = .some(nil)
            omitted[sentence.level, default: 0] += 1
        }
    }
}
