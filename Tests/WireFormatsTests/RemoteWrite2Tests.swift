import ByteCoding
import Platform
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

    /// The series whose labels a store would take.
    private func good(_ batch: MetricBatch) -> [SeriesRow] { batch.series.filter { (try? batch.checkedLabels($0)) != nil } }

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

    @Test("both versions read the same from the same series", arguments: [61, 62, 63] as [UInt64])
    func sameAsVersion1(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let names = ["__name__", "job", "a", "z", "é", ""]
        for _ in 0..<300 {
            var old = ProtobufWriter()
            var new = RemoteWrite2Body()
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let labels = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                    (names.randomElement(using: &random) ?? "", ["", "v", "w"].randomElement(using: &random) ?? "")
                }
                let samples = (0..<Int.random(in: 1...3, using: &random)).map { _ in
                    (Int64.random(in: -5...5, using: &random), Double(Int.random(in: -1...1, using: &random)))
                }
                let exemplars = (0..<Int.random(in: 0...2, using: &random)).map { _ in
                    (labels: [(names.randomElement(using: &random) ?? "", "x")], time: Int64(7), value: 0.5)
                }
                Self.append(labels, samples, exemplars, to: &old)
                new.append(labels, samples: samples, exemplars: exemplars)
            }
            let first = try RemoteWriteDecoder.decode(old.bytes)
            let second = try decode(new.bytes())
            for (a, b) in zip(first.batch.series, second.batch.series) {
                #expect(a.hash == b.hash, "seed \(seed)")
                #expect(first.batch.labelBytes[a.labels.indices] == second.batch.labelBytes[b.labels.indices], "seed \(seed)")
                #expect(a.samples == b.samples, "seed \(seed)")
            }
            #expect(first.batch.series.count == second.batch.series.count, "seed \(seed)")
            #expect(first.batch.samples == second.batch.samples, "seed \(seed)")
            #expect(
                first.batch.exemplars.map { "\(first.batch.exemplar($0))" }
                    == second.batch.exemplars.map { "\(second.batch.exemplar($0))" },
                "seed \(seed)")
            #expect(first.exemplarRefusals.count == second.exemplarRefusals.count, "seed \(seed)")
        }
    }

    private static func append(
        _ labels: [(String, String)], _ samples: [(Int64, Double)],
        _ exemplars: [(labels: [(String, String)], time: Int64, value: Double)], to request: inout ProtobufWriter
    ) {
        func write(_ labels: [(String, String)], _ message: inout ProtobufWriter) {
            for (name, value) in labels {
                message.message(1) { label in
                    label.string(1, name)
                    label.string(2, value)
                }
            }
        }
        request.message(1) { series in
            write(labels, &series)
            for (time, value) in samples {
                series.message(2) { sample in
                    sample.double(1, value)
                    sample.varint(2, UInt64(bitPattern: time))
                }
            }
            for (labels, time, value) in exemplars {
                series.message(3) { exemplar in
                    write(labels, &exemplar)
                    exemplar.double(2, value)
                    exemplar.varint(3, UInt64(bitPattern: time))
                }
            }
        }
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
        let taken = good(decoded.batch)
        #expect(taken.count == 3 && taken.last.map { decoded.batch.labels($0).metricName } == "last")
        // What only the bytes of labels show is left to the store.
        var problems = decoded.refusals.entries.map(\.example)
        for row in decoded.batch.series {
            do throws(LabelProblem) { _ = try decoded.batch.checkedLabels(row) } catch { problems.append(error.text) }
        }
        #expect(problems.count == 1 && problems.allSatisfy { $0.contains(problem) }, "\(problems)")
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

    @Test("a few bytes of references to long symbols cannot fill the memory")
    func labelBytes() throws {
        var body = RemoteWrite2Body()
        let value = body.reference(String(repeating: "v", count: 10_000))
        let name = body.reference("__name__")
        for _ in 0..<100 { body.append(references: [name, value]) }
        let long = body.reference(String(repeating: "w", count: 20_000))
        body.append(references: [name, long])
        body.append(references: (0..<300).map { _ in name })
        var limits = DecodeLimits()
        limits.labelByteCount = 505_000
        let decoded = try decode(body.bytes(), limits)
        #expect(decoded.batch.series.count == 50)
        #expect(decoded.refusals.entries.map { "\($0.reason.rawValue) \($0.count)" } == ["too_large 50", "invalid_labels 2"])
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
        #expect(good(decoded.batch).map { decoded.batch.labels($0).metricName } == ["h", "x"])
        #expect(
            decoded.refusals.entries.map { "\($0.reason.rawValue) \($0.count)" } == [
                "unsupported_kind 3", "malformed 1",
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
                #expect(good(batch).allSatisfy { !batch.labels($0).metricName.isEmpty }, "seed \(seed)")
                #expect(batch.series.allSatisfy { $0.samples.count > 0 }, "seed \(seed)")
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
