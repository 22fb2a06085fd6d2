import ByteCoding
import QueryEngine
import QueryLanguages
import TelemetryModel

/// Writes answers in the form of Prometheus's HTTP API.
enum PrometheusJSON {
    /// An answer of more bytes is refused: whoever asked is better served by fewer series or steps.
    static let byteLimit = 128 << 20

    /// `{"status":"success","data":…}` with warnings and infos where there are some.
    static func success(
        warnings: [String] = [], infos: [String] = [], _ data: (inout JSONWriter) throws -> Void
    ) rethrows -> [UInt8] {
        var writer = JSONWriter()
        try writer.object { writer in
            writer.member("status", "success")
            writer.key("data")
            try data(&writer)
            for (name, texts) in [("warnings", warnings), ("infos", infos)] where !texts.isEmpty {
                writer.key(name)
                writer.array { writer in for text in texts { writer.string(text) } }
            }
        }
        return writer.bytes
    }

    /// The answer to a query; at most `limit` series, which a warning tells.
    static func answer(_ result: QueryResult, limit: Int) throws -> [UInt8] {
        var warnings = result.annotations.filter { $0.level == .warning }.map(\.description)
        if result.value.seriesCount > limit { warnings.append(truncationWarning) }
        let infos = result.annotations.filter { $0.level == .info }.map(\.description)
        return try success(warnings: warnings, infos: infos) { writer in
            try writer.object { writer in
                writer.member("resultType", result.value.typeName)
                writer.key("result")
                try write(result.value, limit: limit, to: &writer)
                if let statistics = result.statistics { QueryCostJSON.writeStatistics(statistics, to: &writer) }
                if let explanation = result.explanation {
                    writer.key("explain")
                    QueryCostJSON.write(explanation, to: &writer)
                }
            }
        }
    }

    /// What is said when an answer was cut.
    static let truncationWarning = "results truncated due to limit"

    private static func write(_ value: QueryValue, limit: Int, to writer: inout JSONWriter) throws {
        switch value {
        case .scalar(let number, let time): writePoint(time, number, to: &writer)
        case .string(let text, let time):
            writer.array { writer in
                writer.raw(capacity: PointText.capacity) { room in PointText.seconds(time, to: room) }
                writer.string(text)
            }
        case .vector(let samples):
            try writer.array { writer in
                for sample in samples.prefix(limit) {
                    writer.object { writer in
                        writer.key("metric")
                        writeLabels(sample.labels, to: &writer)
                        writer.key("value")
                        writePoint(sample.timestamp, sample.value, to: &writer)
                    }
                    try checkSize(writer)
                }
            }
        case .matrix(let series):
            try writer.array { writer in
                for one in series.prefix(limit) {
                    writer.object { writer in
                        writer.key("metric")
                        writeLabels(one.labels, to: &writer)
                        writer.key("values")
                        writer.array { writer in
                            for index in one.values.indices {
                                writePoint(one.timestamps[index], one.values[index], to: &writer)
                            }
                        }
                    }
                    try checkSize(writer)
                }
            }
        }
    }

    private static func checkSize(_ writer: JSONWriter) throws {
        if writer.bytes.count > byteLimit {
            throw APIError(
                .unprocessableContent, code: "answer_too_large",
                "The answer has more than \(byteLimit) bytes; ask for fewer series or a larger step.")
        }
    }

    /// An object with the labels.
    static func writeLabels(_ labels: Labels, to writer: inout JSONWriter) {
        writer.object { writer in
            labels.bytes.withUnsafeBytes { raw in
                var reader = ByteReader(raw)
                while let name = try? reader.readLengthPrefixed(), let value = try? reader.readLengthPrefixed() {
                    writer.key(utf8: name)
                    writer.string(utf8: value)
                }
            }
        }
    }

    private static func writePoint(_ milliseconds: Int64, _ value: Double, to writer: inout JSONWriter) {
        writer.raw(capacity: PointText.capacity) { PointText.write(milliseconds, value, to: $0) }
    }
}

extension QueryValue {
    /// The name of the type in Prometheus's API.
    fileprivate var typeName: String {
        switch self {
        case .scalar: "scalar"
        case .string: "string"
        case .vector: "vector"
        case .matrix: "matrix"
        }
    }

    fileprivate var seriesCount: Int {
        switch self {
        case .scalar, .string: 1
        case .vector(let samples): samples.count
        case .matrix(let series): series.count
        }
    }
}
