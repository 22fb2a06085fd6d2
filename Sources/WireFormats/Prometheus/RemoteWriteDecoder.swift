import ByteCoding
import TelemetryModel

/// Reads the `WriteRequest` of Prometheus remote write 1.0 (prometheus.io/docs/specs/prw/remote_write_spec), after Snappy,
/// straight into a ``MetricBatch``: labels keep the sender's order, nothing is allocated for a sample.
///
/// Series with bad labels are refused with all their samples, native histograms as an unsupported kind. Metadata and
/// exemplars are skipped, as there is no store for them.
public enum RemoteWriteDecoder {
    /// Decodes a request. Bytes whose outer framing is broken are thrown back whole.
    public static func decode(
        _ bytes: UnsafeRawBufferPointer, limits: DecodeLimits = DecodeLimits()
    ) throws(ByteCodingError) -> DecodedMetrics {
        var assembly = RemoteWriteAssembly(limits: limits)
        assembly.decoded.batch.labelBytes.reserveCapacity(bytes.count)
        assembly.decoded.batch.samples.reserveCapacity(min(bytes.count / 18, limits.sampleCount))
        var request = ProtobufReader(bytes)
        while try request.nextField() {
            if request.fieldNumber == 1 {
                assembly.takeSeries(try request.bytes())
            } else {
                try request.skipValue()
            }
        }
        return assembly.decoded
    }
}

/// The state of decoding one request.
private struct RemoteWriteAssembly {
    var decoded = DecodedMetrics()
    var labels: LabelAppender
    let limits: DecodeLimits
    var seriesNumber = 0
    var histogramCount = 0

    init(limits: DecodeLimits) {
        self.limits = limits
        labels = LabelAppender(limits: limits)
    }

    mutating func takeSeries(_ bytes: UnsafeRawBufferPointer) {
        seriesNumber += 1
        let labelStart = decoded.batch.labelBytes.count
        let sampleStart = decoded.batch.samples.count
        histogramCount = 0
        do throws(ByteCodingError) {
            try readSeries(bytes)
            if let problem = labels.problem {
                refuse(.invalidLabels, "its \(problem)", labelStart, sampleStart)
            } else if decoded.batch.samples.count > limits.sampleCount {
                refuse(.tooLarge, "the request has more than \(limits.sampleCount) samples", labelStart, sampleStart)
            } else if decoded.batch.samples.count > sampleStart {
                decoded.batch.endSeries(labelStart: labelStart, sampleStart: sampleStart)
            } else {
                decoded.batch.labelBytes.removeLast(decoded.batch.labelBytes.count - labelStart)
            }
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
        labels.start()
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            switch fields.fieldNumber {
            case 1: try readLabel(try fields.bytes())
            case 2: decoded.batch.samples.append(try readSample(try fields.bytes()))
            case 4:
                histogramCount += 1
                try fields.skipValue()
            default: try fields.skipValue()
            }
        }
        labels.end()
    }

    private mutating func readLabel(_ bytes: UnsafeRawBufferPointer) throws(ByteCodingError) {
        var name = UnsafeRawBufferPointer(start: nil, count: 0)
        var value = UnsafeRawBufferPointer(start: nil, count: 0)
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            switch fields.fieldNumber {
            case 1: name = try fields.bytes()
            case 2: value = try fields.bytes()
            default: try fields.skipValue()
            }
        }
        labels.append(name, value, to: &decoded.batch.labelBytes)
    }

    @inline(__always)
    private func readSample(_ bytes: UnsafeRawBufferPointer) throws(ByteCodingError) -> Sample {
        // Nearly every sample is a double of field 1 followed by a varint of field 2.
        if bytes.count > 10, bytes[0] == 0x09, bytes[9] == 0x10 {
            var reader = ByteReader(bytes)
            reader.position = 1
            let value = try reader.readDouble()
            reader.position = 10
            let timestamp = Int64(bitPattern: try reader.readVarint())
            if reader.isAtEnd { return Sample(timestamp: timestamp, value: value) }
        }
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
}
