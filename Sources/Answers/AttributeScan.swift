import Storage
import TelemetryModel
import TraceAnalysis

/// Adds up spans by host, client, or the value of an attribute, by looking at each of them.
///
/// What is not asked for is not read: times of their own and on critical paths need the tree of every trace, which costs
/// many times what adding up does, so they are known only when rows are sorted by one of them.
struct AttributeScan {
    /// Values beyond this are not counted, and the answer says that it is not complete.
    static let valueLimit = 100_000

    private let query: SpanValueQuery
    private let label: String
    /// Whether times of their own and on critical paths are wanted.
    private let needsTimes: Bool

    init(_ question: TopQuestion, _ window: AnswerWindow) {
        needsTimes = question.by == .self || question.by == .critical
        var query = SpanValueQuery(
            keys: [], service: question.service, from: window.from, through: window.through, valueLimit: Self.valueLimit)
        switch question.of {
        case .host:
            (query.keys, label) = ([SemanticConventions.hostName, SemanticConventions.hostID], "host")
            query.looksAtSpans = false
        case .client:
            (query.keys, label) = (SemanticConventions.clientAddress, "client")
            query.looksAtResources = false
            query.kind = .server
        case .attribute(let key): (query.keys, label) = ([key], key)
        case .operation, .endpoint, .service, .statement: label = ""
        }
        self.query = query
    }

    /// A row for each value, and whether none is missing.
    func rows(_ traces: any TraceReader) throws -> (rows: [TopEntry], isComplete: Bool) {
        if needsTimes { return try rowsWithTimes(traces) }
        let tallies = try traces.tallies(query)
        let rows = tallies.tallies.map { TopEntry([label: $0.value], Tally($0), nil, totalCritical: nil) }
        return (rows, !tallies.isCut)
    }

    private func rowsWithTimes(_ traces: any TraceReader) throws -> (rows: [TopEntry], isComplete: Bool) {
        var projection = query.projection
        projection.columns.formUnion([.spanIDs, .parents, .starts, .names, .resources])
        var tallies = SpanValueTallies(query)
        var shares: [Share] = []
        var totalCritical: UInt64 = 0
        try traces.scan(from: query.from, through: query.through, projection) { batch in
            let times = SpanTimes(batch)
            for time in times.criticalNanoseconds { totalCritical &+= time }
            tallies.add(batch, query) { row, number in
                while shares.count <= number { shares.append(Share()) }
                shares[number].selfNanoseconds &+= times.selfNanoseconds[row]
                shares[number].criticalNanoseconds &+= times.criticalNanoseconds[row]
            }
        }
        let rows = tallies.tallies.map {
            TopEntry([label: $0.value], Tally($0), shares[$0.number], totalCritical: totalCritical)
        }
        return (rows, !tallies.isCut)
    }
}
