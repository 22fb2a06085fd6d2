import CollectorKit
import TelemetryModel

/// The page of nginx's `ngx_http_stub_status_module` (nginx.org/en/docs/http/ngx_http_stub_status_module.html).
struct StubStatus: Equatable {
    var active: UInt64
    var accepted: UInt64
    var handled: UInt64
    var requests: UInt64
    var reading: UInt64
    var writing: UInt64
    var waiting: UInt64

    /// Reads the four lines of the page. Throws when it is another page.
    init(parsing bytes: [UInt8]) throws(CollectorError) {
        let lines = TextFields.lines(bytes, limit: 8).map { TextFields.fields($0, limit: 8) }
        guard lines.count >= 4, let active = Self.numbers(lines[0], at: [2], behind: "Active"),
            let totals = Self.numbers(lines[2], at: [0, 1, 2], behind: nil),
            let states = Self.numbers(lines[3], at: [1, 3, 5], behind: "Reading:")
        else { throw .malformed(source: "The answer of nginx", reason: "it is not the page of stub_status") }
        self.active = active[0]
        (accepted, handled, requests) = (totals[0], totals[1], totals[2])
        (reading, writing, waiting) = (states[0], states[1], states[2])
    }

    /// The numbers at these places of a line that begins with `word`; nil unless all of them are there.
    private static func numbers(_ fields: [ArraySlice<UInt8>], at places: [Int], behind word: StaticString?) -> [UInt64]? {
        if let word, fields.first?.equals(word) != true { return nil }
        let values = places.compactMap { $0 < fields.count ? fields[$0].unsigned : nil }
        return values.count == places.count ? values : nil
    }

    var metrics: [CollectedMetric] {
        func counter(_ name: String, _ unit: String, _ text: String, _ value: UInt64) -> CollectedMetric {
            CollectedMetric(name, unit: unit, .counter, text, points: [MetricPoint(MetricValue(clamping: value))])
        }
        let states = [("active", active), ("reading", reading), ("writing", writing), ("waiting", waiting)]
        return [
            counter("nginx.requests", "{request}", "Requests that clients sent.", requests),
            counter("nginx.connections_accepted", "{connection}", "Connections that were accepted.", accepted),
            counter(
                "nginx.connections_handled", "{connection}",
                "Connections that were served; fewer than accepted when a limit was reached.", handled),
            CollectedMetric(
                "nginx.connections_current", unit: "{connection}", .gauge,
                "Connections by state; active ones are all of the others together.",
                points: states.map { MetricPoint(MetricValue(clamping: $1), [Attribute("state", $0)]) }),
        ]
    }
}
