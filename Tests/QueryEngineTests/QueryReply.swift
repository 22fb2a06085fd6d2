import Foundation
import QueryEngine
import Storage
import TelemetryModel

/// Reads the JSON of Prometheus's query API.
enum QueryReply {
    /// The answer in it. Throws ``ScriptFailure`` for an error.
    static func decode(_ body: [UInt8]) throws -> ScriptAnswer {
        guard let reply = try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any] else {
            throw ScriptFailure(message: "the reply is no object")
        }
        guard let data = reply["data"] as? [String: Any], let type = data["resultType"] as? String else {
            throw ScriptFailure(message: reply["error"] as? String ?? "the reply has neither data nor an error")
        }
        return ScriptAnswer(
            value: try value(type, data["result"] as? [Any] ?? []), warnings: reply["warnings"] as? [String] ?? [],
            infos: reply["infos"] as? [String] ?? [])
    }

    private static func value(_ type: String, _ result: [Any]) throws -> QueryValue {
        switch type {
        case "scalar":
            let (time, number) = try point(result)
            return .scalar(number, at: time)
        case "string": return .string(result.last as? String ?? "", at: 0)
        case "vector":
            return .vector(
                try rows(result).map { labels, row in
                    let (time, number) = try point(row["value"] as? [Any] ?? [])
                    return InstantSample(labels: labels, timestamp: time, value: number)
                })
        case "matrix":
            return .matrix(
                try rows(result).map { labels, row in
                    let points = try (row["values"] as? [[Any]] ?? []).map(point)
                    return SeriesSamples(labels: labels, timestamps: points.map(\.0), values: points.map(\.1))
                })
        default: throw ScriptFailure(message: "the reply's type is \(type)")
        }
    }

    private static func rows(_ result: [Any]) throws -> [(Labels, [String: Any])] {
        try result.map { row in
            guard let row = row as? [String: Any], let metric = row["metric"] as? [String: String] else {
                throw ScriptFailure(message: "a row has no metric: \(row)")
            }
            return (Labels(metric.map { Label($0.key, $0.value) }), row)
        }
    }

    private static func point(_ pair: [Any]) throws -> (Int64, Double) {
        guard pair.count == 2, let time = pair[0] as? Double, let text = pair[1] as? String, let value = Double(text) else {
            throw ScriptFailure(message: "no time and number: \(pair)")
        }
        return (Int64((time * 1_000).rounded()), value)
    }
}
