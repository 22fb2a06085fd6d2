/// What produced the telemetry: a process, its service, its host.
public struct Resource: Hashable, Sendable {
    /// The attributes, in the order in which they came.
    public var attributes: [Attribute]
    /// How many attributes the sender dropped.
    public var droppedAttributeCount: UInt32
    /// The schema URL of the attributes, or "".
    public var schemaURL: String

    /// Describes a resource.
    public init(attributes: [Attribute] = [], droppedAttributeCount: UInt32 = 0, schemaURL: String = "") {
        self.attributes = attributes
        self.droppedAttributeCount = droppedAttributeCount
        self.schemaURL = schemaURL
    }

    /// `service.name`, or `unknown_service`.
    public var serviceName: String {
        if let name = attributes.string("service.name"), !name.isEmpty { name } else { Self.unknownService }
    }

    /// The name of a service that did not say its own.
    public static let unknownService = "unknown_service"
}

/// The library that made the telemetry.
public struct InstrumentationScope: Hashable, Sendable {
    /// Its name, or "".
    public var name: String
    /// Its version, or "".
    public var version: String
    /// Its attributes.
    public var attributes: [Attribute]
    /// How many attributes the sender dropped.
    public var droppedAttributeCount: UInt32
    /// The schema URL of the scope's telemetry, or "".
    public var schemaURL: String

    /// Describes a scope.
    public init(
        name: String = "", version: String = "", attributes: [Attribute] = [], droppedAttributeCount: UInt32 = 0,
        schemaURL: String = ""
    ) {
        self.name = name
        self.version = version
        self.attributes = attributes
        self.droppedAttributeCount = droppedAttributeCount
        self.schemaURL = schemaURL
    }
}

/// The part that a span plays in a call, with OTLP's numbers.
@frozen
public enum SpanKind: UInt8, Hashable, Sendable, CaseIterable {
    /// The sender did not say.
    case unspecified = 0
    /// Work inside a process.
    case `internal` = 1
    /// The receiving side of a synchronous call.
    case server = 2
    /// The sending side of a synchronous call.
    case client = 3
    /// The sending side of an asynchronous message.
    case producer = 4
    /// The receiving side of an asynchronous message.
    case consumer = 5

    /// The name in lower case: `server`, `client`, …
    public var name: String {
        switch self {
        case .unspecified: "unspecified"
        case .internal: "internal"
        case .server: "server"
        case .client: "client"
        case .producer: "producer"
        case .consumer: "consumer"
        }
    }
}

/// How a span ended, with OTLP's numbers.
@frozen
public enum SpanStatus: UInt8, Hashable, Sendable {
    /// The sender did not say, which is no error.
    case unset = 0
    /// Someone marked it as successful.
    case ok = 1
    /// It failed.
    case error = 2
}

/// Which side of a call a span with a shared id is (Zipkin's `shared`); part of a span's identity.
@frozen
public enum SpanSide: UInt8, Hashable, Sendable {
    /// The ordinary case.
    case own = 0
    /// The server's half of a Zipkin span whose id the client shares.
    case sharedServer = 1
}

/// Something that happened during a span.
public struct SpanEvent: Hashable, Sendable {
    /// Nanoseconds since 1970.
    public var time: UInt64
    /// What happened.
    public var name: String
    /// Details.
    public var attributes: [Attribute]
    /// How many attributes the sender dropped.
    public var droppedAttributeCount: UInt32

    /// Describes an event.
    public init(time: UInt64, name: String, attributes: [Attribute] = [], droppedAttributeCount: UInt32 = 0) {
        self.time = time
        self.name = name
        self.attributes = attributes
        self.droppedAttributeCount = droppedAttributeCount
    }
}

/// A pointer from one span to another that is not its parent.
public struct SpanLink: Hashable, Sendable {
    /// The trace pointed to.
    public var traceID: TraceID
    /// The span pointed to.
    public var spanID: SpanID
    /// W3C trace state, or "".
    public var traceState: String
    /// W3C flags.
    public var flags: UInt32
    /// Details.
    public var attributes: [Attribute]
    /// How many attributes the sender dropped.
    public var droppedAttributeCount: UInt32

    /// Describes a link.
    public init(
        traceID: TraceID, spanID: SpanID, traceState: String = "", flags: UInt32 = 0, attributes: [Attribute] = [],
        droppedAttributeCount: UInt32 = 0
    ) {
        self.traceID = traceID
        self.spanID = spanID
        self.traceState = traceState
        self.flags = flags
        self.attributes = attributes
        self.droppedAttributeCount = droppedAttributeCount
    }
}

/// One operation of one process, whole: the form for answers and tests. Hot paths use ``SpanBatch``.
public struct Span: Hashable, Sendable {
    /// The trace.
    public var traceID: TraceID
    /// The span.
    public var spanID: SpanID
    /// The calling span; zero for a root.
    public var parentSpanID: SpanID
    /// Which side of a shared id it is.
    public var side: SpanSide = .own
    /// W3C trace state, or "".
    public var traceState: String = ""
    /// OTLP's flags.
    public var flags: UInt32 = 0
    /// The operation.
    public var name: String
    /// The part it plays.
    public var kind: SpanKind
    /// Nanoseconds since 1970.
    public var start: UInt64
    /// Nanoseconds since 1970; may lie before the start when a clock was set back.
    public var end: UInt64
    /// How it ended.
    public var status: SpanStatus = .unset
    /// Why it failed, or "".
    public var statusMessage: String = ""
    /// Details.
    public var attributes: [Attribute] = []
    /// What happened during it.
    public var events: [SpanEvent] = []
    /// Other spans it points to.
    public var links: [SpanLink] = []
    /// How many attributes the sender dropped.
    public var droppedAttributeCount: UInt32 = 0
    /// How many events the sender dropped.
    public var droppedEventCount: UInt32 = 0
    /// How many links the sender dropped.
    public var droppedLinkCount: UInt32 = 0
    /// Who produced it.
    public var resource: Resource
    /// The library that made it.
    public var scope: InstrumentationScope

    /// Describes a span; the other properties are set afterwards where they matter.
    public init(
        traceID: TraceID, spanID: SpanID, parentSpanID: SpanID = SpanID(0), name: String, kind: SpanKind = .internal,
        start: UInt64, end: UInt64, status: SpanStatus = .unset, attributes: [Attribute] = [], resource: Resource = Resource(),
        scope: InstrumentationScope = InstrumentationScope()
    ) {
        self.traceID = traceID
        self.spanID = spanID
        self.parentSpanID = parentSpanID
        self.name = name
        self.kind = kind
        self.start = start
        self.end = end
        self.status = status
        self.attributes = attributes
        self.resource = resource
        self.scope = scope
    }

    /// End less start in nanoseconds; 0 when the end lies before the start.
    public var duration: UInt64 { end > start ? end - start : 0 }
}
