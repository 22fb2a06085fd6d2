/// The answer to a query as comma-separated values (RFC 4180): a column for each label, then `time` in seconds since 1970 and `value`.
enum QueryCSV {
    /// A line of titles, and one for each value with all its digits.
    static func lines(_ reply: PrometheusReply) -> [String] {
        switch reply.result {
        case .scalar(let point), .string(let point): return ["time,value", row([], point)]
        case .vector(let series), .matrix(let series):
            let names = Set(series.flatMap(\.metric.keys)).sorted()
            let head = (names.map(quoted) + ["time", "value"]).joined(separator: ",")
            return [head]
                + series.flatMap { one in
                    let labels = names.map { quoted(one.metric[$0] ?? "") }
                    return one.points.map { row(labels, $0) }
                }
        }
    }

    private static func row(_ labels: [String], _ point: PrometheusReply.Point) -> String {
        (labels + [QueryCommand.seconds(UInt64(max(0, point.milliseconds)) * 1_000_000), quoted(point.value)]).joined(
            separator: ",")
    }

    private static func quoted(_ text: String) -> String {
        guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
