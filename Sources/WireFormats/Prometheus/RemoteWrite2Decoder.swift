import ByteCoding
import TelemetryModel

/// Reads the `io.prometheus.write.v2.Request` of Prometheus remote write 2.0
/// (prometheus.io/docs/specs/prw/remote_write_spec_2_0, field numbers of version 2.0-rc.4), after Snappy, into a
/// ``MetricBatch``: the symbols of a series' labels are put together as version 1.0 writes labels, so that the store finds
/// a series by the same bytes whichever version its sender speaks, and checks them only when they are new.
///
/// Series whose references make no sense are refused with all their samples, native histograms as an unsupported kind.
/// Start timestamps are not kept.
public enum RemoteWrite2Decoder {
    /// Decodes a request. Bytes whose outer framing or symbol table is broken are thrown back whole.
    public static func decode(
        _ bytes: UnsafeRawBufferPointer, limits: DecodeLimits = DecodeLimits()
    ) throws(ByteCodingError) -> DecodedMetrics {
        var assembly = RemoteWrite2Assembly(try readSymbols(bytes, limits), limits: limits)
        assembly.decoded.batch.labelForm = .messages(limits.labels)
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
    private var exemplars: ExemplarAppender
    private var metadata: RemoteWrite2Metadata
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
        exemplars = ExemplarAppender(limits: limits)
        metadata = RemoteWrite2Metadata(symbols)
    }

    // MARK: - Series

    mutating func takeSeries(_ bytes: UnsafeRawBufferPointer) {
        seriesNumber += 1
        histogramCount = 0
        let labelStart = decoded.batch.labelBytes.count
        let sampleStart = decoded.batch.samples.count
        do throws(ByteCodingError) {
            try readSeries(bytes)
            if let (reason, problem) = labelProblem(references, decoded.batch.labelBytes.count) {
                refuse(reason, "its \(problem)", sampleStart)
            } else if decoded.batch.samples.count > limits.sampleCount {
                refuse(.tooLarge, "the request has more than \(limits.sampleCount) samples", sampleStart)
            } else if decoded.batch.samples.count > sampleStart {
                appendLabels()
                decoded.batch.endSeries(labelStart: labelStart, sampleStart: sampleStart)
                takeSides()
            } else if histogramCount == 0 {
                refuse(.malformed, "it has neither samples nor histograms", sampleStart)
            } else {
                takeSides()
            }
        } catch {
            refuse(WireRefusalReason(error), error.message, sampleStart)
        }
        let number = seriesNumber
        decoded.refusals.add(
            .unsupportedKind, count: histogramCount, "Series \(number) of the request: native histograms are not stored.")
    }

    private mutating func refuse(_ reason: WireRefusalReason, _ problem: String, _ sampleStart: Int) {
        let sampleCount = decoded.batch.samples.count - sampleStart
        let number = seriesNumber
        decoded.refusals.add(reason, count: max(sampleCount, 1), "Series \(number) of the request: \(problem).")
        decoded.batch.samples.removeLast(sampleCount)
        // Its exemplars go with it.
        decoded.exemplarRefusals.add(reason, count: exemplarMessages.count, "Series \(number) of the request: \(problem).")
    }

    private mutating func readSeries(_ bytes: UnsafeRawBufferPointer) throws(ByteCodingError) {
        references.removeAll(keepingCapacity: true)
        exemplarMessages.removeAll(keepingCapacity: true)
        metadataMessage = nil
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            switch fields.fieldNumber {
            case 1: try Self.readReferences(&fields, &references)
            case 2: decoded.batch.samples.append(try readSample(try fields.bytes()))
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
    private func readSample(_ bytes: UnsafeRawBufferPointer) throws(ByteCodingError) -> Sample {
        if let sample = RemoteWriteSample.readUsual(bytes, 0..<bytes.count) { return sample }
        return try RemoteWriteSample.read(bytes)
    }

    // MARK: - Labels

    /// Why labels with these references cannot be put together behind so many bytes of others, as the end of a sentence that
    /// begins with "its"; or nil.
    private func labelProblem(_ references: [UInt32], _ byteCount: Int) -> (WireRefusalReason, String)? {
        if references.count % 2 != 0 { return (.invalidLabels, "label references are odd in number (\(references.count))") }
        if references.count / 2 > limits.labelCount {
            return (.invalidLabels, "labels must not be more than \(limits.labelCount)")
        }
        var byteCount = byteCount
        for (place, reference) in references.enumerated() {
            if reference >= symbols.count {
                return (.invalidLabels, "label reference \(reference) is beyond the \(symbols.count) symbols")
            }
            let length = symbols[Int(reference)].count
            if length > (place % 2 == 0 ? limits.labelNameByteCount : limits.labelValueByteCount) {
                return (.invalidLabels, "label names and values must not be as long as \(length) bytes")
            }
            byteCount += length
        }
        if byteCount <= limits.labelByteCount { return nil }
        return (.tooLarge, "labels and those of the other series have more than \(limits.labelByteCount) bytes")
    }

    /// Appends the labels of good references as `Label` messages behind the key of field 1.
    private mutating func appendLabels() {
        var byteCount = 0
        for reference in references { byteCount &+= symbols[Int(reference)].count &+ Self.keyByteCount }
        let start = decoded.batch.labelBytes.count
        decoded.batch.labelBytes.append(contentsOf: repeatElement(0, count: byteCount))
        let end = decoded.batch.labelBytes.withUnsafeMutableBytes { room in
            var place = start
            for index in stride(from: 0, to: references.count, by: 2) {
                let name = symbols[Int(references[index])]
                let value = symbols[Int(references[index &+ 1])]
                room[place] = 0x0A
                let length = 2 &+ Self.varintByteCount(name.count) &+ name.count &+ Self.varintByteCount(value.count) &+ value.count
                place = Self.writeVarint(length, to: room, at: place &+ 1)
                place = Self.writeText(0x0A, name, to: room, at: place)
                place = Self.writeText(0x12, value, to: room, at: place)
            }
            return place
        }
        decoded.batch.labelBytes.removeLast(decoded.batch.labelBytes.count - end)
    }

    /// Key and length of a text, and half of those of the message around it, have at most so many bytes.
    private static let keyByteCount = 10

    @inline(__always)
    private static func varintByteCount(_ number: Int) -> Int {
        number < 0x80 ? 1 : (Int.bitWidth &- number.leadingZeroBitCount &+ 6) / 7
    }

    /// Writes a number that is not negative and returns the next place.
    @inline(__always)
    private static func writeVarint(_ number: Int, to room: UnsafeMutableRawBufferPointer, at place: Int) -> Int {
        var place = place
        var rest = number
        while rest >= 0x80 {
            room[place] = UInt8(truncatingIfNeeded: rest) | 0x80
            rest &>>= 7
            place &+= 1
        }
        room[place] = UInt8(truncatingIfNeeded: rest)
        return place &+ 1
    }

    @inline(__always)
    private static func writeText(
        _ key: UInt8, _ text: UnsafeRawBufferPointer, to room: UnsafeMutableRawBufferPointer, at place: Int
    ) -> Int {
        room[place] = key
        let start = writeVarint(text.count, to: room, at: place &+ 1)
        UnsafeMutableRawBufferPointer(rebasing: room[start..<(start &+ text.count)]).copyMemory(from: text)
        return start &+ text.count
    }

    // MARK: - What comes along

    private mutating func takeSides() {
        if let message = metadataMessage { metadata.take(message, references, symbols, &decoded) }
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
        if let (_, problem) = labelProblem(references, decoded.batch.exemplarBytes.count) { return exemplars.fail(problem) }
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
