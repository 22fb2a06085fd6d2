import TelemetryModel

/// Who called whom in a trace.
struct DependencyLink {
    /// An end of a link.
    enum Party {
        /// The service of a node.
        case node(Int)
        /// A database, queue or peer that sends no spans.
        case peer(String)
    }

    var caller: Party
    var callee: Party
    var kind: EdgeKind
    /// The caller's span, when it is there.
    var callerNode: Int?
    /// The callee's span, when it is there.
    var calleeNode: Int?
}

/// Finds the links of a trace.
///
/// A span that another service's span called, or a server's that a client's called, is a call; a consumer below or linked
/// to a producer is a message. A client, database or producer span without its other side shows a peer by its attributes.
/// Of database spans within each other, as an object mapper and a driver make them, only the innermost counts.
struct DependencyLinks {
    private let batch: SpanBatch
    private let trace: AnalysedTrace
    private var isDatabase: [Bool]
    private(set) var links: [DependencyLink] = []
    /// The nodes whose caller is in the trace.
    private var called: Set<Int> = []
    /// The nodes that are executions of a database statement.
    private(set) var executions: [Int] = []

    /// Finds the links; `reader` belongs to the batch.
    init(_ batch: SpanBatch, _ trace: AnalysedTrace, _ reader: inout SpanFactReader) {
        self.batch = batch
        self.trace = trace
        isDatabase = [Bool](repeating: false, count: trace.tree.count)
        for node in 0..<trace.tree.count {
            let row = trace.span(node, batch)
            if row.kind == .server || row.kind == .consumer || row.kind == .producer { continue }
            reader.read(batch, row)
            isDatabase[node] = reader.has(.databaseSystem)
        }
        let consumed = addCalls()
        for node in 0..<trace.tree.count { addPeer(node, consumed: consumed, &reader) }
    }

    // MARK: - Both sides in the trace

    /// Adds what is between two spans; returns the producers of which a consumer is there.
    private mutating func addCalls() -> Set<Int> {
        var consumed: Set<Int> = []
        var nodeOfID: [SpanID: Int]?
        for node in 0..<trace.tree.count {
            let row = trace.span(node, batch)
            var parent = Int(trace.tree.parents[node])
            if row.kind == .consumer, parent < 0 || trace.span(parent, batch).kind != .producer, row.links.count > 0 {
                let known = nodeOfID ?? ids()
                nodeOfID = known
                parent = linked(row, known) ?? parent
            }
            guard parent >= 0 else { continue }
            let caller = trace.span(parent, batch).kind
            let isRemote = trace.services[parent] != trace.services[node]
            let isCall = row.kind == .server && caller == .client
            let isMessage = row.kind == .consumer && caller == .producer
            guard isRemote || isCall || isMessage else { continue }
            if isMessage { consumed.insert(parent) }
            called.insert(node)
            links.append(
                DependencyLink(
                    caller: .node(parent), callee: .node(node), kind: row.kind == .consumer ? .messaging : .call,
                    callerNode: parent, calleeNode: node))
        }
        return consumed
    }

    private func ids() -> [SpanID: Int] {
        Dictionary(trace.tree.rows.enumerated().map { (batch.rows[$0.element].spanID, $0.offset) }) { first, _ in first }
    }

    private func linked(_ row: SpanRow, _ nodeOfID: [SpanID: Int]) -> Int? {
        for index in row.links.indices where batch.links[index].traceID == row.traceID {
            if let node = nodeOfID[batch.links[index].spanID], trace.span(node, batch).kind == .producer { return node }
        }
        return nil
    }

    // MARK: - One side in the trace

    private mutating func addPeer(_ node: Int, consumed: Set<Int>, _ reader: inout SpanFactReader) {
        let row = trace.span(node, batch)
        if isDatabase[node] {
            if trace.tree.children(node).contains(where: { isDatabase[Int($0)] }) { return }
            executions.append(node)
            if hasRemoteChild(node) { return }
            reader.read(batch, row)
            addOutgoing(node, Self.joined(reader.text(.databaseSystem, batch), reader.text(.databaseNamespace, batch)), .database)
            return
        }
        let parent = Int(trace.tree.parents[node])
        switch row.kind {
        case .client:
            let isInner = parent >= 0 && isDatabase[parent] && trace.services[parent] == trace.services[node]
            if isInner || hasRemoteChild(node) { return }
            reader.read(batch, row)
            addOutgoing(node, peerName(reader), .external)
        case .producer where !consumed.contains(node) && !hasRemoteChild(node):
            reader.read(batch, row)
            addOutgoing(node, queueName(reader), .messaging)
        case .consumer where parent < 0 && !called.contains(node):
            reader.read(batch, row)
            addIncoming(node, queueName(reader), .messaging)
        case .server where parent < 0:
            reader.read(batch, row)
            addIncoming(node, reader.text(.peerService, batch), .call)
        default: break
        }
    }

    /// Whether another service, or a further client span, took the call on.
    private func hasRemoteChild(_ node: Int) -> Bool {
        trace.tree.children(node).contains { child in
            let kind = trace.span(Int(child), batch).kind
            return kind == .server || kind == .client || kind == .consumer || trace.services[Int(child)] != trace.services[node]
        }
    }

    private mutating func addOutgoing(_ node: Int, _ name: String, _ kind: EdgeKind) {
        if name.isEmpty { return }
        links.append(DependencyLink(caller: .node(node), callee: .peer(name), kind: kind, callerNode: node))
    }

    private mutating func addIncoming(_ node: Int, _ name: String, _ kind: EdgeKind) {
        if name.isEmpty { return }
        links.append(DependencyLink(caller: .peer(name), callee: .node(node), kind: kind, calleeNode: node))
    }

    private func peerName(_ reader: SpanFactReader) -> String {
        for fact in [SpanFact.peerService, .messagingSystem, .serverAddress] {
            let text = reader.text(fact, batch)
            if !text.isEmpty { return text }
        }
        let host = Self.host(ofURL: reader.text(.url, batch))
        return host.isEmpty ? reader.text(.networkPeerAddress, batch) : host
    }

    private func queueName(_ reader: SpanFactReader) -> String {
        let system = reader.text(.messagingSystem, batch)
        // Zipkin's tracers name the broker as the remote endpoint.
        return system.isEmpty
            ? reader.text(.peerService, batch) : Self.joined(system, reader.text(.messagingDestination, batch))
    }

    private static func joined(_ system: String, _ name: String) -> String { name.isEmpty ? system : "\(system):\(name)" }

    /// The host of `scheme://user@host:port/path`, or "".
    static func host(ofURL url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return "" }
        let authority = url[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let address = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        if address.hasPrefix("[") { return String(address.prefix { $0 != "]" }.dropFirst()) }
        return String(address.prefix { $0 != ":" })
    }
}
