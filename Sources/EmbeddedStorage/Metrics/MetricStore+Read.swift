import Storage
import TelemetryModel

extension MetricStore: MetricReader {
    /// Every matching series with its samples, head and blocks merged.
    public func scan(_ query: SeriesQuery, _ body: (SeriesView) throws -> Void) throws { try select(query).scan(body) }

    /// The matching series of head and blocks.
    public func select(_ query: SeriesQuery) throws -> any SeriesSelection {
        try Self.check(query)
        return MetricSelection(self, query, try settingDamageAside { try series(of: query) })
    }

    /// The matching series; blocks answer by whole chunks.
    public func series(_ query: SeriesQuery, limit: Int) throws -> [Labels] {
        try Self.check(query)
        return try reading(query) { scan in
            var found: [Labels] = []
            if limit <= 0 { return found }
            try scan.forEachSeries(from: query.from, through: query.through) { labels in
                found.append(Labels(canonicalBytes: Array(labels)))
                return found.count < limit
            }
            return found
        }
    }

    static func check(_ query: SeriesQuery) throws {
        if query.matchers.allSatisfy(\.matchesEmpty) {
            throw StorageError(.invalid, "At least one condition must not match the empty text, or every series would be read.")
        }
    }

    /// Runs `body` over what matches. When a block turns out to be damaged, it is set aside and `body` runs again without it.
    func reading<Result>(_ query: SeriesQuery, _ body: (MetricScan) throws -> Result) throws -> Result {
        try settingDamageAside { try body(try series(of: query)) }
    }

    /// Runs `body`, and runs it again without a block that turned out to be damaged.
    func settingDamageAside<Result>(_ body: () throws -> Result) throws -> Result {
        while true {
            do { return try body() } catch let damage as MetricBlockDamage { state.withLock { Self.setAside(damage, &$0) } }
        }
    }

    /// The matching series as they are now.
    func series(of query: SeriesQuery) throws -> MetricScan {
        let (blocks, downsampled, frozen, head, chooser) = try state.withLock { state in
            try Self.requireOpen(state)
            return (state.blocks, state.downsampled, state.frozen?.head, state.head, state.head.chooser)
        }
        // Patterns may take long, and nobody else has to wait for them. If the head is frozen meanwhile, it keeps its samples.
        let numbers = try chooser.select(query.matchers, checkpoint: query.checkpoint)
        let copies = state.withLock { _ in head.copies(numbers) }
        var scan = MetricScan()
        let plan = DownsampledPlan(query, downsampled)
        try plan?.addAggregates(to: &scan)
        for block in blocks where block.overlaps(from: query.from, through: query.through) {
            if let plan { try plan.add(block, to: &scan) } else { try scan.add(block, query.matchers, query.checkpoint) }
        }
        if let frozen {
            scan.add(frozen.copies(try frozen.chooser.select(query.matchers, checkpoint: query.checkpoint)).inOrder)
        }
        scan.add(copies.inOrder)
        return scan
    }
}
