import ByteCoding
import QueryEngine
import QueryLanguages
import TelemetryModel

/// Writes the answer to a query in Prometheus's form, within the query's time and a number of bytes.
struct PrometheusAnswerWriter {
    /// At most so many series; a warning tells when there are more.
    let limit: Int
    /// An answer of more bytes is refused: whoever asked is better served by fewer series or steps.
    let byteLimit: Int
    /// What ends the writing when the client goes or the time is over.
    let context: QueryContext

    /// The whole answer. Throws ``QueryError`` and ``APIError``.
    func write(_ result: QueryResult) throws -> [UInt8] {
        var warnings = result.annotationTexts(.warning)
        if result.value.seriesCount > limit { warnings.append(PrometheusJSON.truncationWarning) }
        let infos = result.annotationTexts(.info)
        return try PrometheusJSON.success(warnings: warnings, infos: infos) { writer in
            try writer.object { writer in
                writer.member("resultType", result.value.typeName)
                writer.key("result")
                try write(result.value, to: &writer)
                if let statistics = result.statistics { QueryCostJSON.writeStatistics(statistics, to: &writer) }
                if let explanation = result.explanation {
                    writer.key("explain")
                    QueryCostJSON.write(explanation, to: &writer)
                }
            }
        }
    }

    private func write(_ value: QueryValue, to writer: inout JSONWriter) throws {
        switch value {
        case .scalar(let number, let time): Self.write(time, PromQLNumber.plainText(number), to: &writer)
        case .string(let text, let time): Self.write(time, text, to: &writer)
        case .vector(let samples):
            try writer.array { writer in
                for sample in samples.prefix(limit) {
                    writer.object { writer in
                        writer.key("metric")
                        PrometheusJSON.writeLabels(sample.labels, to: &writer)
                        writer.key("value")
                        Self.writePoint(sample.timestamp, sample.value, to: &writer)
                    }
                    try check(writer)
                }
            }
        case .matrix(let series):
            try writer.array { writer in
                for one in series.prefix(limit) {
                    writer.object { writer in
                        writer.key("metric")
                        PrometheusJSON.writeLabels(one.labels, to: &writer)
                        writer.key("values")
                        writer.array { writer in
                            for index in one.values.indices {
                                Self.writePoint(one.timestamps[index], one.values[index], to: &writer)
                            }
                        }
                    }
                    try check(writer)
                }
            }
        }
    }

    private func check(_ writer: JSONWriter) throws {
        try context.check()
        if writer.bytes.count > byteLimit {
            throw APIError(
                .unprocessableContent, code: "answer_too_large",
                "The answer has more than \(byteLimit) bytes; ask for fewer series or a larger step.")
        }
    }

    private static func write(_ milliseconds: Int64, _ text: String, to writer: inout JSONWriter) {
        writer.array { writer in
            writer.raw(capacity: PointText.capacity) { room in PointText.seconds(milliseconds, to: room) }
            writer.string(text)
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
