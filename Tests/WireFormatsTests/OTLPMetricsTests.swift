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

    @Test("an exponential histogram becomes classic buckets, fine scales are halved until bounds are stable")
    func exponential() throws {
        func metric(_ scale: Int, _ positive: String) -> String {
            #"{"name":"t","exponentialHistogram":{"aggregationTemporality":1,"dataPoints":[{"timeUnixNano":"1000000","count":"7","#
                + #""scale":\#(scale),"zeroCount":"1","positive":\#(positive),"negative":{"offset":0,"bucketCounts":["2"]}}]}}"#
        }
        #expect(
            lines(try decode(metric(0, #"{"offset":1,"bucketCounts":["0","4","0"]}"#))) == [
                #"t_bucket{le="+Inf"} 7.0@1 delta"#, #"t_bucket{le="-1"} 2.0@1 delta"#, #"t_bucket{le="0"} 3.0@1 delta"#,
                #"t_bucket{le="8"} 7.0@1 delta"#, "t_count 7.0@1 delta",
            ])
        // Scale 4 has 16 buckets to a doubling; four of them make one at scale 2.
        #expect(
            lines(try decode(metric(4, #"{"offset":16,"bucketCounts":["1","1","1","1"]}"#))).contains(
                #"t_bucket{le="2.378414230005442"} 7.0@1 delta"#))
        #expect(try decode(metric(1000, "{}")).refusals.count == 1)
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
                == #"m{a_b="2;1", host_name="h1", instance="i-1", job="eu/shop", key_="f", key_1x="d", key_y="e"} 1.0@1"#)
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
            + #""count":"6","sum":1.5,"bucketCounts":["1","2","3"],"explicitBounds":[0.005,1]}]}}"#
        let exponential =
            #"{"name":"e","exponentialHistogram":{"aggregationTemporality":1,"dataPoints":[{"timeUnixNano":"1000000","#
            + #""count":"7","scale":3,"zeroCount":"1","positive":{"offset":5,"bucketCounts":["2","1"]}}]}}"#
        let json = "{\"resourceMetrics\":[{\(Self.resource),\"scopeMetrics\":[{\"metrics\":[\(histogram),\(exponential)]}]}]}"
        let bytes = try Array(json.utf8).withUnsafeBytes { try OTLPJSONTranscoder.transcode($0, .metrics).bytes }
        var mutator = Mutator(seed: seed)
        for _ in 0..<5000 {
            do {
                let mutated = mutator.mutate(bytes)
                let batch = try mutated.withUnsafeBytes { try OTLPMetricsDecoder.decode($0) }.batch
                #expect(batch.series.allSatisfy { !batch.labels($0).metricName.isEmpty && $0.samples.count == 1 }, "seed \(seed)")
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
