/// Which parts of spans a reader wants, so that a store need not read and decode the others.
///
/// What comes is an ordinary `SpanBatch`: parts that were not asked for may stand at their defaults (zero, the empty text,
/// no attributes), or come all the same. The trace id is always there, and rows are in their usual order.
public struct SpanProjection: Sendable, Hashable {
    /// Parts of a span.
    public struct Columns: OptionSet, Sendable, Hashable {
        /// A bit for each part.
        public let rawValue: UInt32

        /// Names parts by their bits.
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// The span's own id.
        public static let spanIDs = Columns(rawValue: 1 << 0)
        /// The parent's id.
        public static let parents = Columns(rawValue: 1 << 1)
        /// The start.
        public static let starts = Columns(rawValue: 1 << 2)
        /// The duration. Without the start, start and end are such that their difference is right.
        public static let durations = Columns(rawValue: 1 << 3)
        /// The operation.
        public static let names = Columns(rawValue: 1 << 4)
        /// Kind, status and side.
        public static let kinds = Columns(rawValue: 1 << 5)
        /// The message of the status.
        public static let statusMessages = Columns(rawValue: 1 << 6)
        /// The resource with its attributes.
        public static let resources = Columns(rawValue: 1 << 7)
        /// The scope with its attributes.
        public static let scopes = Columns(rawValue: 1 << 8)
        /// The span's attributes, see ``SpanProjection/attributeKeys``.
        public static let attributes = Columns(rawValue: 1 << 9)
        /// The events with their attributes.
        public static let events = Columns(rawValue: 1 << 10)
        /// The links with their attributes.
        public static let links = Columns(rawValue: 1 << 11)
        /// Trace state, flags and the numbers of what the sender dropped.
        public static let others = Columns(rawValue: 1 << 12)

        /// The resource with nothing but its service's name, unless ``resources`` asks for the rest.
        public static let services = Columns(rawValue: 1 << 13)

        /// Start and duration.
        public static let times: Columns = [.starts, .durations]
        /// Everything.
        public static let all = Columns(rawValue: (1 << 14) - 1)
    }

    /// The parts.
    public var columns: Columns
    /// The keys of the attributes of spans, events and links that are wanted; nil for all of them. Those of resources and
    /// scopes come whole.
    public var attributeKeys: [String]?

    /// Names the parts.
    public init(_ columns: Columns, attributeKeys: [String]? = nil) {
        self.columns = columns
        self.attributeKeys = attributeKeys
    }

    /// All parts of every span.
    public static let everything = SpanProjection(.all)
}
