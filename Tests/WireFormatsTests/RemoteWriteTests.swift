import ByteCoding
import Platform
import TelemetryModel
import Testing
import WireFormats

@Suite("Prometheus remote write")
struct RemoteWriteTests {
    private typealias Series = (labels: [(String, String)], samples: [(Int64, Double)])

    private func write(_ series: [Series]) -> [UInt8] {
        var request = ProtobufWriter()
        for series in series {
            request.message(1) { message in
                for (name, value) in series.labels {
                    message.message(1) { label in
                        label.string(1, name)
                        label.string(2, value)
                    }
                }
                for (timestamp, value) in series.samples {
                    message.message(2) { sample in
                        sample.double(1, value)
                        sample.varint(2, UInt64(bitPattern: timestamp))
                    }
                }
            }
        }
        return request.bytes
    }

    private func decode(_ bytes: [UInt8], _ limits: DecodeLimits = DecodeLimits()) throws -> DecodedMetrics {
        try RemoteWriteDecoder.decode(bytes, limits: limits)
    }

    @Test("series keep their labels, times and values to the bit")
    func values() throws {
        let stale = Sample.staleMarker
        let decoded = try decode(
            write([
                ([("__name__", "up"), ("job", "a")], [(1, 1), (2, stale), (-5, -0.0), (.max, .infinity)]),
                ([("__name__", "b"), ("empty", "")], [(0, 0)]),
            ]))
        #expect(decoded.refusals.isEmpty)
        #expect(decoded.batch.series.map { decoded.batch.labels($0).description } == [#"up{job="a"}"#, "b"])
        #expect(decoded.batch.samples.map(\.timestamp) == [1, 2, -5, .max, 0])
        #expect(decoded.batch.samples.map(\.value.bitPattern) == [1, stale, -0.0, .infinity, 0].map(\.bitPattern))
        #expect(decoded.batch.series.map(\.samples.count) == [4, 1])
    }

    @Test("the order of labels is the sender's, and equal bytes have equal hashes; they are those of the body")
    func order() throws {
        let labels = [("z", "1"), ("__name__", "up"), ("a", "2")]
        let batch = try decode(write([(labels, [(1, 1)]), (labels, [(2, 2)])])).batch
        #expect(batch.series[0].hash == batch.series[1].hash)
        #expect(batch.labels(batch.series[0]).description == #"up{a="2", z="1"}"#)
        let labels0 = batch.labelBytes[batch.series[0].labels.indices]
        #expect(labels0.starts(with: [0x0A, 6, 0x0A, 1, 0x7A, 0x12, 1, 0x31]))
        #expect(labels0 == batch.labelBytes[batch.series[1].labels.indices])
    }

    @Test("series in the usual form and in any other give the same batch", arguments: 0..<20)
    func bothForms(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var usual = ProtobufWriter()
        var unusual = ProtobufWriter()
        for index in 0..<Int.random(in: 1...20, using: &random) {
            let value = [0, -0.0, 1.5, Double(index), .infinity].randomElement(using: &random) ?? 0
            let timestamp = UInt64.random(in: 0...UInt64(Int64.max), using: &random) >> UInt64.random(in: 0..<63, using: &random)
            let text = String(repeating: "v", count: Int.random(in: 0...300, using: &random))
            for isUsual in [true, false] {
                let series: (inout ProtobufWriter) -> Void = { message in
                    for (name, text) in [("__name__", "m\(index)"), ("text", text)] {
                        message.message(1) { label in
                            label.string(1, name)
                            label.string(2, text)
                        }
                    }
                    message.message(2) { sample in
                        if value.bitPattern != 0 { sample.double(1, value) }
                        sample.varint(2, timestamp)
                    }
                    if !isUsual { message.message(3) { $0.varint(1, 1) } }
                }
                if isUsual { usual.message(1, series) } else { unusual.message(1, series) }
            }
        }
        let (a, b) = (try decode(usual.bytes).batch, try decode(unusual.bytes).batch)
        #expect(a.samples.map(\.timestamp) == b.samples.map(\.timestamp), "seed \(seed)")
        #expect(a.samples.map(\.value.bitPattern) == b.samples.map(\.value.bitPattern), "seed \(seed)")
        #expect(a.series.map(\.hash) == b.series.map(\.hash) && a.series.count == b.series.count, "seed \(seed)")
        #expect(zip(a.series, b.series).allSatisfy { a.labels($0) == b.labels($1) }, "seed \(seed)")
    }

    @Test("a sample with its fields in another order, or without those that are zero, is read all the same")
    func unusualSamples() throws {
        var request = ProtobufWriter()
        request.message(1) { series in
            series.message(2) { sample in
                sample.varint(2, 7)
                sample.double(1, 3)
            }
            series.message(2) { _ in }
            series.message(2) { $0.varint(2, 9) }
            series.message(1) { label in
                label.string(2, "late")
                label.string(1, "__name__")
            }
        }
        let batch = try decode(request.bytes).batch
        #expect(batch.samples == [Sample(timestamp: 7, value: 3), Sample(timestamp: 0, value: 0), Sample(timestamp: 9, value: 0)])
        #expect(batch.labels(batch.series[0]).metricName == "late")
    }

    @Test(
        "series with bad labels are known by whoever looks at them, the others are not concerned",
        arguments: [
            [], [("job", "a")], [("__name__", "")], [("__name__", "a"), ("", "x")], [("__name__", "a"), ("x", "1"), ("x", "2")],
            [("x", "1"), ("__name__", "a"), ("x", "2")], [("__name__", "a"), ("nnnnnnnnn", "x")],
            [("__name__", "a"), ("n", "vvvvvvvvv")], [("__name__", "a"), ("b", ""), ("c", ""), ("d", "")],
        ])
    func badLabels(labels: [(String, String)]) throws {
        var limits = DecodeLimits()
        limits.labelNameByteCount = 8
        limits.labelValueByteCount = 8
        limits.labelCount = 3
        let good: Series = ([("__name__", "good")], [(1, 1)])
        let decoded = try decode(write([good, (labels, [(1, 1), (2, 2)]), good]), limits)
        #expect(decoded.batch.series.count == 3 && decoded.refusals.isEmpty)
        for (row, isGood) in zip(decoded.batch.series, [true, false, true]) {
            do throws(LabelProblem) {
                let labels = try decoded.batch.checkedLabels(row)
                #expect(isGood && labels.metricName == "good")
            } catch {
                #expect(!isGood && error.text.hasPrefix("label"))
            }
        }
    }

    @Test("labels that are not UTF-8 and native histograms are refused, samples beside a histogram are kept")
    func otherRefusals() throws {
        var request = ProtobufWriter()
        request.message(1) { series in
            series.message(1) { label in
                label.string(1, "__name__")
                label.bytes(2, [0xFF])
            }
            series.message(2) { $0.varint(2, 9) }
        }
        request.message(1) { series in
            series.message(1) { label in
                label.string(1, "__name__")
                label.string(2, "h")
            }
            series.message(2) { $0.varint(2, 9) }
            series.message(4) { $0.varint(15, 9) }
        }
        let decoded = try decode(request.bytes)
        #expect(decoded.refusals.entries.map(\.reason) == [.unsupportedKind])
        #expect(throws: LabelProblem.self) { try decoded.batch.checkedLabels(decoded.batch.series[0]) }
        #expect(try decoded.batch.checkedLabels(decoded.batch.series[1]).description == "h")
    }

    /// A series with exemplars and without samples, as Prometheus sends them, between two with samples; and metadata.
    private func requestWithSides() -> [UInt8] {
        var request = ProtobufWriter()
        request.message(1) { series in
            for (name, value) in [("__name__", "latency_bucket"), ("le", "0.1")] {
                series.message(1) { label in
                    label.string(1, name)
                    label.string(2, value)
                }
            }
            for time in [5, 6] as [UInt64] {
                series.message(3) { exemplar in
                    exemplar.message(1) { label in
                        label.string(1, "trace_id")
                        label.string(2, "0af7")
                    }
                    exemplar.double(2, 0.05)
                    exemplar.varint(3, time)
                }
            }
        }
        for (type, name) in [(3, "latency"), (99, "other")] as [(UInt64, String)] {
            request.message(3) { metadata in
                metadata.varint(1, type)
                metadata.string(2, name)
                metadata.string(4, "How long.")
                metadata.string(5, "s")
            }
        }
        let samples = write([([("__name__", "a")], [(1, 1)])])
        return samples + request.bytes + samples
    }

    @Test("exemplars and metadata come along with the samples")
    func sides() throws {
        let decoded = try decode(requestWithSides())
        #expect(decoded.refusals.isEmpty && decoded.exemplarRefusals.isEmpty && decoded.metadataRefusals.isEmpty)
        #expect(decoded.batch.series.map { decoded.batch.labels($0).description } == ["a", "a"])
        let exemplars = decoded.batch.exemplars.map(decoded.batch.exemplar)
        #expect(exemplars.allSatisfy { $0.series == Labels(["__name__": "latency_bucket", "le": "0.1"]) })
        #expect(
            exemplars.map(\.exemplar) == [5, 6].map { Exemplar(labels: Labels(["trace_id": "0af7"]), value: 0.05, timestamp: $0) })
        #expect(
            decoded.batch.metadata == [
                MetricMetadata(metric: "latency", type: .histogram, help: "How long.", unit: "s"),
                MetricMetadata(metric: "other", type: .unknown, help: "How long.", unit: "s"),
            ])
    }

    @Test("exemplars of bad series and with bad labels, and metadata that are not UTF-8, are counted apart from samples")
    func badSides() throws {
        var request = ProtobufWriter()
        for name in ["__name__", "job"] {
            request.message(1) { series in
                series.message(1) { label in
                    label.string(1, name)
                    label.string(2, "x")
                }
                for own in ["", "a"] { series.message(3) { $0.message(1) { $0.string(1, own) } } }
                series.message(3) { $0.bytes(1, [0xFF]) }
            }
        }
        request.message(3) { $0.bytes(2, [0xFF]) }
        let decoded = try decode(request.bytes)
        #expect(decoded.batch.exemplars.count == 1)
        #expect(decoded.exemplarRefusals.count == 5)
        #expect(Set(decoded.exemplarRefusals.entries.map(\.reason)) == [.invalidLabels, .malformed])
        #expect(decoded.metadataRefusals.count == 1 && decoded.batch.metadata.isEmpty)
    }

    @Test("mutated exemplars and metadata leave the samples beside them as they are", arguments: [35, 36] as [UInt64])
    func fuzzSides(seed: UInt64) throws {
        var mutator = Mutator(seed: seed)
        let samples = write([([("__name__", "a")], [(1, 1)])])
        for _ in 0..<3000 {
            do {
                let batch = try decode(samples + mutator.mutate(requestWithSides())).batch
                #expect(batch.series.first.map { batch.labels($0).metricName } == "a", "seed \(seed)")
                #expect(batch.samples.first == Sample(timestamp: 1, value: 1), "seed \(seed)")
                #expect(batch.exemplars.allSatisfy { !batch.exemplar($0).series.metricName.isEmpty }, "seed \(seed)")
            } catch is ByteCodingError {}
        }
    }

    @Test("whatever the bytes, decoding ends with a sound batch or an error", arguments: [31, 32, 33] as [UInt64])
    func fuzz(seed: UInt64) throws {
        var mutator = Mutator(seed: seed)
        let bytes = write((0..<5).map { ([("__name__", "m"), ("i", "\($0)")], [(1, 1), (2, 2)]) })
        for _ in 0..<5000 {
            do {
                let batch = try decode(mutator.mutate(bytes)).batch
                for row in batch.series {
                    if let labels = try? batch.checkedLabels(row) { #expect(!labels.metricName.isEmpty, "seed \(seed)") }
                    #expect(row.samples.count > 0 && row.samples.indices.upperBound <= batch.samples.count, "seed \(seed)")
                    #expect(row.labels.indices.upperBound <= batch.labelBytes.count, "seed \(seed)")
                }
                #expect(batch.series.reduce(0) { $0 + Int($1.samples.count) } == batch.samples.count, "seed \(seed)")
            } catch is ByteCodingError {}
        }
    }
}
