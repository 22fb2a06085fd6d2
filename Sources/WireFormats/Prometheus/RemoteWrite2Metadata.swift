import ByteCoding
import TelemetryModel

/// Reads the metadata that stand beside every series of remote write 2.0, each set of them once a request.
struct RemoteWrite2Metadata {
    /// What makes two sets the same within a request: their references to symbols.
    private struct Key: Hashable {
        var name: UInt32
        var type: MetricType
        var help: UInt32
        var unit: UInt32
    }

    private var seen: Set<Key> = []
    /// The last one, as series of one metric mostly follow each other.
    private var last: Key?
    /// The symbol `__name__`.
    private let nameReference: UInt32?

    init(_ symbols: [UnsafeRawBufferPointer]) {
        nameReference = symbols.firstIndex { $0.elementsEqual(Labels.nameLabel.utf8) }.map { UInt32(truncatingIfNeeded: $0) }
    }

    /// Takes a `Metadata` message of a series whose label references are good.
    mutating func take(
        _ bytes: UnsafeRawBufferPointer, _ references: [UInt32], _ symbols: [UnsafeRawBufferPointer],
        _ decoded: inout DecodedMetrics
    ) {
        do throws(ByteCodingError) {
            var key = try Self.read(bytes)
            if key.type == .unknown, key.help == 0, key.unit == 0 { return }
            guard let name = stride(from: 0, to: references.count, by: 2).first(where: { references[$0] == nameReference }) else {
                return
            }
            key.name = references[name + 1]
            if key == last { return }
            last = key
            if !seen.insert(key).inserted { return }
            let metric = MetricFamily.name(ofSeries: try Self.text(key.name, symbols), key.type)
            decoded.batch.metadata.append(
                MetricMetadata(
                    metric: metric, type: key.type, help: try Self.text(key.help, symbols), unit: try Self.text(key.unit, symbols)))
        } catch {
            decoded.metadataRefusals.add(WireRefusalReason(error), "The metadata of a series: \(error.message).")
        }
    }

    private static func read(_ bytes: UnsafeRawBufferPointer) throws(ByteCodingError) -> Key {
        var key = Key(name: 0, type: .unknown, help: 0, unit: 0)
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            switch fields.fieldNumber {
            case 1: key.type = MetricType(rawValue: UInt8(clamping: try fields.varint())) ?? .unknown
            case 3: key.help = UInt32(clamping: try fields.varint())
            case 4: key.unit = UInt32(clamping: try fields.varint())
            default: try fields.skipValue()
            }
        }
        return key
    }

    private static func text(_ reference: UInt32, _ symbols: [UnsafeRawBufferPointer]) throws(ByteCodingError) -> String {
        guard reference < symbols.count else {
            throw ByteCodingError(.malformed, "reference \(reference) is beyond the \(symbols.count) symbols")
        }
        guard let text = String(validating: symbols[Int(reference)], as: UTF8.self) else {
            throw ByteCodingError(.malformed, "a text is not UTF-8")
        }
        return text
    }
}

/// The names under which the metadata of histograms and summaries are known.
enum MetricFamily {
    /// The name of the metric that a series belongs to.
    static func name(ofSeries name: String, _ type: MetricType) -> String {
        let suffixes: [String] =
            switch type {
            case .histogram: ["_bucket", "_count", "_sum"]
            case .gaugeHistogram: ["_bucket", "_gcount", "_gsum", "_count", "_sum"]
            case .summary: ["_count", "_sum"]
            default: []
            }
        guard let suffix = suffixes.first(where: name.hasSuffix), suffix.count < name.count else { return name }
        return String(name.dropLast(suffix.count))
    }
}
