import ByteCoding
import TelemetryModel
import Testing
import WireFormats

@Suite("What comes along with OTLP metrics")
struct OTLPMetricSidesTests {
    private func decode(_ metric: String, resource: String = "{}") throws -> DecodedMetrics {
        let json = "{\"resourceMetrics\":[{\"resource\":\(resource),\"scopeMetrics\":[{\"metrics\":[\(metric)]}]}]}"
        let result = try Array(json.utf8).withUnsafeBytes { try OTLPJSONTranscoder.transcode($0, .metrics) }
        #expect(result.refusals.isEmpty)
        return try result.bytes.withUnsafeBytes { try OTLPMetricsDecoder.decode($0) }
    }

    /// Every exemplar as `series labels value@time`.
    private func exemplars(_ decoded: DecodedMetrics) -> [String] {
        decoded.batch.exemplars.map(decoded.batch.exemplar).map { series, exemplar in
            "\(series) \(exemplar.labels) \(exemplar.value)@\(exemplar.timestamp)"
        }
    }

    private static let trace = #""traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331""#
    private static let ids = #"span_id="b7ad6b7169203331", trace_id="0af7651916cd43dd8448eb211c80319c""#

    @Test("exemplars of a sum go to its series, those of a gauge nowhere else")
    func sum() throws {
        let point =
            #"{"asInt":"5","timeUnixNano":"7000000","exemplars":[{\#(Self.trace),"asInt":"3","timeUnixNano":"6000000","#
            + #""filteredAttributes":[{"key":"user.id","value":{"intValue":"42"}}]},{"asDouble":0.5}]}"#
        let decoded = try decode(
            #"{"name":"c","sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[\#(point)]}}"#)
        #expect(
            exemplars(decoded) == [
                #"c_total {\#(Self.ids), user.id="42"} 3.0@6"#, "c_total {} 0.5@7",
            ])
        #expect(decoded.exemplarRefusals.isEmpty)
    }

    @Test("exemplars of a histogram go to the bucket that counts them")
    func histogram() throws {
        let values = ["0.5", "1", "1.5", "99", "-1"].map { #"{"asDouble":\#($0),"timeUnixNano":"1000000"}"# }
        let decoded = try decode(
            #"{"name":"h","histogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"2000000","count":"5","#
                + #""bucketCounts":["1","2","1","1"],"explicitBounds":[0,1,2],"exemplars":[\#(values.joined(separator: ","))]}]}}"#)
        #expect(
            exemplars(decoded) == [
                #"h_bucket{le="1"} {} 0.5@1"#, #"h_bucket{le="1"} {} 1.0@1"#, #"h_bucket{le="2"} {} 1.5@1"#,
                #"h_bucket{le="+Inf"} {} 99.0@1"#, #"h_bucket{le="0"} {} -1.0@1"#,
            ])
        let series = Set(decoded.batch.series.map { "\(decoded.batch.labels($0))" })
        #expect(decoded.batch.exemplars.allSatisfy { series.contains("\(decoded.batch.exemplar($0).series)") })
    }

    @Test("exemplars of an exponential histogram go to the bucket that they were converted to")
    func exponential() throws {
        let decoded = try decode(
            #"{"name":"e","exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"2000000","count":"3","#
                + #""scale":0,"positive":{"offset":0,"bucketCounts":["1","1","1"]},"exemplars":[{"asDouble":3},{"asDouble":9}]}]}}"#
        )
        #expect(exemplars(decoded) == [#"e_bucket{le="4"} {} 3.0@2"#, #"e_bucket{le="+Inf"} {} 9.0@2"#])
    }

    @Test("too many characters leave the ids only; exemplars without a value or that cannot be read are refused alone")
    func bounds() throws {
        let long = #""filteredAttributes":[{"key":"k","value":{"stringValue":"\#(String(repeating: "é", count: 65))"}}]"#
        let fits = #""filteredAttributes":[{"key":"k","value":{"stringValue":"\#(String(repeating: "é", count: 64))"}}]"#
        let decoded = try decode(
            #"{"name":"c","sum":{"aggregationTemporality":2,"dataPoints":[{"asInt":"5","timeUnixNano":"7000000","exemplars":["#
                + #"{\#(Self.trace),"asInt":"1",\#(long)},{\#(Self.trace),"asInt":"2",\#(fits)},{\#(Self.trace)},"#
                + #"{"spanId":"0000000000000000","asInt":"3"}]}]}}"#)
        #expect(
            exemplars(decoded) == [
                "c {\(Self.ids)} 1.0@7", #"c {k="\#(String(repeating: "é", count: 64))", \#(Self.ids)} 2.0@7"#, "c {} 3.0@7",
            ])
        #expect(decoded.exemplarRefusals.entries.map(\.reason) == [.malformed] && decoded.exemplarRefusals.count == 1)
        #expect(decoded.refusals.isEmpty && decoded.batch.samples.count == 1)
    }

    @Test(
        "metadata have the name, type and unit that Prometheus's users know",
        arguments: [
            (#""unit":"By","gauge":{"dataPoints":[]}"#, "m_bytes", .gauge, "bytes"),
            (#""unit":"1","sum":{"aggregationTemporality":1,"isMonotonic":true,"dataPoints":[]}"#, "m_total", .counter, ""),
            (#""sum":{"aggregationTemporality":2,"dataPoints":[]}"#, "m", .gauge, ""),
            (
                #""unit":"m/s","histogram":{"aggregationTemporality":2,"dataPoints":[]}"#, "m_meters_per_second", .histogram,
                "meters_per_second"
            ),
            (#""unit":"{x}","exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[]}"#, "m", .histogram, ""),
            (#""unit":"s","summary":{"dataPoints":[]}"#, "m_seconds", .summary, "seconds"),
        ] as [(String, String, MetricType, String)])
    func metadata(metric: String, name: String, type: MetricType, unit: String) throws {
        let decoded = try decode(#"{"name":"m","description":"What it is.",\#(metric)}"#)
        #expect(decoded.batch.metadata == [MetricMetadata(metric: name, type: type, help: "What it is.", unit: unit)])
    }

    @Test("target_info stands at the latest time and every two and a half minutes from the earliest on, within a limit")
    func targetInfo() throws {
        let resource =
            #"{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}},{"key":"os.type","value":{"stringValue":"linux"}},"#
            + #"{"key":"host.name","value":{"stringValue":"h1"}},{"key":"job","value":{"stringValue":"not this"}}]}"#
        func info(_ times: Int64...) throws -> (labels: String, times: [Int64]) {
            let points = times.map { #"{"asInt":1,"timeUnixNano":"\#($0)000000"}"# }.joined(separator: ",")
            let batch = try decode(#"{"name":"m","gauge":{"dataPoints":[\#(points)]}}"#, resource: resource).batch
            let row = try #require(batch.series.last)
            #expect(batch.samples[row.samples.indices].allSatisfy { $0.value == 1 })
            #expect(Array(batch.labelBytes[row.labels.indices]) == batch.labels(row).bytes)
            return ("\(batch.labels(row))", batch.samples[row.samples.indices].map(\.timestamp))
        }
        let one = try info(5_000)
        #expect(one.labels == #"target_info{job="shop", os_type="linux"}"# && one.times == [5_000])
        #expect(try info(310_000, 5_000, 200_000).times == [5_000, 155_000, 305_000, 310_000])
        #expect(try info(5_000, 155_000).times == [5_000, 155_000])
        let far = try info(5_000, 1_000_000_000_000).times
        #expect(far.count == 1_001 && far.last == 1_000_000_000_000 && far.first == 1_000_000_000_000 - 150_000_000)
    }
}
