/// A run of rows in one of the pools of a ``SpanBatch``.
@frozen
public struct RowRange: Hashable, Sendable {
    /// The first row.
    public var start: UInt32
    /// How many rows.
    public var count: UInt32

    /// Describes a run of rows.
    @inlinable
    public init(start: UInt32, count: UInt32) {
        self.start = start
        self.count = count
    }

    /// No rows.
    public static let none = RowRange(start: 0, count: 0)

    /// The indices of the rows.
    @inlinable
    public var indices: Range<Int> { Int(start)..<(Int(start) &+ Int(count)) }
}

/// The type of an attribute's value in an ``AttributeRow``.
@frozen
public enum AttributeType: UInt8, Sendable {
    /// Payload unused.
    case empty = 0
    /// Payload is a symbol: UTF-8.
    case string = 1
    /// Payload is 0 or 1.
    case bool = 2
    /// Payload is the two's complement bit pattern.
    case int = 3
    /// Payload is the IEEE 754 bit pattern.
    case double = 4
    /// Payload is a symbol: raw bytes.
    case bytes = 5
    /// Payload is a symbol: the encoded value of an array or a map, see ``AttributeValueCoding``.
    case composite = 6
}

/// One attribute in flat form.
@frozen
public struct AttributeRow: Hashable, Sendable {
    /// The key.
    public var key: SymbolTable.Symbol
    /// The type of the value.
    public var type: AttributeType
    /// The value, as ``AttributeType`` says.
    public var payload: UInt64

    /// Describes an attribute.
    @inlinable
    public init(key: SymbolTable.Symbol, type: AttributeType, payload: UInt64) {
        self.key = key
        self.type = type
        self.payload = payload
    }
}

/// A resource in flat form.
@frozen
public struct ResourceRow: Hashable, Sendable {
    /// Rows of the attribute pool.
    public var attributes: RowRange
    /// How many attributes the sender dropped.
    public var droppedAttributeCount: UInt32
    /// The schema URL.
    public var schemaURL: SymbolTable.Symbol
    /// `service.name`, or the symbol of `unknown_service`.
    public var serviceName: SymbolTable.Symbol

    /// Describes a resource.
    @inlinable
    public init(
        attributes: RowRange, droppedAttributeCount: UInt32, schemaURL: SymbolTable.Symbol, serviceName: SymbolTable.Symbol
    ) {
        self.attributes = attributes
        self.droppedAttributeCount = droppedAttributeCount
        self.schemaURL = schemaURL
        self.serviceName = serviceName
    }
}

/// An instrumentation scope in flat form.
@frozen
public struct ScopeRow: Hashable, Sendable {
    /// The name.
    public var name: SymbolTable.Symbol
    /// The version.
    public var version: SymbolTable.Symbol
    /// Rows of the attribute pool.
    public var attributes: RowRange
    /// How many attributes the sender dropped.
    public var droppedAttributeCount: UInt32
    /// The schema URL.
    public var schemaURL: SymbolTable.Symbol

    /// Describes a scope.
    @inlinable
    public init(
        name: SymbolTable.Symbol, version: SymbolTable.Symbol, attributes: RowRange, droppedAttributeCount: UInt32,
        schemaURL: SymbolTable.Symbol
    ) {
        self.name = name
        self.version = version
        self.attributes = attributes
        self.droppedAttributeCount = droppedAttributeCount
        self.schemaURL = schemaURL
    }
}

/// An event in flat form.
@frozen
public struct EventRow: Hashable, Sendable {
    /// Nanoseconds since 1970.
    public var time: UInt64
    /// What happened.
    public var name: SymbolTable.Symbol
    /// Rows of the attribute pool.
    public var attributes: RowRange
    /// How many attributes the sender dropped.
    public var droppedAttributeCount: UInt32

    /// Describes an event.
    @inlinable
    public init(time: UInt64, name: SymbolTable.Symbol, attributes: RowRange, droppedAttributeCount: UInt32) {
        self.time = time
        self.name = name
        self.attributes = attributes
        self.droppedAttributeCount = droppedAttributeCount
    }
}

/// A link in flat form.
@frozen
public struct LinkRow: Hashable, Sendable {
    /// The trace pointed to.
    public var traceID: TraceID
    /// The span pointed to.
    public var spanID: SpanID
    /// W3C trace state.
    public var traceState: SymbolTable.Symbol
    /// W3C flags.
    public var flags: UInt32
    /// Rows of the attribute pool.
    public var attributes: RowRange
    /// How many attributes the sender dropped.
    public var droppedAttributeCount: UInt32

    /// Describes a link.
    @inlinable
    public init(
        traceID: TraceID, spanID: SpanID, traceState: SymbolTable.Symbol, flags: UInt32, attributes: RowRange,
        droppedAttributeCount: UInt32
    ) {
        self.traceID = traceID
        self.spanID = spanID
        self.traceState = traceState
        self.flags = flags
        self.attributes = attributes
        self.droppedAttributeCount = droppedAttributeCount
    }
}

/// A span in flat form: numbers only, strings are symbols of the batch.
@frozen
public struct SpanRow: Hashable, Sendable {
    /// The trace.
    public var traceID = TraceID(high: 0, low: 0)
    /// The span.
    public var spanID = SpanID(0)
    /// The calling span; zero for a root.
    public var parentSpanID = SpanID(0)
    /// Nanoseconds since 1970.
    public var start: UInt64 = 0
    /// Nanoseconds since 1970.
    public var end: UInt64 = 0
    /// The operation.
    public var name: SymbolTable.Symbol = 0
    /// Index into the batch's resources.
    public var resource: UInt32 = 0
    /// Index into the batch's scopes.
    public var scope: UInt32 = 0
    /// The part it plays.
    public var kind = SpanKind.unspecified
    /// How it ended.
    public var status = SpanStatus.unset
    /// Which side of a shared id it is.
    public var side = SpanSide.own
    /// Why it failed.
    public var statusMessage: SymbolTable.Symbol = 0
    /// W3C trace state.
    public var traceState: SymbolTable.Symbol = 0
    /// OTLP's flags.
    public var flags: UInt32 = 0
    /// Rows of the attribute pool.
    public var attributes = RowRange.none
    /// Rows of the event pool.
    public var events = RowRange.none
    /// Rows of the link pool.
    public var links = RowRange.none
    /// How many attributes the sender dropped.
    public var droppedAttributeCount: UInt32 = 0
    /// How many events the sender dropped.
    public var droppedEventCount: UInt32 = 0
    /// How many links the sender dropped.
    public var droppedLinkCount: UInt32 = 0

    /// A span with nothing in it.
    @inlinable
    public init() {}

    /// End less start in nanoseconds; 0 when the end lies before the start.
    @inlinable
    public var duration: UInt64 { end > start ? end &- start : 0 }
}
