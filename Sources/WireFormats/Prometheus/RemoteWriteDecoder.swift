import ByteCoding
import TelemetryModel

/// Reads the `WriteRequest` of Prometheus remote write 1.0 (prometheus.io/docs/specs/prw/remote_write_spec), after Snappy,
/// into a ``MetricBatch`` that keeps the body and points at the labels in it: nothing is copied or allocated for a series.
///
/// Labels are checked by whoever meets their bytes for the first time, see ``LabelForm/messages(_:)``. Native histograms
/// are refused as an unsupported kind.
public enum RemoteWriteDecoder {
    /// Decodes a request. Bytes whose outer framing is broken are thrown back whole.
    public static func decode(_ body: [UInt8], limits: DecodeLimits = DecodeLimits()) throws(ByteCodingError) -> DecodedMetrics {
        var assembly = RemoteWriteAssembly(body, limits: limits)
        var failure: ByteCodingError?
        body.withUnsafeBytes { raw in
            do throws(ByteCodingError) { try assembly.takeRequest(raw) } catch { failure = error }
        }
        if let failure { throw failure }
        return assembly.decoded
    }
}

/// The state of decoding one request.
private struct RemoteWriteAssembly {
    var decoded = DecodedMetrics()
    let limits: DecodeLimits
    var seriesNumber = 0
    private var sides: RemoteWriteSides

    /// A sample with its key has about so many bytes.
    private static let sampleByteCount = 18
    /// A series of one sample has seldom fewer bytes.
    private static let seriesByteCount = 64

    init(_ body: [UInt8], limits: DecodeLimits) {
        self.limits = limits
        sides = RemoteWriteSides(limits: limits)
        decoded.batch.labelForm = .messages(limits.labels)
        decoded.batch.labelBytes = body
        decoded.batch.samples.reserveCapacity(min(body.count / Self.sampleByteCount, limits.sampleCount))
        decoded.batch.series.reserveCapacity(min(body.count / Self.seriesByteCount, limits.sampleCount))
    }

    mutating func takeRequest(_ body: UnsafeRawBufferPointer) throws(ByteCodingError) {
        var request = ProtobufReader(body)
        while try request.nextField() {
            switch request.fieldNumber {
            case 1:
                let end = try request.bytes().count
                takeSeries(body, (request.reader.position &- end)..<request.reader.position)
            case 3: sides.takeMetadata(try request.bytes(), &decoded)
            default: try request.skipValue()
            }
        }
    }

    /// Takes the series that stands in this range of the body.
    private mutating func takeSeries(_ body: UnsafeRawBufferPointer, _ range: Range<Int>) {
        seriesNumber &+= 1
        let sampleStart = decoded.batch.samples.count
        if let labelEnd = readUsualSeries(body, range) {
            return endSeries(body, range.lowerBound..<labelEnd, sampleStart)
        }
        decoded.batch.samples.removeLast(decoded.batch.samples.count - sampleStart)
        takeUnusualSeries(UnsafeRawBufferPointer(rebasing: body[range]), sampleStart)
    }

    @inline(__always)
    private mutating func endSeries(_ bytes: UnsafeRawBufferPointer, _ labels: Range<Int>, _ sampleStart: Int) {
        let sampleCount = decoded.batch.samples.count &- sampleStart
        if sampleCount == 0 { return }
        if sampleStart &+ sampleCount > limits.sampleCount {
            return refuse(.tooLarge, "the request has more than \(limits.sampleCount) samples", sampleStart)
        }
        decoded.batch.series.append(
            SeriesRow(
                labels: RowRange(start: UInt32(labels.lowerBound), count: UInt32(labels.count)),
                hash: MetricBatch.hash(UnsafeRawBufferPointer(rebasing: bytes[labels])),
                samples: RowRange(start: UInt32(sampleStart), count: UInt32(sampleCount))))
    }

    private mutating func refuse(_ reason: WireRefusalReason, _ problem: String, _ sampleStart: Int) {
        let sampleCount = decoded.batch.samples.count - sampleStart
        let number = seriesNumber
        decoded.refusals.add(reason, count: max(sampleCount, 1), "Series \(number) of the request: \(problem).")
        decoded.batch.samples.removeLast(sampleCount)
    }

    // MARK: - The usual form

    /// Reads a series that has its labels first and its samples behind them, and nothing else. Returns where the labels
    /// end, or nil for a series in another form, whose samples may have been appended in part.
    @inline(__always)
    private mutating func readUsualSeries(_ body: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int? {
        var position = range.lowerBound
        let end = range.upperBound
        // Labels: a key of one byte, a length of one or two.
        while position &+ 2 < end, body[position] == 0x0A {
            var length = Int(body[position &+ 1])
            position &+= 2
            if length >= 0x80 {
                let high = Int(body[position])
                if high >= 0x80 { return nil }
                length = length & 0x7F | high &<< 7
                position &+= 1
            }
            if length > end &- position { return nil }
            position &+= length
        }
        let labelEnd = position
        while position < end {
            guard end &- position >= 2, body[position] == 0x12 else { return nil }
            let length = Int(body[position &+ 1])
            position &+= 2
            guard length <= end &- position, let sample = RemoteWriteSample.readUsual(body, position..<(position &+ length)) else {
                return nil
            }
            decoded.batch.samples.append(sample)
            position &+= length
        }
        return labelEnd
    }

    // MARK: - Any other form

    /// Reads a series with its fields in any order. Its labels are put together behind the body.
    private mutating func takeUnusualSeries(_ bytes: UnsafeRawBufferPointer, _ sampleStart: Int) {
        let labelStart = decoded.batch.labelBytes.count
        var histogramCount = 0
        var hasExemplars = false
        do throws(ByteCodingError) {
            var fields = ProtobufReader(bytes)
            var fieldStart = 0
            while try fields.nextField() {
                switch fields.fieldNumber {
                case 1:
                    _ = try fields.bytes()
                    let field = UnsafeRawBufferPointer(rebasing: bytes[fieldStart..<fields.reader.position])
                    decoded.batch.labelBytes.append(contentsOf: field)
                case 2: decoded.batch.samples.append(try RemoteWriteSample.read(try fields.bytes()))
                case 3:
                    hasExemplars = true
                    try fields.skipValue()
                case 4:
                    histogramCount += 1
                    try fields.skipValue()
                default: try fields.skipValue()
                }
                fieldStart = fields.reader.position
            }
            let all = decoded.batch.labelBytes
            all.withUnsafeBytes { endSeries($0, labelStart..<all.count, sampleStart) }
            if hasExemplars { sides.takeExemplars(ofSeries: bytes, &decoded) }
        } catch {
            refuse(WireRefusalReason(error), error.message, sampleStart)
        }
        let number = seriesNumber
        decoded.refusals.add(
            .unsupportedKind, count: histogramCount, "Series \(number) of the request: native histograms are not stored.")
    }
}
