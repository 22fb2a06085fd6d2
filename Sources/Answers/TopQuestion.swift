/// What the rows of a TOP-N are.
public enum TopSubject: Hashable, Sendable, CustomStringConvertible {
    /// Every span name of every service.
    case operation
    /// Operations by which calls enter a service or the system.
    case endpoint
    /// Services.
    case service
    /// Database statements without their literals.
    case statement
    /// Hosts on which the spans were made; found by scanning.
    case host
    /// Who called, as servers see it; found by scanning.
    case client
    /// The values of an attribute of spans or resources; found by scanning.
    case attribute(String)

    /// Reads `operation`, …, `attribute:KEY`; nil for anything else.
    public init?(_ text: String) {
        switch text {
        case "operation": self = .operation
        case "endpoint": self = .endpoint
        case "service": self = .service
        case "statement": self = .statement
        case "host": self = .host
        case "client": self = .client
        default:
            guard text.hasPrefix("attribute:"), text.utf8.count > 10 else { return nil }
            self = .attribute(String(text.dropFirst(10)))
        }
    }

    /// The form that ``init(_:)`` reads.
    public var description: String {
        switch self {
        case .operation: "operation"
        case .endpoint: "endpoint"
        case .service: "service"
        case .statement: "statement"
        case .host: "host"
        case .client: "client"
        case .attribute(let key): "attribute:\(key)"
        }
    }
}

/// What a TOP-N is sorted by, largest first.
public enum TopMeasure: String, Hashable, Sendable, CaseIterable {
    /// How many calls.
    case calls
    /// The durations added up.
    case total
    /// The median.
    case p50
    /// The 95 % quantile.
    case p95
    /// The 99 % quantile.
    case p99
    /// How many calls failed.
    case errors
    /// Time in which no child ran.
    case `self`
    /// Time on critical paths.
    case critical
}

/// A TOP-N: the first of what, by what.
public struct TopQuestion: Hashable, Sendable {
    /// What the rows are.
    public var of: TopSubject
    /// What they are sorted by.
    public var by: TopMeasure
    /// Only this service, if set.
    public var service: String?

    /// Describes a TOP-N.
    public init(of: TopSubject, by: TopMeasure = .total, service: String? = nil) {
        self.of = of
        self.by = by
        self.service = service
    }

    /// Reads the parameters `of` (`endpoint` when missing), `by` (`total` when missing) and `service`.
    public init(parameters: [String: String]) throws(AnswerError) {
        guard let of = TopSubject(parameters["of"] ?? "endpoint") else {
            throw AnswerError(
                .badRequest, "of must be operation, endpoint, service, statement, host, client or attribute:KEY.", at: "of")
        }
        guard let by = TopMeasure(rawValue: parameters["by"] ?? "total") else {
            let names = TopMeasure.allCases.map(\.rawValue).joined(separator: ", ")
            throw AnswerError(.badRequest, "by must be one of \(names).", at: "by")
        }
        self.init(of: of, by: by, service: parameters["service"].flatMap { $0.isEmpty ? nil : $0 })
    }
}
