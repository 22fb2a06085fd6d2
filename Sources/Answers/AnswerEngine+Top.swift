import Storage
import TelemetryModel
import TraceAnalysis

extension AnswerEngine {
    /// The first of many, by some measure. Operations, endpoints, services and statements come from the store's sums,
    /// everything else from scanning the spans.
    public func top(_ question: TopQuestion, _ request: AnswerRequest) throws -> TopAnswer {
        let window = try window(request)
        switch question.of {
        case .operation, .endpoint, .service, .statement:
            if question.of == .statement, question.by == .critical {
                throw AnswerError(
                    .badRequest, "Statements have no critical share of their own; ask for of=operation&by=critical.", at: "by")
            }
            let rows = Self.rows(
                question, RollupView(try exampleRows(window, question.of == .statement ? .statements : [.operations, .nodes])))
            return Self.answer(question, rows, window, range: window.rollupRange, from: .rollup)
        case .host, .client, .attribute:
            let (rows, isComplete) = try AttributeScan(question, window).rows(traces)
            return Self.answer(question, rows, window, range: window.spanRange, from: .spans, complete: isComplete)
        }
    }

    private static func rows(_ question: TopQuestion, _ view: RollupView) -> [TopEntry] {
        switch question.of {
        case .service: services(question, view)
        case .statement: statements(question, view)
        default: operations(question, view)
        }
    }

    private static func operations(_ question: TopQuestion, _ view: RollupView) -> [TopEntry] {
        var tallies: [OperationIdentity: Tally] = [:]
        for (key, row) in view.table.operations {
            if let service = question.service, key.service != service { continue }
            if question.of == .endpoint, !RollupView.isEntry(key, row) { continue }
            tallies[OperationIdentity(service: key.service, operation: key.operation), default: Tally()].add(row)
        }
        let (shares, total) = view.shares()
        return tallies.map { identity, tally in
            TopEntry(
                ["service": identity.service, "operation": identity.operation], tally, shares[identity] ?? Share(),
                totalCritical: total)
        }
    }

    private static func services(_ question: TopQuestion, _ view: RollupView) -> [TopEntry] {
        let shares = view.sharesByService()
        let total = view.shares().totalCritical
        return view.entriesByService().compactMap { service, tally in
            if let wanted = question.service, service != wanted { return nil }
            return TopEntry(["service": service], tally, shares[service] ?? Share(), totalCritical: total)
        }
    }

    private static func statements(_ question: TopQuestion, _ view: RollupView) -> [TopEntry] {
        var tallies: [[String: String]: Tally] = [:]
        for (key, row) in view.table.statements {
            if let service = question.service, key.callerService != service { continue }
            tallies[["fingerprint": key.fingerprint, "system": key.system], default: Tally()].add(row)
        }
        return tallies.map { key, tally in
            // A statement calls nothing: all of its time is its own.
            TopEntry(key, tally, Share(selfNanoseconds: tally.durations.sumNanoseconds), totalCritical: nil)
        }
    }

    private static func answer(
        _ question: TopQuestion, _ entries: [TopEntry], _ window: AnswerWindow, range: AnswerRange, from: ComputedFrom,
        complete: Bool = true
    ) -> TopAnswer {
        let rows = first(window.limit, of: entries, by: question.by)
        return TopAnswer(
            range: range, complete: complete && entries.count <= window.limit, computedFrom: from, of: question.of.description,
            by: question.by.rawValue, rows: rows.map(\.row))
    }

    /// The first so many, in order. Of very many only those are put in order that can be among them.
    private static func first(_ limit: Int, of entries: [TopEntry], by: TopMeasure) -> [TopEntry] {
        let measures = entries.map { $0.measure(by) }
        let least = limit < entries.count ? measures.sorted(by: >)[limit - 1] : 0
        let sorted = entries.indices.filter { measures[$0] >= least }.sorted { a, b in
            measures[a] != measures[b] ? measures[a] > measures[b] : TopEntry.precedes(entries[a], entries[b])
        }
        return sorted.prefix(limit).map { entries[$0] }
    }
}

/// A row before it is written.
struct TopEntry {
    let key: [String: String]
    let tally: Tally
    /// Nil where it was not computed.
    let share: Share?
    /// Nil where critical time is not known.
    let totalCritical: UInt64?

    init(_ key: [String: String], _ tally: Tally, _ share: Share?, totalCritical: UInt64?) {
        self.key = key
        self.tally = tally
        self.share = share
        self.totalCritical = totalCritical
    }

    func measure(_ by: TopMeasure) -> UInt64 {
        switch by {
        case .calls: tally.calls
        case .errors: tally.errors
        case .total: tally.durations.sumNanoseconds
        case .p50: tally.durations.quantile(0.5) ?? 0
        case .p95: tally.durations.quantile(0.95) ?? 0
        case .p99: tally.durations.quantile(0.99) ?? 0
        case .self: share?.selfNanoseconds ?? 0
        case .critical: share?.criticalNanoseconds ?? 0
        }
    }

    /// The order of equals: by the values of their keys, so that it is always the same.
    static func precedes(_ a: TopEntry, _ b: TopEntry) -> Bool {
        let names = a.key.keys.sorted(by: >)
        return names.compactMap { a.key[$0] }.lexicographicallyPrecedes(names.compactMap { b.key[$0] })
    }

    var row: TopRow {
        TopRow(
            key: key, calls: tally.calls, errors: tally.errors, totalSeconds: tally.totalSeconds, p50Seconds: tally.p50Seconds,
            p95Seconds: tally.p95Seconds, p99Seconds: tally.p99Seconds,
            selfSeconds: share.map { Tally.seconds($0.selfNanoseconds) },
            criticalShare: totalCritical.flatMap { share?.criticalShare(of: $0) }, exemplarTraceIDs: tally.exemplarTraceIDs)
    }
}
