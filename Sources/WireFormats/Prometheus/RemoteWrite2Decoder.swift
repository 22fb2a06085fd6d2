import ByteCoding
import TelemetryModel

/// Reads the `io.prometheus.write.v2.Request` of Prometheus remote write 2.0
/// (prometheus.io/docs/specs/prw/remote_write_spec_2_0, field numbers of version 2.0-rc.4), after Snappy, into a
/// ``MetricBatch``: the symbols of a series' labels are copied as bytes, no text is made of them.
///
/// Series with bad labels are refused with all their samples, native histograms as an unsupported kind. Start timestamps are
/// not kept.
public enum RemoteWrite2Decoder {
    /// Decodes a request. Bytes whose outer framing or symbol table is broken are thrown back whole.
    public static func decode(
        _ bytes: UnsafeRawBufferPointer, limits: DecodeLimits = DecodeLimits()
    ) throws(ByteCodingError) -> DecodedMetrics {
        var assembly = RemoteWrite2Assembly(try readSymbols(bytes, limits), limits: limits)
        assembly.decoded.batch.labelBytes.reserveCapacity(bytes.count)
        assembly.decoded.batch.samples.reserveCapacity(min(bytes.count / 18, limits.sampleCount))
        var request = ProtobufReader(bytes)
        while try request.nextField() {
            if request.fieldNumber == 5 {
                assembly.takeSeries(try request.bytes())
            } else {
                try request.skipValue()
            }
        }
        return assembly.decoded
    }

    /// The symbols, which may legally stand behind the series that use them.
    private static func readSymbols(
        _ bytes: UnsafeRawBufferPointer, _ limits: DecodeLimits
    ) throws(ByteCodingError) -> [UnsafeRawBufferPointer] {
        var symbols: [UnsafeRawBufferPointer] = []
        var request = ProtobufReader(bytes)
        while try request.nextField() {
            switch request.fieldNumber {
            case 1, 2, 3:
                throw ByteCodingError(
                    .malformed, "a field of \(RemoteWriteVersion.one.message) stands in a \(RemoteWriteVersion.two.message)")
            case 4:
                if symbols.count >= limits.symbolCount {
                    throw ByteCodingError(.tooLarge, "it has more than \(limits.symbolCount) symbols")
                }
                symbols.append(try request.bytes())
            default: try request.skipValue()
            }
        }
        if let first = symbols.first, !first.isEmpty {
            throw ByteCodingError(.malformed, "symbol 0 must be the empty text")
        }
        return symbols
    }
}

/// The state of decoding one request.
private struct RemoteWrite2Assembly {
    var decoded = DecodedMetrics()
    private let symbols: [UnsafeRawBufferPointer]
    private let limits: DecodeLimits
    private var labels: LabelAppender
    private var exemplars: ExemplarAppender
    private var metadata = RemoteWrite2Metadata()
    private var seriesNumber = 0
    private var histogramCount = 0
    /// References to symbols: name, value, name … of the series at hand.
    private var references: [UInt32] = []
    /// The messages of the series' exemplars and of its metadata.
    private var exemplarMessages: [UnsafeRawBufferPointer] = []
    private var metadataMessage: UnsafeRawBufferPointer?

    init(_ symbols: [UnsafeRawBufferPointer], limits: DecodeLimits) {
        self.symbols = symbols
        self.limits = limits
        labels = LabelAppender(limits: limits)
        exemplars = ExemplarAppender(limits: limits)
    }

    // MARK: - Series

    mutating func takeSeries(_ bytes: UnsafeRawBufferPointer) {
        seriesNumber += 1
        histogramCount = 0
        let labelStart = decoded.batch.labelBytes.count
        let sampleStart = decoded.batch.samples.count
        do throws(ByteCodingError) {
            try readSeries(bytes)
            appendLabels()
            if let problem = labels.problem {
                refuse(.invalidLabels, "its \(problem)", labelStart, sampleStart)
            } else if decoded.batch.samples.count > limits.sampleCount {
                refuse(.tooLarge, "the request has more than \(limits.sampleCount) samples", labelStart, sampleStart)
            } else if decoded.batch.samples.count > sampleStart {
                decoded.batch.endSeries(labelStart: labelStart, sampleStart: sampleStart)
            } else if histogramCount == 0 {
                refuse(.malformed, "it has neither samples nor histograms", labelStart, sampleStart)
            } else {
                decoded.batch.labelBytes.removeLast(decoded.batch.labelBytes.count - labelStart)
            }
            takeSides()
        } catch {
            refuse(WireRefusalReason(error), error.message, labelStart, sampleStart)
        }
        let number = seriesNumber
        decoded.refusals.add(
            .unsupportedKind, count: histogramCount, "Series \(number) of the request: native histograms are not stored.")
    }

    private mutating func refuse(_ reason: WireRefusalReason, _ problem: String, _ labelStart: Int, _ sampleStart: Int) {
        let sampleCount = decoded.batch.samples.count - sampleStart
        let number = seriesNumber
        decoded.refusals.add(reason, count: max(sampleCount, 1), "Series \(number) of the request: \(problem).")
        decoded.batch.labelBytes.removeLast(decoded.batch.labelBytes.count - labelStart)
        decoded.batch.samples.removeLast(sampleCount)
    }

    private mutating func readSeries(_ bytes: UnsafeRawBufferPointer) throws(ByteCodingError) {
        references.removeAll(keepingCapacity: true)
        exemplarMessages.removeAll(keepingCapacity: true)
        metadataMessage = nil
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            switch fields.fieldNumber {
            case 1: try Self.readReferences(&fields, &references)
            case 2: decoded.batch.samples.append(try Self.readSample(try fields.bytes()))
            case 3:
                histogramCount += 1
                try fields.skipValue()
            case 4: exemplarMessages.append(try fields.bytes())
            case 5: metadataMessage = try fields.bytes()
            default: try fields.skipValue()
            }
        }
    }

    /// Reads a repeated field of varints, packed or not.
    private static func readReferences(
        _ fields: inout ProtobufReader, _ references: inout [UInt32]
    ) throws(ByteCodingError) {
        if fields.wireType == .varint { return references.append(UInt32(clamping: try fields.varint())) }
        var packed = ByteReader(try fields.bytes())
        while !packed.isAtEnd { references.append(UInt32(clamping: try packed.readVarint())) }
    }

    @inline(__always)
    private static func readSample(_ bytes: UnsafeRawBufferPointer) throws(ByteCodingError) -> Sample {
        var sample = Sample(timestamp: 0, value: 0)
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            switch fields.fieldNumber {
            case 1: sample.value = try fields.double()
            case 2: sample.timestamp = Int64(bitPattern: try fields.varint())
            default: try fields.skipValue()
            }
        }
        return sample
    }

    // MARK: - Labels

    private mutating func appendLabels() {
        labels.start()
        if let problem = referenceProblem(references) { return labels.fail(problem) }
        for index in stride(from: 0, to: references.count, by: 2) {
            labels.append(
                symbols[Int(references[index])], symbols[Int(references[index + 1])], to: &decoded.batch.labelBytes)
        }
        labels.end()
    }

    /// What is wrong with references, as the end of a sentence that begins with "its".
    private func referenceProblem(_ references: [UInt32]) -> String? {
        if references.count % 2 != 0 { return "label references are odd in number (\(references.count))" }
        guard let beyond = references.first(where: { $0 >= symbols.count }) else { return nil }
        return "label reference \(beyond) is beyond the \(symbols.count) symbols"
    }

    // MARK: - What comes along

    private mutating func takeSides() {
        if let message = metadataMessage, labels.problem == nil {
            metadata.take(message, references, symbols, &decoded)
        }
        if exemplarMessages.isEmpty { return }
        exemplars.beginSeries(&decoded)
        appendExemplarLabels(references)
        exemplars.endSeries(&decoded)
        for message in exemplarMessages {
            exemplars.begin(&decoded)
            do throws(ByteCodingError) {
                try readExemplar(message)
            } catch {
                exemplars.refuse(error, &decoded)
            }
        }
    }

    private mutating func appendExemplarLabels(_ references: [UInt32]) {
        if let problem = referenceProblem(references) { return exemplars.fail(problem) }
        for index in stride(from: 0, to: references.count, by: 2) {
            exemplars.appendLabel(symbols[Int(references[index])], symbols[Int(references[index + 1])], &decoded)
        }
    }

    private mutating func readExemplar(_ bytes: UnsafeRawBufferPointer) throws(ByteCodingError) {
        var own: [UInt32] = []
        var value = 0.0
        var timestamp: Int64 = 0
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            switch fields.fieldNumber {
            case 1: try Self.readReferences(&fields, &own)
            case 2: value = try fields.double()
            case 3: timestamp = Int64(bitPattern: try fields.varint())
            default: try fields.skipValue()
            }
        }
        appendExemplarLabels(own)
        exemplars.end(value: value, timestamp: timestamp, &decoded)
    }
}
