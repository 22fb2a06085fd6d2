import ByteCoding
import TelemetryModel

/// Writes what all answers in the form of Prometheus's HTTP API have in common.
enum PrometheusJSON {
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

    /// `{"status":"error","errorType":"…","error":"…"}`.
    static func failure(_ error: APIError) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("status", "error")
            writer.member("errorType", error.prometheusType)
            writer.member("error", error.message)
        }
        return writer.bytes
    }

    /// What is said when an answer was cut.
    static let truncationWarning = "results truncated due to limit"

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
}
