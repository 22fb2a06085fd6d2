import TelemetryModel

/// Everything that exists, from the sums of a range: services by their spans, the rest by the edges that lead to it.
struct ServiceDirectory {
    private let view: RollupView
    private var operations: [String: Set<String>] = [:]
    private var isEntry: Set<String> = []
    private var isCalled: Set<String> = []

    private static let caches: Set<String> = ["redis", "valkey", "keydb", "memcached", "hazelcast", "infinispan"]

    init(_ view: RollupView) {
        self.view = view
        for (key, row) in view.table.operations {
            operations[key.service, default: []].insert(key.operation)
            if row.rootCalls > 0 { isEntry.insert(key.service) }
        }
        for key in view.table.edges.keys { isCalled.insert(key.callee) }
    }

    /// Sorted by name.
    func summaries() -> [ServiceSummary] { (services() + peers()).sorted { $0.name < $1.name } }

    private func services() -> [ServiceSummary] {
        var instances: [String: (names: Set<String>, versions: Set<String>, lastSeen: UInt64)] = [:]
        for (key, row) in view.table.instances {
            var known = instances[key.service] ?? ([], [], 0)
            if !key.instance.isEmpty { known.names.insert(key.instance) }
            if !key.version.isEmpty { known.versions.insert(key.version) }
            known.lastSeen = max(known.lastSeen, row.lastSeen)
            instances[key.service] = known
        }
        return view.entriesByService().map { name, tally in
            let known = instances[name]
            let lastSeen = RFC3339.text(nanoseconds: known?.lastSeen ?? 0)
            return Self.summary(
                name, isEntry.contains(name) || !isCalled.contains(name) ? .entry : .service,
                operations: operations[name]?.count ?? 0,
                versions: known?.versions.sorted() ?? [], instances: known?.names.sorted() ?? [], lastSeen: lastSeen, tally)
        }
    }

    private func peers() -> [ServiceSummary] {
        var tallies: [String: (tally: Tally, kind: EdgeKind, last: Int64)] = [:]
        for (key, row) in view.table.edges {
            for name in [key.callee, key.caller] where operations[name] == nil {
                var known = tallies[name] ?? (Tally(), key.kind, 0)
                known.tally.add(row)
                known.last = max(known.last, row.lastMinute)
                if key.kind.rawValue < known.kind.rawValue { known.kind = key.kind }
                tallies[name] = known
            }
        }
        return tallies.map { name, known in
            Self.summary(
                name, Self.layer(name, known.kind), operations: 0, versions: [], instances: [],
                lastSeen: AnswerEngine.time(minute: known.last), known.tally)
        }
    }

    private static func layer(_ name: String, _ kind: EdgeKind) -> ServiceLayer {
        switch kind {
        case .call, .external: .external
        case .messaging: .queue
        case .database: caches.contains(String(name.prefix { $0 != ":" }).lowercased()) ? .cache : .database
        }
    }

    private static func summary(
        _ name: String, _ layer: ServiceLayer, operations: Int, versions: [String], instances: [String], lastSeen: String,
        _ tally: Tally
    ) -> ServiceSummary {
        ServiceSummary(
            name: name, layer: layer, operations: operations, versions: versions, instances: instances, lastSeen: lastSeen,
            calls: tally.calls, errors: tally.errors, p50Seconds: tally.p50Seconds, p95Seconds: tally.p95Seconds,
            p99Seconds: tally.p99Seconds)
    }
}
