import QueryEngine
import TelemetryModel
import Testing

@Suite("info(): labels of info metrics")
struct InformationTests {
    /// `x` on two instances; what is known of `a` changes at 300 s, of `b` nothing is known.
    private static let store: ScriptStore = {
        var store = ScriptStore()
        func add(_ name: String, _ labels: KeyValuePairs<String, String>, _ points: [(time: Int64, value: Double)]) {
            store.add(Labels([Label(Labels.nameLabel, name)] + labels.map { Label($0.key, $0.value) }), points)
        }
        let all: [(time: Int64, value: Double)] = [(0, 1), (300_000, 2), (600_000, 3)]
        add("x", ["instance": "a", "job": "j", "own": "1"], all)
        add("x", ["instance": "b", "job": "j"], all)
        add("target_info", ["instance": "a", "job": "j", "version": "1", "own": "2"], [(0, 1)])
        add("target_info", ["instance": "a", "job": "j", "version": "2"], [(300_000, 1), (600_000, 1)])
        add("build_info", ["instance": "a", "job": "j", "commit": "c"], all)
        add("odd_info", ["instance": "a", "job": "j", "commit": "d"], [(600_000, 1)])
        add("twice_info", ["instance": "a", "job": "j", "n": "1"], all)
        add("twice_info", ["instance": "a", "job": "j", "n": "2"], all)
        return store
    }()

    private func answer(_ query: String, at seconds: Int64) throws -> [String] {
        let engine = PromQLEngine(reader: Self.store, features: .experimentalFunctions)
        guard case .vector(let samples) = try engine.instant(query, at: seconds * 1_000).value else { return [] }
        return samples.map { "\($0.labels) \($0.value)" }.sorted()
    }

    @Test(
        "a series gets the labels that it does not have",
        arguments: [
            ("info(x)", 0, [#"x{instance="a", job="j", own="1", version="1"} 1.0"#, #"x{instance="b", job="j"} 1.0"#]),
            ("info(x)", 300, [#"x{instance="a", job="j", own="1", version="2"} 2.0"#, #"x{instance="b", job="j"} 2.0"#]),
            ("info(x, {version=~\".+\"})", 0, [#"x{instance="a", job="j", own="1", version="1"} 1.0"#]),
            ("info(x, {version=\"1\"})", 600, []),
            ("info(x, {none=~\".*\"})", 0, [#"x{instance="a", job="j", own="1"} 1.0"#, #"x{instance="b", job="j"} 1.0"#]),
            ("info(-x{own=\"1\"})", 600, [#"{instance="a", job="j", own="1", version="2"} -3.0"#]),
            ("info(x{own=\"1\"} offset 10m)", 600, [#"x{instance="a", job="j", own="1", version="1"} 1.0"#]),
            ("info(x{own=\"1\"} @ 0)", 600, [#"x{instance="a", job="j", own="1", version="1"} 1.0"#]),
            (
                "info(x{own=\"1\"}, {__name__=~\"(target|build)_info\"})", 300,
                [#"x{commit="c", instance="a", job="j", own="1", version="2"} 2.0"#]
            ),
            (
                "info(x{own=\"1\"}, {__name__!~\"(odd|twice|target)_info\"})", 0,
                [#"x{commit="c", instance="a", job="j", own="1"} 1.0"#]
            ),
            ("info(build_info)", 0, [#"build_info{commit="c", instance="a", job="j", own="2", version="1"} 1.0"#]),
            ("info(build_info, {__name__=\"build_info\"})", 0, [#"build_info{commit="c", instance="a", job="j"} 1.0"#]),
            ("info(sum(x))", 0, ["{} 2.0"]),
        ] as [(String, Int64, [String])])
    func labels(query: String, at seconds: Int64, wanted: [String]) throws {
        #expect(try answer(query, at: seconds) == wanted)
    }

    @Test("one set of labels after the other over a range")
    func range() throws {
        let engine = PromQLEngine(reader: Self.store, features: .experimentalFunctions)
        let result = try engine.range("info(x{own=\"1\"})", start: 0, end: 600_000, step: 300_000)
        guard case .matrix(let series) = result.value else {
            Issue.record("no matrix")
            return
        }
        #expect(series.map { $0.labels["version"] } == ["1", "2"])
        #expect(series.map(\.timestamps) == [[0], [300_000, 600_000]])
    }

    @Test(
        "what contradicts itself is refused",
        arguments: [
            ("info(x, {__name__=~\"(build|odd)_info\"})", "conflicting label: commit"),
            (
                "info(x, {__name__=\"twice_info\"})",
                #"found duplicate series for info metric: existing {__name__="twice_info", instance="a", job="j", n="1"} @ 600000, new {__name__="twice_info", instance="a", job="j", n="2"} @ 600000"#
            ),
        ])
    func contradictions(query: String, wanted: String) {
        let error = #expect(throws: QueryError.self) { try answer(query, at: 600) }
        #expect(error?.message == wanted)
    }
}
