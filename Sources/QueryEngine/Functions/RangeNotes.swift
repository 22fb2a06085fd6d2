import QueryLanguages
import TelemetryModel

/// What should be said about the series that a range function finds: gathered column by column, said once at the end.
struct RangeNotes {
    /// What is looked for.
    enum Kind: Sendable {
        case nothing
        /// The names of what should be counters; nil when they must be read from the series.
        case counters(name: String?)
        /// At which steps there is something to take these quantiles of.
        case quantiles([Double], PromQLExpression)
    }

    private let kind: Kind
    private let range: PromQLExpression
    private var names: Set<String> = []
    private var found: [Bool] = []
    private var labels: [UInt8] = []

    init(_ kind: Kind, about range: PromQLExpression) {
        self.kind = kind
        self.range = range.unwrapped
    }

    /// Whether columns must come with their names, which ``pass`` drops.
    static func readsNames(_ kind: Kind) -> Bool { if case .counters(name: nil) = kind { true } else { false } }

    /// Looks at a column and passes it on.
    mutating func pass(_ column: ColumnView, _ body: (ColumnView) throws -> Void) throws {
        switch kind {
        case .nothing: break
        case .counters(let name?): names.insert(name)
        case .counters(name: nil):
            names.insert(Labels(canonicalBytes: Array(column.labelBytes)).metricName)
            LabelFilter.withoutName.apply(column.labelBytes, into: &labels)
            return try labels.withUnsafeBytes { try body(ColumnView(labelBytes: $0, values: column.values)) }
        case .quantiles(let quantiles, _):
            if found.isEmpty { found = [Bool](repeating: false, count: quantiles.count) }
            for step in found.indices where !Column.isAbsent(column.values[step]) { found[step] = true }
        }
        try body(column)
    }

    /// Says what there is to say.
    func say(in evaluator: Evaluator) {
        if case .quantiles(let quantiles, let argument) = kind {
            for step in found.indices where found[step] { evaluator.checkQuantile(quantiles[step], argument) }
        }
        for name in names.sorted() where !name.isEmpty && !Self.isCounter(name) {
            let text = "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"\(name)\""
            // Prometheus puts the samples of a subquery in its place and so loses where it stood.
            if case .subquery = range.node {
                evaluator.annotations.add(.info, text, at: 0)
            } else {
                evaluator.annotations.add(.info, text, about: range)
            }
        }
    }

    private static func isCounter(_ name: String) -> Bool {
        ["_total", "_sum", "_count", "_bucket"].contains(where: name.hasSuffix)
    }
}
