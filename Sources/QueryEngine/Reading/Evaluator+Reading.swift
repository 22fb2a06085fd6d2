import Platform
import QueryLanguages
import Storage

// Reading series, on one thread or on several.
extension Evaluator {
    /// So many parts for each thread are begun or done before their turn has come.
    private static let partsAhead = 4

    /// Calls `body` with what `maker` makes of the series of a query, in the order of their labels. Reading is charged to
    /// `source`.
    func forEachColumn<Maker: ColumnMaker>(
        _ query: SeriesQuery, of source: PromQLExpression, _ maker: Maker, _ body: (ColumnView) throws -> Void
    ) throws {
        var maker = maker
        let selection = try reader.select(query)
        if let workers, let division = WorkDivision(selection, stepCount: grid.count) {
            try forEachColumn(of: try selection.parts(division.partCount), source, &maker, workers, body)
        } else {
            try scan(selection, of: source) { try maker.make($0, context, body) }
        }
        profile?.add(maker.sampleCounts)
    }

    /// Calls `body` with the series of a selection.
    func scan(_ selection: any SeriesSelection, of source: PromQLExpression, _ body: (SeriesView) throws -> Void) throws {
        let place = profile?.place(of: source)
        let consumer = profile?.turn(to: place)
        let isRange = source.type == .rangeVector
        var meter = ReadingMeter(context)
        try selection.scan { series in
            try meter.add(series.timestamps.count)
            guard let profile else { return try body(series) }
            profile.add(.init(series: 1, samples: series.timestamps.count, columns: isRange ? 1 : 0), to: place)
            profile.turn(to: consumer)
            try body(series)
            profile.turn(to: place)
        }
        try meter.finish()
        profile?.turn(to: consumer)
    }

    /// As ``forEachColumn(_:of:_:_:)``, where other threads read and make columns of parts ahead. What comes to `body`, and in
    /// which order, does not depend on them.
    private func forEachColumn<Maker: ColumnMaker>(
        of parts: [any SeriesSelection], _ source: PromQLExpression, _ maker: inout Maker, _ workers: QueryWorkers,
        _ body: (ColumnView) throws -> Void
    ) throws {
        let profile = profile
        let own = profile?.place(of: source)
        let isRange = source.type == .rangeVector
        let (fresh, context, stepCount, isMeasured) = (maker, context, grid.count, own != nil)
        let work = WorkAhead<ColumnBatch>(
            count: parts.count, limit: Self.partsAhead * (workers.count + 1), helperLimit: workers.count, pool: workers.pool
        ) { part in
            try Self.batch(parts[part], fresh, context, stepCount, isMeasured: isMeasured)
        }
        defer { work.end() }
        while true {
            // Waiting is nobody's work.
            let consumer = profile?.turn(to: nil)
            let next = try work.next()
            profile?.turn(to: consumer)
            switch next {
            case .own(let part)?: try scan(parts[part], of: source) { try maker.make($0, context, body) }
            case .done(var batch)?:
                if !isRange { batch.reading.columns = 0 }
                profile?.add(batch.reading, to: own)
                profile?.add(batch.making, to: consumer)
                profile?.add(batch.sampleCounts)
                try batch.forEach(body)
            case nil: return
            }
        }
    }

    /// The columns of a part.
    private static func batch<Maker: ColumnMaker>(
        _ part: any SeriesSelection, _ fresh: Maker, _ context: QueryContext, _ stepCount: Int, isMeasured: Bool
    ) throws -> ColumnBatch {
        var maker = fresh
        var batch = ColumnBatch(stepCount: stepCount, maker.sampleCounts)
        var meter = ReadingMeter(context)
        var last = isMeasured ? context.time.monotonic() : 0
        try part.scan { series in
            try meter.add(series.timestamps.count)
            guard isMeasured else { return try maker.make(series, context) { batch.append($0) } }
            let read = context.time.monotonic()
            try maker.make(series, context) { batch.append($0) }
            let made = context.time.monotonic()
            batch.reading.nanoseconds &+= read &- last
            batch.reading.series += 1
            batch.reading.columns += 1
            batch.reading.samples += series.timestamps.count
            batch.making.nanoseconds &+= made &- read
            last = made
        }
        try meter.finish()
        batch.sampleCounts = maker.sampleCounts
        return batch
    }
}

/// Counts what is read against the limits of a query, some series at a time.
private struct ReadingMeter {
    private let context: QueryContext
    private var series = 0
    private var samples = 0

    /// How many series, or how many samples, are read before they are counted and the clock is looked at.
    private static let seriesBetweenChecks = 32
    private static let samplesBetweenChecks = 32_768

    init(_ context: QueryContext) { self.context = context }

    @inline(__always)
    mutating func add(_ sampleCount: Int) throws(QueryError) {
        series &+= 1
        samples &+= sampleCount
        if series >= Self.seriesBetweenChecks || samples >= Self.samplesBetweenChecks { try finish() }
    }

    /// Counts the rest.
    mutating func finish() throws(QueryError) {
        try context.add(series: series, samples: samples)
        (series, samples) = (0, 0)
    }
}
