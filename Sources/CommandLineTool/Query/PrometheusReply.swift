import Foundation

/// The answer of Prometheus's query API: `{"status":"success","data":{"resultType":…,"result":…}}`.
struct PrometheusReply: Decodable {
    /// `[seconds since 1970, "value"]`.
    struct Point: Decodable {
        var seconds: Double
        var value: String

        var milliseconds: Int64 { Int64(exactly: (seconds * 1_000).rounded()) ?? 0 }

        init(from decoder: any Decoder) throws {
            var list = try decoder.unkeyedContainer()
            seconds = try list.decode(Double.self)
            value = try list.decode(String.self)
        }
    }

    /// A series with its values: one for a moment, many for a range.
    struct Series: Decodable {
        var metric: [String: String]
        var points: [Point]

        private enum Keys: CodingKey { case metric, value, values }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Keys.self)
            metric = try container.decode([String: String].self, forKey: .metric)
            points =
                try container.decodeIfPresent([Point].self, forKey: .values)
                ?? [container.decodeIfPresent(Point.self, forKey: .value)].compactMap { $0 }
        }
    }

    /// What was found.
    enum Result {
        case scalar(Point)
        case string(Point)
        case vector([Series])
        case matrix([Series])
    }

    private struct Body: Decodable {
        var result: Result
        var explain: QueryExplanation?

        private enum Keys: CodingKey { case resultType, result, explain }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Keys.self)
            explain = try container.decodeIfPresent(QueryExplanation.self, forKey: .explain)
            switch try container.decode(String.self, forKey: .resultType) {
            case "vector": result = .vector(try container.decode([Series].self, forKey: .result))
            case "matrix": result = .matrix(try container.decode([Series].self, forKey: .result))
            case "string": result = .string(try container.decode(Point.self, forKey: .result))
            default: result = .scalar(try container.decode(Point.self, forKey: .result))
            }
        }
    }

    private enum Keys: CodingKey { case data, warnings, infos }

    /// What was found.
    let result: Result
    /// What should be known about the answer, as safe lines.
    let notes: [String]
    /// What the evaluation cost, when it was asked for.
    let explanation: QueryExplanation?

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        let body = try container.decode(Body.self, forKey: .data)
        result = body.result
        explanation = body.explain
        let warnings = try container.decodeIfPresent([String].self, forKey: .warnings) ?? []
        let infos = try container.decodeIfPresent([String].self, forKey: .infos) ?? []
        notes = warnings.map { "warning: \(TerminalText.safe($0))" } + infos.map { "info: \(TerminalText.safe($0))" }
    }
}
