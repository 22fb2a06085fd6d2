import ByteCoding
import TelemetryModel
import TestSupport
import Testing
import WireFormats

@Suite("OTLP metrics")
struct OTLPMetricsTests {
    private static let resource = """
        "resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}},
        {"key":"service.namespace","value":{"stringValue":"eu"}},{"key":"service.instance.id","value":{"stringValue":"i-1"}},
        {"key":"host.name","value":{"stringValue":"h1"}},{"key":"os.type","value":{"stringValue":"linux"}}]}
        """

    private func decode(_ json: [UInt8]) throws -> DecodedMetrics {
        let result = try json.withUnsafeBytes { try OTLPJSONTranscoder.transcode($0, .metrics) }
        #expect(result.refusals.isEmpty)
        return try result.bytes.withUnsafeBytes { try OTLPMetricsDecoder.decode($0) }
    }

    private func decode(_ metric: String, resource: String = #""resource":{}"#) throws -> DecodedMetrics {
        try decode(Array("{\"resourceMetrics\":[{\(resource),\"scopeMetrics\":[{\"metrics\":[\(metric)]}]}]}".utf8))
    }

    /// Every series as PromQL prints it, with its value and a mark for increments, sorted.
    private func lines(_ decoded: DecodedMetrics) -> [String] {
        decoded.batch.series.map { row in
            let sample = decoded.batch.samples[Int(row.samples.start)]
            let value = Sample.isStale(sample.value) ? "stale" : sample.value.description
            return "\(decoded.batch.labels(row)) \(value)@\(sample.timestamp)\(row.isDelta ? " delta" : "")"
        }.sorted()
    }

    @Test("a sum gets its suffixes, the resource its labels and target_info")
    func sum() throws {
        let metric =
            #"{"name":"http.server.requests","unit":"{request}","sum":{"dataPoints":[{"asInt":"5","timeUnixNano":"7000000","#
            + #""attributes":[{"key":"http.route","value":{"stringValue":"/a"}}]}],"aggregationTemporality":2,"isMonotonic":true}}"#
        #expect(
            lines(try decode(metric, resource: Self.resource)) == [
                #"http_server_requests_total{host_name="h1", http_route="/a", instance="i-1", job="eu/shop"} 5.0@7"#,
                #"target_info{instance="i-1", job="eu/shop", os_type="linux"} 1.0@7"#,
            ])
    }

    @Test("delta sums are increments, gauges and sums without direction have no _total")
    func kinds() throws {
        func metric(_ data: String) -> String { #"{"name":"m","unit":"1",\#(data)}"# }
        let point = #""dataPoints":[{"asDouble":2.5,"timeUnixNano":"1000000"}]"#
        #expect(lines(try decode(metric(#""gauge":{\#(point)}"#))) == ["m_ratio 2.5@1"])
        #expect(
            lines(try decode(metric(#""sum":{\#(point),"aggregationTemporality":1,"isMonotonic":true}"#))) == [
                "m_total 2.5@1 delta"
            ])
        #expect(lines(try decode(metric(#""sum":{\#(point),"aggregationTemporality":2}"#))) == ["m 2.5@1"])
        #expect(try decode(metric(#""sum":{\#(point)}"#)).refusals.count == 1)
    }

    @Test("a histogram becomes cumulative buckets, sum and count")
    func histogram() throws {
        let metric =
            #"{"name":"t","unit":"s","histogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"1000000","#
            + #""count":"6","sum":1.5,"bucketCounts":["1","2","3"],"explicitBounds":[0.005,1]}]}}"#
        #expect(
            lines(try decode(metric)) == [
                #"t_seconds_bucket{le="+Inf"} 6.0@1"#, #"t_seconds_bucket{le="0.005"} 1.0@1"#, #"t_seconds_bucket{le="1"} 3.0@1"#,
                "t_seconds_count 6.0@1", "t_seconds_sum 1.5@1",
            ])
    }

    @Test("a summary becomes quantiles, sum and count")
    func summary() throws {
        let metric =
            #"{"name":"t","summary":{"dataPoints":[{"timeUnixNano":"1000000","count":"6","sum":1.5,"#
            + #""quantileValues":[{"quantile":0.5,"value":2},{"quantile":1,"value":3}]}]}}"#
        #expect(
            lines(try decode(metric)) == [
                "t_count 6.0@1", "t_sum 1.5@1", #"t{quantile="0.5"} 2.0@1"#, #"t{quantile="1"} 3.0@1"#,
            ])
    }

    @Test("no recorded value is a staleness marker")
    func noRecordedValue() throws {
        #expect(lines(try decode(#"{"name":"m","gauge":{"dataPoints":[{"timeUnixNano":"1000000","flags":1}]}}"#)) == ["m stale@1"])
    }

    @Test("attributes whose names become one are joined, labels of ours are not overwritten")
    func collisions() throws {
        let attributes = ["a.b=2", "a_b=1", "job=mine", "le=9", "1x=d", "_y=e", "é=f"].map { pair in
            let parts = pair.split(separator: "=")
            return #"{"key":"\#(parts[0])","value":{"stringValue":"\#(parts[1])"}}"#
        }.joined(separator: ",")
        let decoded = try decode(
            #"{"name":"m","gauge":{"dataPoints":[{"asInt":1,"timeUnixNano":"1000000","attributes":[\#(attributes)]}]}}"#,
            resource: Self.resource)
        #expect(
            lines(decoded).first
                == #"m{a_b="2;1", host_name="h1", instance="i-1", job="eu/shop", key_="f", key_1x="d", key_y="e", le="9"} 1.0@1"#)
    }

    @Test("labels that a metric's series need are not taken from attributes, others of these names are")
    func ownLabels() throws {
        let attributes =
            #""attributes":[{"key":"le","value":{"intValue":"9"}},{"key":"quantile","value":{"boolValue":true}},"#
            + #"{"key":"__name__","value":{"stringValue":"x"}},{"key":"","value":{"stringValue":"x"}},"#
            + #"{"key":"Upper","value":{"doubleValue":0.5}}]"#
        let histogram =
            #""histogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"1000000","count":"1",\#(attributes)}]}"#
        #expect(
            lines(try decode(#"{"name":"m",\#(histogram)}"#)) == [
                #"m_bucket{Upper="0.5", le="+Inf", quantile="true"} 1.0@1"#, #"m_count{Upper="0.5", quantile="true"} 1.0@1"#,
            ])
        let summary = #""summary":{"dataPoints":[{"timeUnixNano":"1000000","quantileValues":[{"value":2}],\#(attributes)}]}"#
        #expect(lines(try decode(#"{"name":"m",\#(summary)}"#)).last == #"m{Upper="0.5", le="9", quantile="0"} 2.0@1"#)
    }

    @Test("the bytes of labels are in canonical order, so that the store need not sort them")
    func canonical() throws {
        let attributes = ["zone", "Upper", "_x", "a.b", "job", "host.name"].map {
            #"{"key":"\#($0)","value":{"stringValue":"v"}}"#
        }.joined(separator: ",")
        let histogram =
            #"{"name":"m","histogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"1000000","count":"1","#
            + #""bucketCounts":["1","0"],"explicitBounds":[0.5],"attributes":[\#(attributes)]}]}}"#
        let batch = try decode(histogram, resource: Self.resource).batch
        #expect(batch.series.count == 4)
        #expect(batch.series.allSatisfy { Array(batch.labelBytes[$0.labels.indices]) == batch.labels($0).bytes })
    }

    @Test("values of every type become labels by their text, empty ones do not")
    func valueTypes() throws {
        let values = [
            "a": #""stringValue":"é""#, "b": #""boolValue":false"#, "c": #""intValue":"-7""#, "d": #""doubleValue":1e21"#,
            "e": #""bytesValue":"AQI=""#, "f": #""arrayValue":{"values":[{"intValue":"1"},{"stringValue":"x"}]}"#,
            "g": #""kvlistValue":{"values":[{"key":"k","value":{"boolValue":true}}]}"#, "h": #""stringValue":"""#, "i": "",
        ]
        let attributes = values.sorted { $0.key > $1.key }.map { #"{"key":"\#($0.key)","value":{\#($0.value)}}"# }
        let decoded = try decode(
            #"{"name":"m","gauge":{"dataPoints":[{"asInt":1,"timeUnixNano":"1000000","#
                + #""attributes":[\#(attributes.joined(separator: ","))]}]}}"#)
        #expect(
            lines(decoded) == [
                #"m{a="é", b="false", c="-7", d="1e+21", e="AQI=", f="[1,\"x\"]", g="{\"k\":true}"} 1.0@1"#
            ])
    }

    @Test("a bound above all that is written out is the bucket of all observations")
    func infiniteBound() throws {
        let metric =
            #"{"name":"t","histogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"1000000","count":"6","#
            + #""bucketCounts":["1","5","0"],"explicitBounds":[1,"Infinity"]}]}}"#
        #expect(lines(try decode(metric)) == [#"t_bucket{le="+Inf"} 6.0@1"#, #"t_bucket{le="1"} 1.0@1"#, "t_count 6.0@1"])
    }

    @Test("no recorded value ends every series of a histogram and a summary")
    func noRecordedHistogram() throws {
        let histogram =
            #"{"name":"t","histogram":{"aggregationTemporality":1,"dataPoints":[{"timeUnixNano":"1000000","flags":1,"#
            + #""bucketCounts":["0","0"],"explicitBounds":[1]}]}}"#
        #expect(
            lines(try decode(histogram)) == [
                #"t_bucket{le="+Inf"} stale@1"#, #"t_bucket{le="1"} stale@1"#, "t_count stale@1", "t_sum stale@1",
            ])
        let summary = #"{"name":"t","summary":{"dataPoints":[{"timeUnixNano":"1000000","flags":1,"quantileValues":[{}]}]}}"#
        #expect(lines(try decode(summary)) == ["t_count stale@1", "t_sum stale@1", #"t{quantile="0"} stale@1"#])
    }

    @Test("many series of long labels are refused before they fill the memory, the points around them are kept")
    func labelBytes() throws {
        let buckets = (0..<999).map { _ in "\"1\"" }.joined(separator: ",")
        let bounds = (0..<998).map(String.init).joined(separator: ",")
        let long = #"{"key":"k","value":{"stringValue":"\#(String(repeating: "v", count: 1_000))"}}"#
        let small = #"{"asInt":1,"timeUnixNano":"1000000"}"#
        let json =
            #"{"resourceMetrics":[{"resource":{},"scopeMetrics":[{"metrics":[{"name":"a","gauge":{"dataPoints":[\#(small)]}},"#
            + #"{"name":"t","histogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"1000000","count":"1","#
            + #""bucketCounts":[\#(buckets)],"explicitBounds":[\#(bounds)],"attributes":[\#(long)]}]}},"#
            + #"{"name":"b","gauge":{"dataPoints":[\#(small)]}}]}]}]}"#
        let bytes = try Array(json.utf8).withUnsafeBytes { try OTLPJSONTranscoder.transcode($0, .metrics).bytes }
        var limits = DecodeLimits()
        limits.labelByteCount = 500_000
        let decoded = try bytes.withUnsafeBytes { try OTLPMetricsDecoder.decode($0, limits: limits) }
        #expect(decoded.refusals.entries.map(\.reason) == [.tooLarge] && decoded.refusals.count == 1)
        #expect(lines(decoded) == ["a 1.0@1", "b 1.0@1"])
    }

    @Test(
        "points that make no sense are refused alone",
        arguments: [
            #""gauge":{"dataPoints":[{"timeUnixNano":"1"},G]}"#, #""gauge":{"dataPoints":[{"asInt":1},G]}"#,
            #""histogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"1","bucketCounts":[1],"explicitBounds":[1]},H]}"#,
            #""histogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"1","bucketCounts":[1,1,1],"explicitBounds":[2,1]},H]}"#,
            #""histogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"1","bucketCounts":[1,1],"explicitBounds":["NaN"]},H]}"#,
        ])
    func badPoints(data: String) throws {
        let good = data.replacing(",G", with: #",{"asInt":1,"timeUnixNano":"1000000"}"#)
            .replacing(",H", with: #",{"count":"0","timeUnixNano":"1000000"}"#)
        let decoded = try decode(#"{"name":"m",\#(good)}"#)
        #expect(decoded.refusals.count == 1 && decoded.refusals.entries.first?.reason == .malformed)
        #expect(!decoded.batch.series.isEmpty)
    }

    @Test(
        "names are spelt as Prometheus users know them",
        arguments: [
            ("system.memory.usage", "By", "other", "system_memory_usage_bytes"),
            ("process.runtime.bytes", "By", "gauge", "process_runtime_bytes"),
            ("system.cpu.time", "s", "counter", "system_cpu_time_seconds_total"),
            ("requests_total", "", "counter", "requests_total"), ("total.requests", "1", "counter", "requests_total"),
            ("cpu.utilization", "1", "gauge", "cpu_utilization_ratio"), ("ratio.of.x", "1", "gauge", "of_x_ratio"),
            ("speed", "m/s", "gauge", "speed_meters_per_second"), ("x", "{packet}", "counter", "x_total"),
            ("x", "{packet}/s", "gauge", "x_per_second"), ("a..b__c-d", "", "other", "a_b_c_d"), ("1st", "", "other", "_1st"),
            ("ns:x", "ms", "other", "ns:x_milliseconds"), ("héllo", "%", "gauge", "h_llo_percent"), ("...", "s", "other", ""),
            ("x", "furlong", "other", "x_furlong"),
        ])
    func names(name: String, unit: String, kind: String, expected: String) {
        let kind: PrometheusNaming.Kind = kind == "gauge" ? .gauge : kind == "counter" ? .monotonicSum : .other
        #expect(PrometheusNaming.metricName(name, unit: unit, kind: kind) == expected)
    }

    @Test("whatever the bytes, decoding ends with a sound batch or an error", arguments: [41, 42] as [UInt64])
    func fuzz(seed: UInt64) throws {
        let histogram =
            #"{"name":"t","unit":"s","histogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"1000000","#
            + #""count":"6","sum":1.5,"bucketCounts":["1","2","3"],"explicitBounds":[0.005,1],"exemplars":[{"asDouble":0.5,"#
            + #""timeUnixNano":"1000000","spanId":"00f067aa0ba902b7"}]}]}}"#
        let exponential =
            #"{"name":"e","exponentialHistogram":{"aggregationTemporality":1,"dataPoints":[{"timeUnixNano":"1000000","#
            + #""count":"7","scale":3,"zeroCount":"1","positive":{"offset":5,"bucketCounts":["2","1"]}}]}}"#
        let json = "{\"resourceMetrics\":[{\(Self.resource),\"scopeMetrics\":[{\"metrics\":[\(histogram),\(exponential)]}]}]}"
        let bytes = try Array(json.utf8).withUnsafeBytes { try OTLPJSONTranscoder.transcode($0, .metrics).bytes }
        let good = try bytes.withUnsafeBytes { try OTLPMetricsDecoder.decode($0) }.batch
        let goodLabels = good.series.map { "\(good.labels($0))" }
        #expect(good.exemplars.count == 1)
        var mutator = Mutator(seed: seed)
        for _ in 0..<2000 {
            do {
                // A request may follow another one: what stands in front is read as ever.
                let mutated = bytes + mutator.mutate(bytes)
                let batch = try mutated.withUnsafeBytes { try OTLPMetricsDecoder.decode($0) }.batch
                #expect(batch.series.allSatisfy { !batch.labels($0).metricName.isEmpty && $0.samples.count > 0 }, "seed \(seed)")
                #expect(batch.series.prefix(good.series.count).map { "\(batch.labels($0))" } == goodLabels, "seed \(seed)")
                #expect(batch.samples.prefix(good.samples.count) == good.samples[...], "seed \(seed)")
                #expect(batch.exemplars.allSatisfy { !batch.exemplar($0).series.metricName.isEmpty }, "seed \(seed)")
            } catch is ByteCodingError {}
        }
    }
}

@Suite("OTLP metrics, example of the specification", .enabled(if: SharedData.isAvailable))
struct OTLPMetricsExampleTests {
    @Test("the specification's metrics")
    func specification() throws {
        let result = try SharedData.read("conformance/otlp/metrics.json").withUnsafeBytes {
            try OTLPJSONTranscoder.transcode($0, .metrics)
        }
        let decoded = try result.bytes.withUnsafeBytes { try OTLPMetricsDecoder.decode($0) }
        #expect(decoded.refusals.isEmpty)
        let names = Set(decoded.batch.series.map { decoded.batch.labels($0).metricName })
        #expect(
            names == [
                "my_counter_total", "my_gauge_ratio", "my_histogram_bucket", "my_histogram_sum", "my_histogram_count",
                "my_exponential_histogram_bucket", "my_exponential_histogram_sum", "my_exponential_histogram_count",
            ])
        #expect(decoded.batch.series.allSatisfy { decoded.batch.labels($0)["job"] == "my.service" })
    }
}
