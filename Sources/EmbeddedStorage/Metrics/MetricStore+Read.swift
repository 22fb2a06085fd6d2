import Storage
import TelemetryModel

extension MetricStore: MetricReader {
    /// Every matching series with its samples, head and blocks merged.
    public func scan(_ query: SeriesQuery, _ body: (SeriesView) throws -> Void) throws {
        try Self.check(query)
        // A block that turns out to be damaged is set aside; what was passed on already is not passed on again.
        var last: Labels?
        try reading(query) { scan in
            try scan.forEach(from: query.from, through: query.through) { labels, columns in
                if let last, labels <= last { return }
                try SeriesSamples(labels: labels, timestamps: columns.timestamps, values: columns.values).withView(body)
                last = labels
            }
        }
    }

    /// The matching series; blocks answer by whole chunks.
    public func series(_ query: SeriesQuery, limit: Int) throws -> [Labels] {
        try Self.check(query)
        return try reading(query) { scan in
            var found: [Labels] = []
            if limit <= 0 { return found }
            try scan.forEachSeries(from: query.from, through: query.through) { labels in
                found.append(labels)
                return found.count < limit
            }
            return found
        }
    }

    /// The label names of the matching series.
    public func labelNames(_ query: SeriesQuery, limit: Int) throws -> [String] {
        var names: Set<[UInt8]> = []
        try forEachSeries(query) { labels in
            for label in labels.list { names.insert(Array(label.name.utf8)) }
        }
        return Self.sorted(names, limit)
    }

    /// The values of one label among the matching series.
    public func labelValues(_ name: String, _ query: SeriesQuery, limit: Int) throws -> [String] {
        var values: Set<[UInt8]> = []
        try forEachSeries(query) { labels in
            if let value = labels[name] { values.insert(Array(value.utf8)) }
        }
        return Self.sorted(values, limit)
    }

    private func forEachSeries(_ query: SeriesQuery, _ body: (Labels) -> Void) throws {
        try reading(query) { scan in
            try scan.forEachSeries(from: query.from, through: query.through) { labels in
                body(labels)
                return true
            }
        }
    }

    private static func sorted(_ texts: Set<[UInt8]>, _ limit: Int) -> [String] {
        texts.sorted { $0.lexicographicallyPrecedes($1) }.prefix(max(0, limit)).map { String(decoding: $0, as: UTF8.self) }
    }

    static func check(_ query: SeriesQuery) throws {
        if query.matchers.allSatisfy(\.matchesEmpty) {
            throw StorageError(.invalid, "At least one condition must not match the empty text, or every series would be read.")
        }
    }

    /// Runs `body` over what matches. When a block turns out to be damaged, it is set aside and `body` runs again without it.
    private func reading<Result>(_ query: SeriesQuery, _ body: (MetricScan) throws -> Result) throws -> Result {
        while true {
            do {
                return try body(try scan(of: query))
            } catch let damage as MetricBlockDamage {
                state.withLock { Self.setAside(damage, &$0) }
            }
        }
    }

    private func scan(of query: SeriesQuery) throws -> MetricScan {
        let (blocks, frozen, head) = try state.withLock { state in
            try Self.requireOpen(state)
            let frozen = state.frozen?.head
            return (state.blocks, frozen, state.head.copies(try state.head.select(query.matchers)))
        }
        var scan = MetricScan()
        for block in blocks where block.overlaps(from: query.from, through: query.through) { try scan.add(block, query.matchers) }
        if let frozen { scan.add(Self.inOrder(frozen.copies(try frozen.select(query.matchers)))) }
        scan.add(Self.inOrder(head))
        return scan
    }

    static func inOrder(_ snapshots: [HeadSnapshot]) -> [HeadSnapshot] { snapshots.sorted { $0.labels < $1.labels } }
}
