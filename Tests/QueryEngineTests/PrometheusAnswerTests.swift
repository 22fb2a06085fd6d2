import Platform
import QueryEngine
import QueryLanguages
import TelemetryModel
import Testing

/// Answers that Prometheus 3.5.3 gave over the same samples: what no script of Prometheus tells, and what follows from how it
/// is built rather than from what it promises.
@Suite("Answers of Prometheus 3")
struct PrometheusAnswerTests {
    /// Twelve series with equal values, zeros of both signs and NaN at 3,000 s.
    private static let engine: PromQLEngine = {
        var store = ScriptStore()
        let values = [1, 2, 2, Double.nan, 3, 3, .nan, 1, 0, -0.0, 2, 1]
        let texts = ["9", "10", "010", "1", "a2", "a10", "", "01", "é", "B", "a", "2"]
        for (index, value) in values.enumerated() {
            let number = (index < 10 ? "0" : "") + "\(index)"
            store.add(
                Labels(["__name__": "lit", "i": number, "job": index % 2 == 0 ? "a" : "b", "v": texts[index]]), [(3_000_000, value)]
            )
        }
        return PromQLEngine(reader: store, time: ManualTime(now: 0), features: .all)
    }()

    /// `i=value` of every series in the order of the answer.
    private static func shown(_ value: QueryValue) -> [String] {
        guard case .vector(let samples) = value else { return ["no vector"] }
        return samples.map { "\($0.labels["i"] ?? "")=\(PromQLNumber.text($0.value))" }
    }

    @Test(
        "ties, NaN and zeros come in Prometheus's order",
        arguments: [
            ("topk(3, lit)", "04=3 05=3 02=2"), ("bottomk(5, lit)", "09=-0 08=0 11=1 00=1 07=1"),
            ("topk(12, lit)", "04=3 05=3 02=2 01=2 10=2 00=1 11=1 07=1 08=0 09=-0 03=NaN 06=NaN"),
            ("bottomk(12, lit)", "08=0 09=-0 00=1 07=1 11=1 01=2 02=2 10=2 04=3 05=3 03=NaN 06=NaN"),
            ("limitk(4, lit)", "03=NaN 00=1 02=2 01=2"),
            ("sort(lit)", "08=0 09=-0 00=1 07=1 11=1 01=2 02=2 10=2 04=3 05=3 06=NaN 03=NaN"),
            ("sort_desc(lit)", "04=3 05=3 01=2 02=2 10=2 00=1 07=1 11=1 08=0 09=-0 06=NaN 03=NaN"),
            ("sort_by_label(lit, \"v\")", "03=NaN 00=1 02=2 01=2 04=3 05=3 06=NaN 07=1 11=1 09=-0 10=2 08=0"),
            ("sort_by_label_desc(lit, \"v\")", "08=0 06=NaN 05=3 04=3 10=2 09=-0 01=2 02=2 00=1 11=1 03=NaN 07=1"),
        ])
    func order(query: String, expected: String) throws {
        #expect(Self.shown(try Self.engine.instant(query, at: 3_000_000).value).joined(separator: " ") == expected)
    }

    @Test(
        "limit_ratio takes the series that Prometheus takes",
        arguments: [
            ("limit_ratio(0.5, lit)", "00=1 01=2 03=NaN 04=3 06=NaN"), ("limit_ratio(-0.3, lit)", "02=2 05=3 07=1 08=0 09=-0"),
            ("count(limit_ratio(1.1, lit))", "=12"), ("limit_ratio(0, lit)", ""),
        ])
    func sampling(query: String, expected: String) throws {
        #expect(Self.shown(try Self.engine.instant(query, at: 3_000_000).value).sorted().joined(separator: " ") == expected)
    }

    @Test(
        "single values",
        arguments: [
            ("count_values without (i, job, v) (\"v\", lit)", "12"), ("clamp(lit{i=\"09\"}, 0, 1)", "0"),
            ("clamp_min(lit{i=\"08\"}, -0.0)", "0"), ("year(vector(NaN))", "292277026596"), ("hour(vector(-Inf))", "15"),
            ("day_of_year(vector(1e18))", "297"), ("minute(vector(9.2e18))", "33"), ("year(vector(-9.2e18))", "-291536392293"),
            ("ts_of_last_over_time(vector(1)[5m:1m] offset 1h)", "0"),
            (histogram("0x1p2"), "4"), (histogram("1_0"), "10"), (histogram("1e400"), "NaN"), (histogram("-nan"), "NaN"),
            ("histogram_fraction(0, 4, \(buckets("4")))", "0.5"),
            ("-abs(label_replace(lit{i=\"01\"}, \"__type__\", \"a\", \"\", \"\"))", "-2"),
        ])
    func value(query: String, expected: String) throws {
        guard case .vector(let samples) = try Self.engine.instant(query, at: 3_000_000).value else {
            Issue.record("no vector")
            return
        }
        #expect(samples.map { PromQLNumber.text($0.value) } == [expected])
        #expect(samples.allSatisfy { $0.labels["__type__"] == nil })
    }

    private static func buckets(_ bound: String) -> String {
        "(label_replace(vector(10), \"le\", \"\(bound)\", \"\", \"\") or label_replace(vector(20), \"le\", \"inFinity\", \"\", \"\"))"
    }

    private static func histogram(_ bound: String) -> String { "histogram_quantile(0.5, \(buckets(bound)))" }

    @Test(
        "nothing comes of what is passed over",
        arguments: [
            "histogram_count(lit)", "histogram_stddev(lit)", "timestamp(lit @ 3001 offset 2s)", "topk(-Inf, lit)", "lit offset 5m",
        ])
    func nothing(query: String) throws { #expect(Self.shown(try Self.engine.instant(query, at: 3_000_000).value).isEmpty) }

    @Test("absent has no label that is asked for twice")
    func absent() throws {
        let query = "absent(none{a=\"1\", b!=\"2\", b=\"3\", c=~\"4\"})"
        guard case .vector(let samples) = try Self.engine.instant(query, at: 3_000_000).value else { return }
        #expect(samples.map(\.labels) == [Labels(["a": "1"])])
    }

    @Test("end() is where a range was asked to end, and a parameter of what is the same at all steps is the first one")
    func range() throws {
        let late = try Self.engine.range("lit{i=\"00\"} @ end()", start: 2_991_000, end: 3_000_000, step: 5_000)
        guard case .matrix(let series) = late.value else { return }
        #expect(series.map(\.values) == [[1, 1]])
        let first = try Self.engine.range("topk(time() - 2990, lit @ 3000)", start: 2_991_000, end: 3_000_000, step: 5_000)
        guard case .matrix(let kept) = first.value else { return }
        #expect(kept.map(\.timestamps) == [[2_991_000, 2_996_000]])
    }

    @Test(
        "mistakes are told in Prometheus's words",
        arguments: [
            ("double_exponential_smoothing(lit[5m], 2, 0.5)", "invalid smoothing factor. Expected: 0 < sf < 1, got: 2.000000"),
            ("double_exponential_smoothing(lit[5m], 0.1, -1e3)", "invalid trend factor. Expected: 0 < tf < 1, got: -1000.000000"),
            ("topk(1e30, lit)", "Scalar value 1e+30 overflows int64"),
            ("label_replace(lit, \"\", \"x\", \"i\", \"(\")", "invalid regular expression in label_replace(): ("),
            ("label_join(lit, \"x\", \",\", \"i\", \"\")", "invalid source label name in label_join(): "),
            (
                "lit * on (job) group_right lit{i=\"03\"}",
                #"found duplicate series for the match group {job="a"} on the left hand-side of the operation: [{__name__="lit", i="00", job="a", v="9"}, {__name__="lit", i="02", job="a", v="010"}];many-to-many matching not allowed: matching labels must be unique on one side"#
            ),
        ])
    func mistake(query: String, expected: String) {
        let error = #expect(throws: QueryError.self) { try Self.engine.instant(query, at: 3_000_000) }
        #expect(error?.message == expected)
    }

    @Test(
        "annotations have Prometheus's words and places",
        arguments: [
            ("quantile(1234567, lit)", ["PromQL warning: quantile value should be between 0 and 1, got 1.234567e+06 (1:10)"]),
            ("quantile_over_time(2, lit[1s])", ["PromQL warning: quantile value should be between 0 and 1, got 2 (1:20)"]),
            ("quantile_over_time(2, none[1s])", []), ("rate(none[1m])", []),
            ("limit_ratio(1.1, lit)", ["PromQL warning: ratio value should be between -1 and 1, got 1.1, capping to 1 (1:13)"]),
            (
                "rate(label_replace(vector(1), \"__name__\", \"y\", \"\", \"\")[5m:1m])",
                [
                    "PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"y\" (1:1)"
                ]
            ),
        ])
    func annotations(query: String, expected: [String]) throws {
        #expect(try Self.engine.instant(query, at: 3_000_000).annotations.map(\.description) == expected)
    }

    @Test("of many annotations ten are told, and how many more there are")
    func manyAnnotations() throws {
        let result = try Self.engine.range(
            "quantile_over_time(time(), lit{i=\"00\"}[1m])", start: 3_000_000, end: 3_024_000, step: 2_000)
        #expect(result.annotationTexts(.warning).count == 11)
        #expect(result.annotationTexts(.warning).last == "3 more warning annotations omitted")
        #expect(result.annotationTexts(.info).isEmpty)
    }
}
