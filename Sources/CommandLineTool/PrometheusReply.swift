import Foundation
import TelemetryModel

/// The answer of Prometheus's query API: `{"status":"success","data":{"resultType":…,"result":…}}`.
struct PrometheusReply: Decodable {
    /// `[seconds since 1970, "value"]`.
    struct Point: Decodable {
        var seconds: Double
        var value: String

        init(from decoder: any Decoder) throws {
            var list = try decoder.unkeyedContainer()
            seconds = try list.decode(Double.self)
            value = try list.decode(String.self)
        }
    }

    struct Series: Decodable {
        var metric: [String: String]
        var value: Point?
        var values: [Point]?
    }

    private enum Result {
        case series([Series])
        case single(Point)
    }

    private struct Body: Decodable {
        var result: Result

        private enum Keys: CodingKey { case resultType, result }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Keys.self)
            switch try container.decode(String.self, forKey: .resultType) {
            case "vector", "matrix": result = .series(try container.decode([Series].self, forKey: .result))
            default: result = .single(try container.decode(Point.self, forKey: .result))
            }
        }
    }

    private enum Keys: CodingKey { case data, warnings }

    private let result: Result
    private let warnings: [String]

    private static let sparkColumns = 30

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        result = try container.decode(Body.self, forKey: .data).result
        warnings = try container.decodeIfPresent([String].self, forKey: .warnings) ?? []
    }

    func lines(width: Int) -> [String] {
        warnings.map { "warning: \(TerminalText.safe($0))" } + table(width)
    }

    private func table(_ width: Int) -> [String] {
        switch result {
        case .single(let point): return [TerminalText.safe(QuantityText.value(point.value))]
        case .series(let series) where series.isEmpty: return ["No series matches at that time."]
        case .series(let series) where series[0].values == nil: return instant(series, width)
        case .series(let series): return range(series, width)
        }
    }

    private func instant(_ series: [Series], _ width: Int) -> [String] {
        var table = TextTable([.init(title: "series"), .init(title: "value", isNumber: true)])
        for one in series { table.add([Self.name(one.metric), one.value.map { QuantityText.value($0.value) } ?? ""]) }
        return table.lines(width: width)
    }

    private func range(_ series: [Series], _ width: Int) -> [String] {
        let times = series.flatMap { $0.values ?? [] }.map(\.seconds)
        guard let first = times.min(), let last = times.max() else { return [] }
        var table = TextTable([
            .init(title: "series"), .init(title: "min", isNumber: true), .init(title: "max", isNumber: true),
            .init(title: "last", isNumber: true), .init(title: "values", isNumber: true),
        ])
        for one in series {
            let points = one.values ?? []
            let numbers = points.compactMap { Double($0.value) }.filter(\.isFinite)
            table.add([
                Self.name(one.metric), Self.text(numbers.min()), Self.text(numbers.max()),
                points.last.map { QuantityText.value($0.value) } ?? "",
                Sparkline.draw(Self.spread(points, from: first, to: last), width: Self.sparkColumns),
            ])
        }
        return table.lines(width: width)
    }

    private static func text(_ number: Double?) -> String { number.map { QuantityText.value(String($0)) } ?? "–" }

    /// The values at their places between two times, so that gaps stay gaps and lines of one answer stand below each other.
    private static func spread(_ points: [Point], from: Double, to: Double) -> [Double?] {
        var values = [Double?](repeating: nil, count: sparkColumns)
        for point in points {
            let share = to > from ? (point.seconds - from) / (to - from) : 0
            guard share >= 0, share <= 1 else { continue }
            values[min(sparkColumns - 1, Int(share * Double(sparkColumns)))] = Double(point.value)
        }
        return values
    }

    /// The labels as PromQL writes them.
    private static func name(_ metric: [String: String]) -> String {
        Labels(metric.map { Label($0.key, $0.value) }).description
    }
}
