import TelemetryModel

/// Writes metrics in a form of ``ExpositionFormat``: each family once, with its samples behind it.
public struct ExpositionWriter {
    private let format: ExpositionFormat
    private let isOpenMetrics: Bool
    /// What has been written.
    public private(set) var bytes: [UInt8] = []

    /// Begins a text.
    public init(_ format: ExpositionFormat) {
        self.format = format
        isOpenMetrics = if case .openMetrics = format.syntax { true } else { false }
    }

    /// Whether the form is OpenMetrics, where the name of a counter's family lacks `_total`.
    public var writesOpenMetrics: Bool { isOpenMetrics }

    /// Begins a family; the samples that follow belong to it. Without a help text there is no line for it.
    public mutating func family(_ name: String, _ type: MetricType, help: String) {
        let name = format.escaping.escaped(name)
        let shown = MetricNameEscaping.isPlain(name) ? name : Self.quoted(name)
        if !help.isEmpty { append("# HELP \(shown) \(isOpenMetrics ? Self.escaped(help) : Self.escapedLines(help))\n") }
        append("# TYPE \(shown) \(word(type))\n")
    }

    /// Both forms know the same four types that say more than nothing; of the others readers make nothing.
    private func word(_ type: MetricType) -> String {
        switch type {
        case .counter, .gauge, .histogram, .summary: type.name
        case .unknown, .gaugeHistogram, .info, .stateSet: isOpenMetrics ? "unknown" : "untyped"
        }
    }

    /// One sample; its time, if there is one, in milliseconds since 1970.
    public mutating func sample(_ name: String, _ labels: some Sequence<Label>, _ value: Double, timestamp: Int64? = nil) {
        let name = format.escaping.escaped(name)
        let isPlain = MetricNameEscaping.isPlain(name)
        if isPlain { append(name) }
        var separator = "{"
        if !isPlain {
            append(separator + Self.quoted(name))
            separator = ","
        }
        for label in labels {
            append("\(separator)\(labelName(label.name))=\(Self.quoted(label.value))")
            separator = ","
        }
        append(separator == "{" ? " " : "} ")
        append(number(value))
        if let timestamp { append(" " + time(timestamp)) }
        append("\n")
    }

    /// Ends the text: nothing may follow.
    public mutating func finish() {
        if isOpenMetrics { append("# EOF\n") }
    }

    private func labelName(_ name: String) -> String {
        let name = format.escaping.escaped(name)
        return MetricNameEscaping.isPlain(name) && !name.contains(":") ? name : Self.quoted(name)
    }

    private func number(_ value: Double) -> String {
        let text = DecimalText.general(value)
        return isOpenMetrics && value.isFinite && !text.contains(".") && !text.contains("e") ? text + ".0" : text
    }

    private func time(_ milliseconds: Int64) -> String {
        if !isOpenMetrics { return String(milliseconds) }
        let (whole, rest) = milliseconds.magnitude.quotientAndRemainder(dividingBy: 1_000)
        let decimals = String(String(rest + 1_000).dropFirst())
        return "\(milliseconds < 0 ? "-" : "")\(whole).\(decimals)"
    }

    private static func quoted(_ text: String) -> String { "\"\(escaped(text))\"" }

    private static func escaped(_ text: String) -> String {
        escapedLines(text).replacing("\"", with: "\\\"")
    }

    private static func escapedLines(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }
}
