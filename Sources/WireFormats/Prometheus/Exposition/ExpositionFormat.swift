/// A form of text in which metrics are exposed to whoever scrapes them.
public struct ExpositionFormat: Sendable, Equatable {
    /// The two families of forms with their versions.
    public enum Syntax: Sendable, Equatable {
        /// Prometheus's text: version 0.0.4, or 1.0.0, which differs in what names may be.
        case text(version: String)
        /// OpenMetrics: version 1.0.0 or 0.0.1.
        case openMetrics(version: String)
    }

    /// The form.
    public var syntax: Syntax
    /// How names are written that older readers do not understand.
    public var escaping: MetricNameEscaping

    /// Puts both together; by default what every reader understands.
    public init(_ syntax: Syntax = .text(version: "0.0.4"), escaping: MetricNameEscaping = .underscores) {
        self.syntax = syntax
        self.escaping = escaping
    }

    /// The form that a client likes best by its header `Accept`; the default when it knows none of ours.
    public init(accept header: String?) {
        self.init()
        // As in Prometheus, an escaping counts even when it stands beside a form that is not ours.
        for range in AcceptedRange.all(header ?? "") {
            if let known = MetricNameEscaping(rawValue: range.parameters["escaping"] ?? "") { escaping = known }
            guard let found = Self.syntax(range.type, version: range.parameters["version"] ?? "") else { continue }
            syntax = found
            return
        }
    }

    private static func syntax(_ type: String, version: String) -> Syntax? {
        switch (type, version) {
        case ("text/plain", "1.0.0"): .text(version: version)
        case ("text/plain", "0.0.4"), ("text/plain", ""): .text(version: "0.0.4")
        case ("application/openmetrics-text", "1.0.0"): .openMetrics(version: version)
        case ("application/openmetrics-text", "0.0.1"), ("application/openmetrics-text", ""): .openMetrics(version: "0.0.1")
        default: nil
        }
    }

    /// The value of the header `Content-Type`.
    public var contentType: String {
        let type =
            switch syntax {
            case .text(let version): "text/plain; version=\(version)"
            case .openMetrics(let version): "application/openmetrics-text; version=\(version)"
            }
        return "\(type); charset=utf-8; escaping=\(escaping.rawValue)"
    }
}

/// One part of a header `Accept`.
struct AcceptedRange {
    /// Such as `text/plain`, in lower case.
    var type: String
    /// What stands behind it, without `q`.
    var parameters: [String: String]
    private var quality: Double

    /// More parts than this are ignored.
    static let countLimit = 50

    /// The parts of a header, those that the client likes best first; those that it does not take are left out.
    static func all(_ header: String) -> [AcceptedRange] {
        let ranges = header.split(separator: ",").prefix(countLimit).map(AcceptedRange.init).filter { $0.quality > 0 }
        return ranges.enumerated().sorted { ($1.element.quality, $0.offset) < ($0.element.quality, $1.offset) }.map(\.element)
    }

    private init(_ text: Substring) {
        let parts = text.split(separator: ";").map { $0.filter { !$0.isWhitespace } }
        type = parts.first?.lowercased() ?? ""
        parameters = [:]
        for part in parts.dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
            if pair.count == 2 { parameters[pair[0].lowercased()] = pair[1].filter { $0 != "\"" } }
        }
        quality = parameters.removeValue(forKey: "q").map { Double($0) ?? 1 } ?? 1
    }
}
