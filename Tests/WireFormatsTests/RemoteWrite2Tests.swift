import ByteCoding
import TelemetryModel
import TestSupport
import Testing
import WireFormats

@Suite("Prometheus remote write 2.0")
struct RemoteWrite2Tests {
    private func decode(_ bytes: [UInt8], _ limits: DecodeLimits = DecodeLimits()) throws -> DecodedMetrics {
        try bytes.withUnsafeBytes { try RemoteWrite2Decoder.decode($0, limits: limits) }
    }

    private static let trace = [("trace_id", "0af7"), ("span_id", "b7")]

    /// Two good series with everything that can come along.
    private static func body() -> RemoteWrite2Body {
        var body = RemoteWrite2Body()
        body.append(
            [("__name__", "latency_bucket"), ("le", "0.1"), ("empty", "")], samples: [(1, 1), (2, Sample.staleMarker), (-5, -0.0)],
            exemplars: [(trace, 2, 0.05), ([], 3, .infinity)], metadata: (.histogram, "How long.", "seconds"))
        body.append(
            [("__name__", "latency_sum"), ("job", "a")], samples: [(.max, .pi)], metadata: (.histogram, "How long.", "seconds"))
        return body
    }

    private func lines(_ batch: MetricBatch) -> [String] {
        batch.series.map { row in
            let samples = batch.samples[row.samples.indices].map { "\($0.timestamp)=\(String($0.value.bitPattern, radix: 16))" }
            return "\(batch.labels(row)) \(samples.joined(separator: " "))"
        }
    }

    @Test("labels, samples, exemplars and metadata are read, wherever the symbols stand", arguments: [false, true])
    func everything(symbolsLast: Bool) throws {
        let decoded = try decode(Self.body().bytes(symbolsLast: symbolsLast))
        #expect(decoded.refusals.isEmpty && decoded.exemplarRefusals.isEmpty && decoded.metadataRefusals.isEmpty)
        #expect(
            lines(decoded.batch) == [
                #"latency_bucket{le="0.1"} 1=3ff0000000000000 2=7ff0000000000002 -5=8000000000000000"#,
                #"latency_sum{job="a"} 9223372036854775807=400921fb54442d18"#,
            ])
        let exemplars = decoded.batch.exemplars.map(decoded.batch.exemplar)
        #expect(exemplars.allSatisfy { $0.series == Labels(["__name__": "latency_bucket", "le": "0.1"]) })
        #expect(
            exemplars.map(\.exemplar) == [
                Exemplar(labels: Labels(["span_id": "b7", "trace_id": "0af7"]), value: 0.05, timestamp: 2),
                Exemplar(labels: .empty, value: .infinity, timestamp: 3),
            ])
        #expect(
            Set(decoded.batch.metadata) == [
                MetricMetadata(metric: "latency", type: .histogram, help: "How long.", unit: "seconds")
            ])
    }

    @Test("the bytes of labels are those that version 1.0 gives, so that both find one series")
    func sameSeries() throws {
        var old = ProtobufWriter()
        old.message(1) { series in
            for (name, value) in [("__name__", "latency_sum"), ("job", "a")] {
                series.message(1) { label in
                    label.string(1, name)
                    label.string(2, value)
                }
            }
            series.message(2) { $0.varint(2, 1) }
        }
        let first = try RemoteWriteDecoder.decode(old.bytes).batch
        let second = try decode(Self.body().bytes()).batch
        #expect(first.labels(first.series[0]) == second.labels(second.series[1]))
    }

    @Test(
        "series whose references make no sense are refused alone",
        arguments: [
            ([1], "odd in number"), ([1, 99], "reference 99 is beyond"), ([1, 1 << 40], "is beyond"), ([], "hold no __name__"),
            ([0, 2], "without a name"), ([1, 2, 1, 2], "twice"), ([1, 0], "hold no __name__"),
        ] as [([UInt64], String)])
    func badReferences(references: [UInt64], problem: String) throws {
        var body = Self.body()
        body.append(references: references)
        body.append([("__name__", "last")], samples: [(1, 1)])
        let decoded = try decode(body.bytes())
        #expect(decoded.refusals.entries.map(\.reason) == [.invalidLabels] && decoded.refusals.count == 1)
        #expect(decoded.refusals.entries.first?.example.contains(problem) == true)
        #expect(decoded.batch.series.count == 3 && decoded.batch.labels(decoded.batch.series[2]).metricName == "last")
    }

    @Test("symbol 0 must be empty, and a request of version 1.0 is none")
    func wrongRequests() throws {
        var table = ProtobufWriter()
        table.string(4, "first")
        #expect(throws: ByteCodingError.self) { try decode(table.bytes) }
        var old = ProtobufWriter()
        old.message(1) { $0.message(2) { $0.varint(2, 1) } }
        #expect(throws: ByteCodingError.self) { try decode(old.bytes) }
        var limits = DecodeLimits()
        limits.symbolCount = 3
        let error = #expect(throws: ByteCodingError.self) { try decode(Self.body().bytes(), limits) }
        #expect(error?.kind == .tooLarge)
        #expect(try decode([]).batch.isEmpty)
    }

    @Test("native histograms, series of nothing and bad exemplars are counted, the good ones beside them kept")
    func refusals() throws {
        var body = RemoteWrite2Body()
        body.append([("__name__", "h")], samples: [(1, 1)], histogramCount: 2)
        body.append([("__name__", "h2")], histogramCount: 1)
        body.append([("__name__", "nothing")])
        body.append(
            [("__name__", "x")], samples: [(1, 1)], exemplars: [([("", "v")], 1, 1), ([("a", "1"), ("a", "2")], 1, 1), ([], 1, 1)])
        body.append([("no_name", "x")], samples: [(1, 1)], exemplars: [([], 1, 1)])
        let decoded = try decode(body.bytes())
        #expect(decoded.batch.series.map { decoded.batch.labels($0).metricName } == ["h", "x"])
        #expect(
            decoded.refusals.entries.map { "\($0.reason.rawValue) \($0.count)" } == [
                "unsupported_kind 3", "malformed 1", "invalid_labels 1",
            ])
        #expect(decoded.exemplarRefusals.entries.map(\.reason) == [.invalidLabels] && decoded.exemplarRefusals.count == 3)
        #expect(decoded.batch.exemplars.count == 1)
    }

    @Test("metadata are named as Prometheus's API does, and sets without content are left out")
    func metadata() throws {
        var body = RemoteWrite2Body()
        for (name, type, help) in [
            ("a_total", .counter, "x"), ("h_bucket", .histogram, "x"), ("h_count", .histogram, "x"), ("s_sum", .summary, ""),
            ("_sum", .summary, ""), ("g_gsum", .gaugeHistogram, ""), ("q_bucket", .gauge, ""), ("none", .unknown, ""),
        ] as [(String, MetricType, String)] {
            body.append([("__name__", name)], samples: [(1, 1)], metadata: (type, help, ""))
        }
        #expect(try decode(body.bytes()).batch.metadata.map(\.metric) == ["a_total", "h", "h", "s", "_sum", "g", "q_bucket"])
    }

    @Test(
        "a good request in front of a mutated one is read as ever, and no bytes do more than throw",
        arguments: [51, 52] as [UInt64])
    func fuzz(seed: UInt64) throws {
        var mutator = Mutator(seed: seed)
        let bytes = Self.body().bytes()
        let expected = lines(try decode(bytes).batch)
        for _ in 0..<5000 {
            let mutated = mutator.mutate(bytes)
            do {
                let batch = try decode(mutated).batch
                #expect(batch.series.allSatisfy { !batch.labels($0).metricName.isEmpty && $0.samples.count > 0 }, "seed \(seed)")
                #expect(batch.series.reduce(0) { $0 + Int($1.samples.count) } == batch.samples.count, "seed \(seed)")
                #expect(batch.exemplars.allSatisfy { !batch.exemplar($0).series.metricName.isEmpty }, "seed \(seed)")
            } catch is ByteCodingError {}
            // Series behind the good ones cannot change them, unless they bring symbols of their own.
            if let whole = try? decode(bytes + mutated.filter { $0 != 0x22 }) {
                #expect(lines(whole.batch).starts(with: expected), "seed \(seed)")
            }
        }
    }
}
