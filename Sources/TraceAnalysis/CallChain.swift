import TelemetryModel

/// What happens below an entry point, added up over many traces: a tree in which spans with the same operations above
/// them, up to the entry point, count as one node.
public struct CallChain: Sendable {
    /// An operation at its place below the entry point; sums over all requests.
    public struct Node: Sendable {
        /// The service.
        public let service: String
        /// The operation.
        public let operation: String
        /// The part that its spans play.
        public let kind: SpanKind
        /// Whether nobody waits for it, or for something above it.
        public let isAsynchronous: Bool
        /// The node above it, or -1.
        public let parent: Int
        /// The nodes below it, in the order of their discovery.
        public fileprivate(set) var children: [Int] = []
        /// Spans.
        public fileprivate(set) var calls: UInt64 = 0
        /// Spans that failed.
        public fileprivate(set) var errors: UInt64 = 0
        /// How long they took.
        public fileprivate(set) var durations = DurationSketch()
        /// Nanoseconds in which none of their children ran.
        public fileprivate(set) var selfNanoseconds: UInt64 = 0
        /// Nanoseconds on the critical paths of the requests.
        public fileprivate(set) var criticalNanoseconds: UInt64 = 0
        fileprivate let depth: Int
    }

    /// A request: a span of the entry point.
    public struct Request: Sendable, Hashable {
        /// Its trace.
        public var traceID: TraceID
        /// How long it took.
        public var nanoseconds: UInt64
    }

    /// Spans deeper below the entry point than this are left out, so that the tree can be written as nested JSON.
    public static let depthLimit = 100
    /// Nodes beyond this number are left out.
    public static let nodeLimit = 10_000
    /// How many of the slowest requests are kept.
    public static let exampleLimit = 5

    /// The tree; the entry point is first. Empty until a request has been added.
    public private(set) var nodes: [Node] = []
    /// The slowest requests, slowest first.
    public private(set) var slowest: [Request] = []
    /// Whether spans were left out because of a limit.
    public private(set) var isCut = false

    private let service: String
    private let operation: String
    private var nodeOfPlace: [Place: Int] = [:]

    private struct Place: Hashable {
        var parent: Int
        var service: String
        var operation: String
        var kind: SpanKind
    }

    /// Starts with no requests of this entry point.
    public init(service: String, operation: String) {
        self.service = service
        self.operation = operation
    }

    /// How many requests were added.
    public var requestCount: UInt64 { nodes.first?.calls ?? 0 }

    /// Adds the requests among whole traces that start in a range of nanoseconds since 1970. Where the entry point is
    /// called again below itself, the uppermost span is the request.
    public mutating func add(_ batch: SpanBatch, startingIn range: ClosedRange<UInt64>) {
        guard let service = batch.symbols.find(service), let operation = batch.symbols.find(operation) else { return }
        let clocks = ClockSkew.clocks(batch)
        for rows in TraceGroups.rows(batch) {
            let trace = AnalysedTrace(batch, rows: rows, clocks: clocks)
            let isEntry = (0..<trace.tree.count).map { node in
                trace.services[node] == service && trace.span(node, batch).name == operation
            }
            if isEntry.contains(true) { add(trace, batch, isEntry, range) }
        }
    }

    private mutating func add(_ trace: AnalysedTrace, _ batch: SpanBatch, _ isEntry: [Bool], _ range: ClosedRange<UInt64>) {
        let selfTimes = trace.timing.selfTimes(trace.tree)
        var places = [Int](repeating: -1, count: trace.tree.count)
        for number in trace.tree.order {
            let node = Int(number)
            let parent = Int(trace.tree.parents[node])
            let above = parent < 0 ? -1 : places[parent]
            let row = trace.span(node, batch)
            let isRequest = above == -1 && isEntry[node] && range.contains(row.start)
            // -2 marks what hangs below something that was left out.
            guard above >= 0 || isRequest else {
                places[node] = above
                continue
            }
            let place = place(row, batch, above: above, isAsynchronous: trace.timing.isAsynchronous[node])
            places[node] = place
            guard place >= 0 else { continue }
            nodes[place].calls &+= 1
            nodes[place].errors &+= row.status == .error ? 1 : 0
            nodes[place].durations.add(row.duration)
            nodes[place].selfNanoseconds &+= selfTimes[node]
            if isRequest { addRequest(row) }
        }
        addCritical(trace, places)
    }

    private mutating func addRequest(_ row: SpanRow) {
        let request = Request(traceID: row.traceID, nanoseconds: row.duration)
        let index = slowest.firstIndex { ($0.nanoseconds, request.traceID) < (request.nanoseconds, $0.traceID) } ?? slowest.count
        slowest.insert(request, at: index)
        if slowest.count > Self.exampleLimit { slowest.removeLast() }
    }

    private mutating func addCritical(_ trace: AnalysedTrace, _ places: [Int]) {
        for node in places.indices where places[node] == 0 {
            for segment in CriticalPath(trace.tree, trace.timing, root: node).segments where places[segment.node] >= 0 {
                nodes[places[segment.node]].criticalNanoseconds &+= UInt64(clamping: segment.to &- segment.from)
            }
        }
    }

    /// The index of the node for a span, made now if it is new; -2 when a limit forbids it.
    private mutating func place(_ row: SpanRow, _ batch: SpanBatch, above: Int, isAsynchronous: Bool) -> Int {
        let service = batch.symbols.string(batch.resources[Int(row.resource)].serviceName)
        let place = Place(parent: above, service: service, operation: batch.symbols.string(row.name), kind: row.kind)
        // The entry point is one node, whatever kind its spans have.
        if above < 0, !nodes.isEmpty { return 0 }
        if let known = nodeOfPlace[place] { return known }
        let depth = above < 0 ? 0 : nodes[above].depth + 1
        guard depth <= Self.depthLimit, nodes.count < Self.nodeLimit else {
            isCut = true
            return -2
        }
        let isBelow = above >= 0 && (isAsynchronous || nodes[above].isAsynchronous)
        nodes.append(
            Node(
                service: service, operation: place.operation, kind: row.kind, isAsynchronous: isBelow, parent: above, depth: depth))
        if above >= 0 { nodes[above].children.append(nodes.count - 1) }
        nodeOfPlace[place] = nodes.count - 1
        return nodes.count - 1
    }
}
