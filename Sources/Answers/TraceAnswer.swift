/// One trace.
public struct TraceAnswer: Answer {
    /// What the answer covers.
    public var range: AnswerRange
    /// Whether everything asked for is in it; false when a limit cut it short.
    public var complete: Bool
    /// Where it comes from.
    public var computedFrom: ComputedFrom
    /// 32 hexadecimal digits.
    public var traceID: String
    /// With what probability the trace was kept, where sampling left that to chance; else 1. It stands for 1 / this many.
    public var samplingProbability = 1.0
    /// From the first start to the last end, corrected for clocks.
    public var durationSeconds: Double
    /// The services in it, sorted.
    public var services: [String]
    /// Spans that failed.
    public var errors: Int
    /// Spans that others name as parent and that are not there.
    public var missingParents: [String]
    /// The spans as a tree written line by line: a parent before its children, children by start.
    public var spans: [TraceSpan]
    /// What the trace waited for, from its beginning to its end without gaps.
    public var criticalPath: [CriticalSegment]

    /// Puts the parts together.
    public init(
        range: AnswerRange, complete: Bool, computedFrom: ComputedFrom, traceID: String, durationSeconds: Double,
        services: [String], errors: Int, missingParents: [String], spans: [TraceSpan], criticalPath: [CriticalSegment]
    ) {
        self.range = range
        self.complete = complete
        self.computedFrom = computedFrom
        self.traceID = traceID
        self.durationSeconds = durationSeconds
        self.services = services
        self.errors = errors
        self.missingParents = missingParents
        self.spans = spans
        self.criticalPath = criticalPath
    }
}

/// A span of a trace.
public struct TraceSpan: Codable, Hashable, Sendable {
    /// 16 hexadecimal digits.
    public var spanID: String
    /// The span that called; missing for a root.
    public var parentSpanID: String?
    /// How many spans are above it.
    public var depth: Int
    /// The service.
    public var service: String
    /// The operation.
    public var operation: String
    /// The part it plays.
    public var kind: String
    /// `unset`, `ok` or `error`.
    public var status: String
    /// Why it failed, or "".
    public var statusMessage: String
    /// As its own clock said, RFC 3339 with nanoseconds.
    public var start: String
    /// As its own clock said; may lie before the start.
    public var end: String
    /// As its own clock said, since 1970.
    public var startNanoseconds: UInt64
    /// What is added to its times so that they agree with its callers'.
    public var clockOffsetSeconds: Double
    /// Corrected start, from the beginning of the trace.
    public var offsetSeconds: Double
    /// How long it took.
    public var durationSeconds: Double
    /// Time in which no child ran.
    public var selfSeconds: Double
    /// Time on the critical path.
    public var criticalSeconds: Double
    /// Whether the trace waited for it.
    public var onCriticalPath: Bool
    /// Whether nobody waits for it.
    public var asynchronous: Bool
    /// Whether its parent is not there.
    public var missingParent: Bool
    /// The running copy of the service, or "".
    public var instance: String
    /// The host, or "".
    public var host: String
    /// Details.
    public var attributes: [TraceAttribute]
    /// What happened during it.
    public var events: [TraceEvent]
    /// Other spans it points to.
    public var links: [TraceLink]

    /// Puts the parts together.
    public init(
        spanID: String, parentSpanID: String? = nil, depth: Int, service: String, operation: String, kind: String, status: String,
        statusMessage: String, start: String, end: String, startNanoseconds: UInt64, clockOffsetSeconds: Double,
        offsetSeconds: Double, durationSeconds: Double, selfSeconds: Double, criticalSeconds: Double, onCriticalPath: Bool,
        asynchronous: Bool, missingParent: Bool, instance: String, host: String, attributes: [TraceAttribute], events: [TraceEvent],
        links: [TraceLink]
    ) {
        self.spanID = spanID
        self.parentSpanID = parentSpanID
        self.depth = depth
        self.service = service
        self.operation = operation
        self.kind = kind
        self.status = status
        self.statusMessage = statusMessage
        self.start = start
        self.end = end
        self.startNanoseconds = startNanoseconds
        self.clockOffsetSeconds = clockOffsetSeconds
        self.offsetSeconds = offsetSeconds
        self.durationSeconds = durationSeconds
        self.selfSeconds = selfSeconds
        self.criticalSeconds = criticalSeconds
        self.onCriticalPath = onCriticalPath
        self.asynchronous = asynchronous
        self.missingParent = missingParent
        self.instance = instance
        self.host = host
        self.attributes = attributes
        self.events = events
        self.links = links
    }
}

/// A key with a value.
public struct TraceAttribute: Codable, Hashable, Sendable {
    /// The key.
    public var key: String
    /// The value as text.
    public var value: String

    /// Puts the parts together.
    public init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}

/// Something that happened during a span.
public struct TraceEvent: Codable, Hashable, Sendable {
    /// What happened.
    public var name: String
    /// When, from the beginning of the trace, corrected.
    public var offsetSeconds: Double
    /// Details.
    public var attributes: [TraceAttribute]

    /// Puts the parts together.
    public init(name: String, offsetSeconds: Double, attributes: [TraceAttribute]) {
        self.name = name
        self.offsetSeconds = offsetSeconds
        self.attributes = attributes
    }
}

/// A pointer to another span.
public struct TraceLink: Codable, Hashable, Sendable {
    /// Its trace.
    public var traceID: String
    /// The span.
    public var spanID: String

    /// Puts the parts together.
    public init(traceID: String, spanID: String) {
        self.traceID = traceID
        self.spanID = spanID
    }
}

/// A part of the critical path.
public struct CriticalSegment: Codable, Hashable, Sendable {
    /// The span that the trace waited for.
    public var spanID: String
    /// From the beginning of the trace.
    public var fromSeconds: Double
    /// From the beginning of the trace.
    public var toSeconds: Double

    /// Puts the parts together.
    public init(spanID: String, fromSeconds: Double, toSeconds: Double) {
        self.spanID = spanID
        self.fromSeconds = fromSeconds
        self.toSeconds = toSeconds
    }
}
