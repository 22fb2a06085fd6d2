import QueryEngine
import QueryLanguages
import Storage
import TelemetryModel

/// Runs the commands of a script one after the other.
struct ScriptRunner<Target: ScriptTarget> {
    private var target: Target
    /// Series that have native histograms in the script; those values are not loaded.
    private var histograms: Set<Labels> = []
    private(set) var passed = 0
    private(set) var unsupported: [String] = []
    private(set) var failures: [String] = []

    init(_ target: Target) { self.target = target }

    mutating func run(_ script: PromQLScript) async throws {
        try await target.clear()
        for command in script.commands {
            switch command {
            case .clear:
                try await target.clear()
                histograms = []
            case .load(let series, let withHistograms): try await load(series, withHistograms)
            case .evaluate(let evaluation): try await run(evaluation)
            }
        }
    }

    private mutating func load(
        _ series: [(labels: Labels, points: [(time: Int64, value: Double?)])], _ withHistograms: Bool
    ) async throws {
        for (labels, points) in series {
            if withHistograms { histograms.insert(Self.histogram(of: labels)) }
            if points.contains(where: { $0.value == nil }) { histograms.insert(labels) }
        }
        try await target.load(
            series.map { labels, points in
                ScriptSeries(labels: labels, points: points.compactMap { time, value in value.map { (time, $0) } })
            })
    }

    private mutating func run(_ evaluation: PromQLScript.Evaluation) async throws {
        do {
            let check = ScriptCheck(evaluation)
            do {
                let answer = try await target.answer(evaluation)
                try check.answer(answer)
                if let range = check.surroundingRange(answer) { try check.middle(try await middle(range)) }
            } catch let failure as ScriptFailure {
                try check.failure(failure)
            }
            passed += 1
        } catch let mismatch as ScriptCheck.Mismatch {
            let line = "\(evaluation.line): \(evaluation.query)"
            // Beside native histograms: texts of this project are UTF-8, and one query has one that is not.
            if needsHistograms(evaluation) || evaluation.query.contains("\\xc5") {
                unsupported.append(line)
            } else {
                failures.append("\(line): \(mismatch.text)")
            }
        }
    }

    private func middle(_ range: PromQLScript.Evaluation) async throws -> ScriptAnswer {
        do {
            return try await target.answer(range)
        } catch let failure as ScriptFailure {
            throw ScriptCheck.Mismatch(text: "as a range: \(failure.message)")
        }
    }

    /// The native histogram that stands for the classic one.
    private static func histogram(of labels: Labels) -> Labels {
        var name = labels.metricName
        for suffix in ["_bucket", "_sum", "_count"] where name.hasSuffix(suffix) { name.removeLast(suffix.count) }
        return Labels(labels.list.filter { $0.name != "le" && $0.name != "__name__" } + [Label("__name__", name)])
    }

    /// Whether native histograms take part in the evaluation.
    private func needsHistograms(_ evaluation: PromQLScript.Evaluation) -> Bool {
        if evaluation.wantsHistograms { return true }
        guard let expression = try? PromQLParser.parse(evaluation.query, features: .all) else { return false }
        return histograms.contains { labels in
            expression.selectors.contains { matchers in matchers.allSatisfy { $0.matches(labels[$0.name] ?? "") } }
        }
    }
}
