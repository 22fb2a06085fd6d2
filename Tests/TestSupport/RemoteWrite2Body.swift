import ByteCoding
import TelemetryModel

/// Builds requests of Prometheus remote write 2.0.
public struct RemoteWrite2Body {
    private var numbers: [String: UInt64] = ["": 0]
    private var symbols = [""]
    private var series = ProtobufWriter()

    /// A request without series.
    public init() {}

    /// The reference of a text, which becomes a symbol if it is none yet.
    public mutating func reference(_ text: String) -> UInt64 {
        if let number = numbers[text] { return number }
        numbers[text] = UInt64(symbols.count)
        symbols.append(text)
        return UInt64(symbols.count - 1)
    }

    private mutating func packed(_ labels: [(String, String)]) -> [UInt8] {
        var writer = ByteWriter()
        for (name, value) in labels {
            writer.writeVarint(reference(name))
            writer.writeVarint(reference(value))
        }
        return writer.bytes
    }

    /// Adds a series; labels stay in this order.
    public mutating func append(
        _ labels: [(String, String)], samples: [(Int64, Double)] = [],
        exemplars: [(labels: [(String, String)], time: Int64, value: Double)] = [],
        metadata: (type: MetricType, help: String, unit: String)? = nil, histogramCount: Int = 0
    ) {
        let references = packed(labels)
        let exemplars = exemplars.map { (packed($0.labels), $0.time, $0.value) }
        let metadata = metadata.map { ($0.type, reference($0.help), reference($0.unit)) }
        series.message(5) { message in
            message.bytes(1, references)
            for (time, value) in samples {
                message.message(2) { sample in
                    sample.double(1, value)
                    sample.varint(2, UInt64(bitPattern: time))
                    sample.varint(3, 1)
                }
            }
            for _ in 0..<histogramCount { message.message(3) { $0.varint(15, 9) } }
            for (references, time, value) in exemplars {
                message.message(4) { exemplar in
                    exemplar.bytes(1, references)
                    exemplar.double(2, value)
                    exemplar.varint(3, UInt64(bitPattern: time))
                }
            }
            if let (type, help, unit) = metadata {
                message.message(5) { metadata in
                    metadata.varint(1, UInt64(type.rawValue))
                    metadata.varintUnlessZero(3, help)
                    metadata.varintUnlessZero(4, unit)
                }
            }
            // The start timestamp of earlier drafts.
            message.varint(6, 1)
        }
    }

    /// Adds a series with these references instead of labels, and one sample.
    public mutating func append(references: [UInt64]) {
        var writer = ByteWriter()
        for reference in references { writer.writeVarint(reference) }
        series.message(5) { message in
            message.bytes(1, writer.bytes)
            message.message(2) { $0.varint(2, 1) }
        }
    }

    /// The request, with its symbols in front or behind.
    public func bytes(symbolsLast: Bool = false) -> [UInt8] {
        var table = ProtobufWriter()
        for symbol in symbols { table.string(4, symbol) }
        return symbolsLast ? series.bytes + table.bytes : table.bytes + series.bytes
    }
}
