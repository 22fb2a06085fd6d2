import QueryEngine
import Storage
import TelemetryModel

/// Compares the answer to a query with what a script expects.
struct ScriptCheck {
    /// What is not as expected.
    struct Mismatch: Error { var text: String }

    private let evaluation: PromQLScript.Evaluation

    init(_ evaluation: PromQLScript.Evaluation) { self.evaluation = evaluation }

    private var isOrdered: Bool { evaluation.expectations.contains { if case .ordered = $0 { true } else { false } } }

    // MARK: What is said

    /// Whether it was to fail, and so.
    func failure(_ failure: ScriptFailure) throws {
        var isExpected = false
        for case .fail(let match) in evaluation.expectations {
            if let match, try !match.matches(failure.message) { throw Mismatch(text: "failed with \(failure.message)") }
            isExpected = true
        }
        if !isExpected { throw Mismatch(text: "failed with \(failure.message)") }
    }

    /// Whether value and annotations are as expected.
    func answer(_ answer: ScriptAnswer) throws {
        if evaluation.expectations.contains(where: { if case .fail = $0 { true } else { false } }) {
            throw Mismatch(text: "should have failed")
        }
        try annotations(answer)
        try value(answer.value)
    }

    private func annotations(_ answer: ScriptAnswer) throws {
        var expectedWarnings: [PromQLScript.Match?] = []
        var expectedInfos: [PromQLScript.Match?] = []
        for expectation in evaluation.expectations {
            switch expectation {
            case .noWarn where !answer.warnings.isEmpty: throw Mismatch(text: "warned \(answer.warnings)")
            case .noInfo where !answer.infos.isEmpty: throw Mismatch(text: "said \(answer.infos)")
            case .warn(let match): expectedWarnings.append(match)
            case .info(let match): expectedInfos.append(match)
            default: break
            }
        }
        try compare(answer.warnings, expectedWarnings)
        try compare(answer.infos, expectedInfos)
    }

    /// Every expectation must have its text, and every text an expectation, if there are any.
    private func compare(_ texts: [String], _ expectations: [PromQLScript.Match?]) throws {
        if expectations.isEmpty { return }
        let allMeet = try expectations.allSatisfy { match in try texts.contains { try match?.matches($0) ?? true } }
        let allMet = try texts.allSatisfy { text in try expectations.contains { try $0?.matches(text) ?? true } }
        if !allMeet || !allMet { throw Mismatch(text: "said \(texts)") }
    }

    // MARK: Values

    private func value(_ value: QueryValue) throws {
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
                samples.map { SeriesSamples(labels: $0.labels, timestamps: [$0.timestamp], values: [$0.value]) },
                start: evaluation.start, step: 1, isOrdered: isOrdered)
        case .matrix(let series): try matrix(series)
        }
    }

    private func matrix(_ series: [SeriesSamples]) throws {
        if isOrdered { throw Mismatch(text: "a range of values has no order to expect") }
        guard let range = evaluation.rangeVector else {
            return try compare(series, start: evaluation.start, step: evaluation.step, isOrdered: false)
        }
        let count = Int((range.end - range.start) / range.step) + 1
        if evaluation.series.contains(where: { $0.points.count > count }) { throw Mismatch(text: "more points than times") }
        try compare(series, start: range.start, step: range.step, isOrdered: false)
    }

    private func compare(_ got: [SeriesSamples], start: Int64, step: Int64, isOrdered: Bool) throws {
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
            if isOrdered, match != index { throw Mismatch(text: "order differs: \(shown)") }
            let samples = Dictionary(uniqueKeysWithValues: zip(got[match].timestamps, got[match].values))
            guard samples.count == series.samples.count,
                series.samples.allSatisfy({ time, value in samples[time].map { Self.isNear($0, value) } ?? false })
            else { throw Mismatch(text: "got \(shown)") }
        }
    }

    // MARK: Ranges

    /// The same query over three steps, which must give the same at the middle one; nil where it need not.
    func surroundingRange(_ answer: ScriptAnswer) -> PromQLScript.Evaluation? {
        guard !evaluation.isRange, case .vector = answer.value else { return nil }
        // These look at the query's own range or order.
        let own = ["start()", "end()", "range()", "step()", "topk", "bottomk", "limitk"]
        if own.contains(where: evaluation.query.contains) { return nil }
        var range = evaluation
        range.isRange = true
        (range.start, range.end, range.step) = (evaluation.start - 60_000, evaluation.start + 60_000, 60_000)
        return range
    }

    /// Compares the middle step of the answer to ``surroundingRange(_:)``.
    func middle(_ answer: ScriptAnswer) throws {
        guard case .matrix(let series) = answer.value else { throw Mismatch(text: "as a range: no matrix") }
        let cut = series.compactMap { series -> SeriesSamples? in
            guard let index = series.timestamps.firstIndex(of: evaluation.start) else { return nil }
            return SeriesSamples(labels: series.labels, timestamps: [evaluation.start], values: [series.values[index]])
        }
        do {
            try compare(cut, start: evaluation.start, step: 1, isOrdered: false)
        } catch let error as Mismatch {
            throw Mismatch(text: "as a range: \(error.text)")
        }
    }

    /// Equal up to a millionth, as Prometheus's own runner compares.
    private static func isNear(_ a: Double, _ b: Double) -> Bool {
        if a.isNaN || b.isNaN { return a.isNaN && b.isNaN }
        if a == b { return true }
        let size = a.magnitude + b.magnitude
        let difference = (a - b).magnitude
        if a == 0 || b == 0 || size < .leastNormalMagnitude { return difference < 1e-6 * .leastNormalMagnitude }
        return difference / min(size, .greatestFiniteMagnitude) < 1e-6
    }
}
