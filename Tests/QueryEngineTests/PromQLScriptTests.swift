import Foundation
import Platform
import QueryEngine
import QueryLanguages
import Storage
import TelemetryModel
import TestSupport
import Testing

@Suite("Prometheus's own PromQL tests", .enabled(if: SharedData.isAvailable))
struct PromQLScriptTests {
    static let folder = "conformance/promqltest"

    /// What a script came to: every evaluation either passed or needs something that is not there.
    static let expected: [String: (passed: Int, unsupported: Int)] = [
        "aggregators.test": (125, 35), "at_modifier.test": (78, 0), "collision.test": (2, 0), "functions.test": (380, 51),
        "histograms.test": (93, 92), "literals.test": (25, 0), "operators.test": (145, 69), "range_queries.test": (17, 1),
        "selectors.test": (31, 0), "trig_functions.test": (19, 0),
    ]

    @Test(
        "every evaluation gives what Prometheus gives",
        arguments: (try? SharedData.list(folder).filter { $0.hasSuffix(".test") }) ?? [])
    func script(name: String) throws {
        let runner = try run(String(decoding: try SharedData.read("\(Self.folder)/\(name)"), as: UTF8.self), name)
        if let expected = Self.expected[name] {
            #expect(runner.passed >= expected.passed)
            #expect(runner.unsupported.count <= expected.unsupported)
        }
    }

    /// A folder with more scripts, such as those of another version of Prometheus.
    static let furtherFolder = ProcessInfo.processInfo.environment["HEADROPE_PROMQL_SCRIPTS"]
    static let furtherScripts =
        ((try? FileManager.default.contentsOfDirectory(atPath: furtherFolder ?? "")) ?? []).filter { $0.hasSuffix(".test") }
        .sorted()

    @Test("every evaluation of further scripts gives what Prometheus gives", arguments: furtherScripts)
    func furtherScript(name: String) throws {
        let folder = URL(fileURLWithPath: try #require(Self.furtherFolder))
        _ = try run(String(decoding: try Data(contentsOf: folder.appendingPathComponent(name)), as: UTF8.self), name)
    }

    private func run(_ text: String, _ name: String) throws -> ScriptRunner {
        var runner = ScriptRunner()
        try runner.run(try PromQLScript(text))
        for failure in runner.failures { Issue.record("\(name):\(failure)") }
        for line in runner.unsupported { print("\(name): not supported: \(line)") }
        print("\(name): \(runner.passed) passed, \(runner.unsupported.count) not supported, \(runner.failures.count) failed")
        return runner
    }
}

/// Runs the commands of a script one after the other.
struct ScriptRunner {
    private var store = ScriptStore()
    private(set) var passed = 0
    private(set) var unsupported: [String] = []
    private(set) var failures: [String] = []

    struct Mismatch: Error { var text: String }

    mutating func run(_ script: PromQLScript) throws {
        for command in script.commands {
            switch command {
            case .clear: store = ScriptStore()
            case .load(let series, let withHistograms):
                for (labels, points) in series {
                    store.add(labels, points)
                    if withHistograms { addHistogram(of: labels) }
                }
            case .evaluate(let evaluation):
                do {
                    try check(evaluation)
                    passed += 1
                } catch let error as Mismatch {
                    let line = "\(evaluation.line): \(evaluation.query): \(error.text)"
                    // Beside native histograms: texts of this project are UTF-8, and one query has one that is not.
                    if needsHistograms(evaluation) || evaluation.query.contains("\\xc5") {
                        unsupported.append("\(evaluation.line): \(evaluation.query)")
                    } else {
                        failures.append(line)
                    }
                }
            }
        }
    }

    /// The native histogram that stands for the classic one.
    private mutating func addHistogram(of labels: Labels) {
        var name = labels.metricName
        for suffix in ["_bucket", "_sum", "_count"] where name.hasSuffix(suffix) { name.removeLast(suffix.count) }
        store.addHistogram(Labels(labels.list.filter { $0.name != "le" && $0.name != "__name__" } + [Label("__name__", name)]))
    }

    /// Whether native histograms take part in the evaluation.
    private func needsHistograms(_ evaluation: PromQLScript.Evaluation) -> Bool {
        if evaluation.wantsHistograms { return true }
        guard let expression = try? PromQLParser.parse(evaluation.query, features: .all) else { return false }
        return store.histograms.contains { labels in
            Self.selectors(expression).contains { matchers in matchers.allSatisfy { $0.matches(labels[$0.name] ?? "") } }
        }
    }

    private static func selectors(_ expression: PromQLExpression) -> [[LabelMatcher]] {
        switch expression.node {
        case .selector(let selector), .range(let selector, _): [selector.matchers]
        default: expression.children.flatMap(selectors)
        }
    }

    // MARK: Checking

    private func check(_ evaluation: PromQLScript.Evaluation) throws {
        let engine = PromQLEngine(reader: store, time: ManualTime(now: 0), features: .all)
        let result: QueryResult
        do {
            result =
                try evaluation.isRange
                ? engine.range(evaluation.query, start: evaluation.start, end: evaluation.end, step: evaluation.step)
                : engine.instant(evaluation.query, at: evaluation.start)
        } catch {
            try checkFailure(evaluation, error)
            return
        }
        if evaluation.expectations.contains(where: { if case .fail = $0 { true } else { false } }) {
            throw Mismatch(text: "should have failed")
        }
        try checkAnnotations(evaluation, result.annotations)
        try checkValue(evaluation, result.value)
        if !evaluation.isRange, case .vector = result.value { try checkAsRange(evaluation, engine) }
    }

    private func checkFailure(_ evaluation: PromQLScript.Evaluation, _ error: QueryError) throws {
        var isExpected = false
        for case .fail(let match) in evaluation.expectations {
            if let match, try !match.matches(error.message) { throw Mismatch(text: "failed with \(error.message)") }
            isExpected = true
        }
        if !isExpected { throw Mismatch(text: "failed with \(error.message)") }
    }

    private func checkAnnotations(_ evaluation: PromQLScript.Evaluation, _ annotations: [QueryAnnotation]) throws {
        let warnings = annotations.filter { $0.level == .warning }.map(\.description)
        let infos = annotations.filter { $0.level == .info }.map(\.description)
        var expectedWarnings: [PromQLScript.Match?] = []
        var expectedInfos: [PromQLScript.Match?] = []
        for expectation in evaluation.expectations {
            switch expectation {
            case .noWarn where !warnings.isEmpty: throw Mismatch(text: "warned \(warnings)")
            case .noInfo where !infos.isEmpty: throw Mismatch(text: "said \(infos)")
            case .warn(let match): expectedWarnings.append(match)
            case .info(let match): expectedInfos.append(match)
            default: break
            }
        }
        try compare(warnings, expectedWarnings)
        try compare(infos, expectedInfos)
    }

    /// Every expectation must have its text, and every text an expectation, if there are any.
    private func compare(_ texts: [String], _ expectations: [PromQLScript.Match?]) throws {
        if expectations.isEmpty { return }
        let allMeet = try expectations.allSatisfy { match in try texts.contains { try match?.matches($0) ?? true } }
        let allMet = try texts.allSatisfy { text in try expectations.contains { try $0?.matches(text) ?? true } }
        if !allMeet || !allMet { throw Mismatch(text: "said \(texts)") }
    }

    private func checkValue(_ evaluation: PromQLScript.Evaluation, _ value: QueryValue) throws {
        let wantsText = evaluation.expectations.contains { if case .string = $0 { true } else { false } }
        if wantsText, case .string = value {} else if wantsText { throw Mismatch(text: "got no string") }
        switch value {
        case .scalar(let number, _):
            guard let wanted = evaluation.scalar, Self.isNear(number, wanted) else { throw Mismatch(text: "got \(number)") }
        case .string(let text, _):
            for case .string(let wanted) in evaluation.expectations where wanted == text { return }
            throw Mismatch(text: "got \"\(text)\"")
        case .vector(let samples):
            try compare(
                samples.map { SeriesSamples(labels: $0.labels, timestamps: [$0.timestamp], values: [$0.value]) }, evaluation,
                start: evaluation.start, step: 1)
        case .matrix(let series):
            let start = evaluation.rangeVector?.start ?? evaluation.start
            if evaluation.expectations.contains(where: { if case .ordered = $0 { true } else { false } }) {
                throw Mismatch(text: "a range of values has no order to expect")
            }
            if let range = evaluation.rangeVector {
                let count = Int((range.end - range.start) / range.step) + 1
                if evaluation.series.contains(where: { $0.points.count > count }) { throw Mismatch(text: "more points than times") }
            }
            try compare(series, evaluation, start: start, step: evaluation.rangeVector?.step ?? evaluation.step)
        }
    }

    private func compare(
        _ got: [SeriesSamples], _ evaluation: PromQLScript.Evaluation, start: Int64, step: Int64
    ) throws {
        var wanted: [(labels: Labels, samples: [Int64: Double])] = []
        for series in evaluation.series {
            var samples: [Int64: Double] = [:]
            for (index, point) in series.points.enumerated() {
                if case .value(let value) = point { samples[start + Int64(index) * step] = value }
                if case .histogram = point { throw Mismatch(text: "native histogram wanted") }
            }
            if !samples.isEmpty { wanted.append((series.labels, samples)) }
        }
        if let scalar = evaluation.scalar, evaluation.isRange { wanted.append((.empty, [start: scalar])) }
        let shown = got.map { "\($0.labels) \(Array(zip($0.timestamps, $0.values)))" }.joined(separator: "; ")
        guard got.count == wanted.count else { throw Mismatch(text: "got \(got.count) series: \(shown)") }
        for (index, series) in wanted.enumerated() {
            guard let match = got.firstIndex(where: { $0.labels == series.labels }) else { throw Mismatch(text: "got \(shown)") }
            let isOrdered = evaluation.expectations.contains { if case .ordered = $0 { true } else { false } }
            if isOrdered, match != index { throw Mismatch(text: "order differs: \(shown)") }
            let samples = Dictionary(uniqueKeysWithValues: zip(got[match].timestamps, got[match].values))
            guard samples.count == series.samples.count,
                series.samples.allSatisfy({ time, value in samples[time].map { Self.isNear($0, value) } ?? false })
            else { throw Mismatch(text: "got \(shown)") }
        }
    }

    /// The same query over three steps must give the same at the middle one.
    private func checkAsRange(_ evaluation: PromQLScript.Evaluation, _ engine: PromQLEngine) throws {
        // These look at the query's own range or order.
        if ["start()", "end()", "range()", "step()", "topk", "bottomk", "limitk"].contains(where: evaluation.query.contains) {
            return
        }
        var middle = evaluation
        middle.expectations.removeAll { if case .ordered = $0 { true } else { false } }
        let result: QueryResult
        do {
            result = try engine.range(
                evaluation.query, start: evaluation.start - 60_000, end: evaluation.start + 60_000, step: 60_000)
        } catch {
            throw Mismatch(text: "as a range: \(error)")
        }
        guard case .matrix(let series) = result.value else { throw Mismatch(text: "as a range: no matrix") }
        let cut = series.compactMap { series -> SeriesSamples? in
            guard let index = series.timestamps.firstIndex(of: evaluation.start) else { return nil }
            return SeriesSamples(labels: series.labels, timestamps: [evaluation.start], values: [series.values[index]])
        }
        do {
            try compare(cut, middle, start: evaluation.start, step: 1)
        } catch let error as Mismatch {
            throw Mismatch(text: "as a range: \(error.text)")
        }
    }

    /// Equal up to a millionth, as Prometheus's own runner compares.
    static func isNear(_ a: Double, _ b: Double) -> Bool {
        if a.isNaN || b.isNaN { return a.isNaN && b.isNaN }
        if a == b { return true }
        let size = a.magnitude + b.magnitude
        let difference = (a - b).magnitude
        if a == 0 || b == 0 || size < .leastNormalMagnitude { return difference < 1e-6 * .leastNormalMagnitude }
        return difference / min(size, .greatestFiniteMagnitude) < 1e-6
    }
}
