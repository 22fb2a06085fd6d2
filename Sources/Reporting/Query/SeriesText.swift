import QueryLanguages

/// Series as PromQL names them, so that what is shown can be asked again.
public enum SeriesText {
    private static let metricName = "__name__"

    /// `up{job="node"}`; names that need it are quoted, as in `{"my.metric", "my.label"="x"}`.
    public static func text(_ labels: [String: String]) -> String {
        let name = labels[metricName] ?? ""
        let isPlain = isPlain(name)
        var parts = labels.filter { $0.key != metricName }.sorted { $0.key < $1.key }.map {
            "\(PromQLLabelName.text($0.key))=\(quoted($0.value))"
        }
        if isPlain, parts.isEmpty, !name.isEmpty { return name }
        if !isPlain { parts.insert(quoted(name), at: 0) }
        return "\(isPlain ? name : ""){\(parts.joined(separator: ", "))}"
    }

    /// Whether a name of a metric needs no quotes.
    private static func isPlain(_ name: String) -> Bool {
        name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"), UInt8(ascii: ":"):
                true
            default: false
            }
        } && name.first?.isNumber != true
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n") + "\""
    }
}
