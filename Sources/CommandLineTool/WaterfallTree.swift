import Answers
import TelemetryModel
import TraceAnalysis

/// The lines of a waterfall: spans, and siblings that look alike as one.
///
/// Siblings are alike when service, operation, statement and outcome are. More than ``siblingLimit`` of them are one line; what
/// is below such a line is put together over all of them, so that a drawing has a line for each path at most.
struct WaterfallTree {
    /// A line: one span, or several that are alike.
    struct Line {
        /// The places of its spans in the trace.
        var spans: [Int]
        var depth: Int
        /// The statement without its literals, or "".
        var statement: String
    }

    /// So many siblings that are alike have a line each.
    static let siblingLimit = 3

    private struct Likeness: Hashable {
        var service: String
        var operation: String
        var statement: String
        var status: String
        var statusMessage: String
        var asynchronous: Bool
        var missingParent: Bool
    }

    private let spans: [TraceSpan]
    private let folds: Bool
    private var children: [[Int]]
    private var roots: [Int] = []
    /// The lines, at most as many as were asked for.
    private(set) var lines: [Line] = []
    /// How many spans stand behind no line.
    private(set) var hiddenCount = 0

    init(_ spans: [TraceSpan], folds: Bool, lineLimit: Int) {
        self.spans = spans
        self.folds = folds
        children = [[Int]](repeating: [], count: spans.count)
        // The last span of each depth: whoever comes next one deeper is its child.
        var path: [Int] = []
        for (index, span) in spans.enumerated() {
            let depth = min(max(span.depth, 0), path.count)
            path.removeLast(path.count - depth)
            if let parent = path.last { children[parent].append(index) } else { roots.append(index) }
            path.append(index)
        }
        makeLines(lineLimit)
    }

    private mutating func makeLines(_ limit: Int) {
        // A stack of our own: traces may be as deep as they are long.
        var waiting = Array(groups(roots, siblingLimit: Self.siblingLimit, depth: nil).reversed())
        var shownCount = 0
        while let line = waiting.popLast() {
            if lines.count == limit { break }
            lines.append(line)
            shownCount += line.spans.count
            let below = line.spans.flatMap { children[$0] }
            let siblingLimit = line.spans.count > 1 ? 1 : Self.siblingLimit
            waiting += groups(below, siblingLimit: siblingLimit, depth: line.depth + 1).reversed()
        }
        hiddenCount = spans.count - shownCount
    }

    private func groups(_ siblings: [Int], siblingLimit: Int, depth: Int?) -> [Line] {
        var groups: [Line] = []
        var placeOfLikeness: [Likeness: Int] = [:]
        for index in siblings {
            let statement = StatementText.fingerprint(of: spans[index])
            let likeness = likeness(spans[index], statement)
            if let place = placeOfLikeness[likeness] {
                groups[place].spans.append(index)
            } else {
                placeOfLikeness[likeness] = groups.count
                groups.append(Line(spans: [index], depth: depth ?? max(spans[index].depth, 0), statement: statement))
            }
        }
        if folds, !groups.contains(where: { $0.spans.count > 1 && $0.spans.count <= siblingLimit }) { return groups }
        let single = groups.flatMap { group in
            folds && group.spans.count > siblingLimit
                ? [group] : group.spans.map { Line(spans: [$0], depth: group.depth, statement: group.statement) }
        }
        return single.sorted { $0.spans[0] < $1.spans[0] }
    }

    private func likeness(_ span: TraceSpan, _ statement: String) -> Likeness {
        Likeness(
            service: span.service, operation: span.operation, statement: statement, status: span.status,
            statusMessage: span.statusMessage, asynchronous: span.asynchronous, missingParent: span.missingParent)
    }
}

/// The statement of a span as people compare it.
enum StatementText {
    /// The last is what older tracers of Zipkin wrote.
    private static let texts = SemanticConventions.databaseQuery + ["sql.query"]

    /// The statement without its literals; "" for a span that has none.
    static func fingerprint(of span: TraceSpan) -> String {
        guard let text = value(texts, span), !text.isEmpty else { return "" }
        return StatementFingerprint.fingerprint(
            text, StatementFingerprint.Dialect(system: value(SemanticConventions.databaseSystem, span) ?? ""))
    }

    private static func value(_ keys: [String], _ span: TraceSpan) -> String? {
        for key in keys {
            if let attribute = span.attributes.first(where: { $0.key == key }) { return attribute.value }
        }
        return nil
    }
}
