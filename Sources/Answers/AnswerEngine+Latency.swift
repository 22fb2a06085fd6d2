import Storage
import TelemetryModel

extension AnswerEngine {
    /// How many columns a heat map has at most.
    public static let heatMapColumnLimit = 60
    /// How many traces are read to find examples for the cells of a heat map.
    static let exemplarTraceLimit = 200

    /// How long an operation takes; without one, the calls that enter the service. Throws ``AnswerError`` of kind
    /// `notFound` when the range has nothing of the service.
    public func latency(service: String, operation: String?, _ request: AnswerRequest) throws -> LatencyAnswer {
        let window = try window(request)
        let table = try table(window, .operations)
        var tally = Tally()
        var map = HeatMapBuilder(window)
        var isKnown = false
        for (key, row) in table.operations where key.service == service {
            isKnown = true
            if let operation { if key.operation != operation { continue } } else if !RollupView.isEntry(key, row) { continue }
            tally.add(row)
            map.add(row, minute: key.minute)
        }
        guard isKnown else { throw Self.unknownService(service, window) }
        try addExemplars(service, operation, window, &map)
        return LatencyAnswer(
            range: window.rollupRange, complete: true, computedFrom: .rollup, service: service, operation: operation,
            calls: tally.calls, errors: tally.errors, totalSeconds: tally.totalSeconds, quantiles: Self.quantiles(tally),
            histogram: Self.histogram(tally.durations), heatMap: map.heatMap())
    }

    private static func quantiles(_ tally: Tally) -> [LatencyQuantile] {
        guard tally.calls > 0 else { return [] }
        let inner = [0.5, 0.75, 0.9, 0.95, 0.99, 0.999].map { LatencyQuantile(quantile: $0, seconds: tally.quantile($0)) }
        return [LatencyQuantile(quantile: 0, seconds: Tally.seconds(tally.durations.minimum))] + inner
            + [LatencyQuantile(quantile: 1, seconds: Tally.seconds(tally.durations.maximum))]
    }

    private static func histogram(_ sketch: DurationSketch) -> [LatencyBucket] {
        DurationBand.counts(sketch, bucketsPerBand: 8).sorted { $0.key < $1.key }.map { band, count in
            let bounds = DurationBand.bounds(band, bucketsPerBand: 8)
            return LatencyBucket(fromSeconds: bounds.from, toSeconds: bounds.to, count: count)
        }
    }

    /// Reads the latest traces with such calls and gives them to the cells in which their calls fall.
    private func addExemplars(
        _ service: String, _ operation: String?, _ window: AnswerWindow, _ map: inout HeatMapBuilder
    ) throws {
        let query = TraceQuery(
            service: service, operation: operation, from: window.from, through: window.through, limit: Self.exemplarTraceLimit)
        for chunk in try traces.search(query).chunks(of: Self.traceChunk) {
            for batch in try traces.traces(chunk) {
                guard let symbol = batch.symbols.find(service) else { continue }
                let name = operation.map { batch.symbols.find($0) }
                for row in batch.rows where batch.resources[Int(row.resource)].serviceName == symbol {
                    if let name, row.name != name { continue }
                    if operation == nil, row.kind != .server, row.kind != .consumer, !row.parentSpanID.isZero { continue }
                    map.addExemplar(row)
                }
            }
        }
    }
}

/// Neighbouring buckets of a ``DurationSketch`` taken together, so that people see fewer of them.
enum DurationBand {
    static func counts(_ sketch: DurationSketch, bucketsPerBand: UInt16) -> [UInt16: UInt64] {
        var counts: [UInt16: UInt64] = [:]
        for bucket in sketch.buckets { counts[bucket.index / bucketsPerBand, default: 0] &+= bucket.count }
        return counts
    }

    /// Seconds, from inclusive and to exclusive.
    static func bounds(_ band: UInt16, bucketsPerBand: UInt16) -> (from: Double, to: Double) {
        let last = band * bucketsPerBand + bucketsPerBand - 1
        return (
            Double(DurationSketch.lowerBound(band * bucketsPerBand)) / 1e9,
            (Double(DurationSketch.lowerBound(last)) + Double(DurationSketch.width(last))) / 1e9
        )
    }
}

/// Sorts calls into the cells of a heat map.
struct HeatMapBuilder {
    private struct Cell: Hashable {
        var column: Int
        var band: UInt16
    }

    private static let bucketsPerBand: UInt16 = 16

    private let firstMinute: Int64
    private let columnCount: Int
    private let minutesPerColumn: Int64
    private var counts: [Cell: UInt64] = [:]
    private var exemplars: [Cell: (nanoseconds: UInt64, trace: TraceID)] = [:]

    init(_ window: AnswerWindow) {
        let minutes = window.minutes
        let length = minutes.upperBound - minutes.lowerBound + 1
        let columns = Int64(AnswerEngine.heatMapColumnLimit)
        minutesPerColumn = max(1, (length + columns - 1) / columns)
        columnCount = Int((length + minutesPerColumn - 1) / minutesPerColumn)
        firstMinute = minutes.lowerBound
    }

    mutating func add(_ row: OperationRollup, minute: Int64) {
        guard let column = column(minute) else { return }
        for (band, count) in DurationBand.counts(row.durations, bucketsPerBand: Self.bucketsPerBand) {
            counts[Cell(column: column, band: band), default: 0] &+= count
        }
        if row.durations.count > 0, !row.slowestTraceID.isZero {
            addExemplar(row.durations.maximum, row.slowestTraceID, column)
        }
    }

    mutating func addExemplar(_ row: SpanRow) {
        guard let column = column(Int64(row.start / AnswerWindow.minute)) else { return }
        addExemplar(row.duration, row.traceID, column)
    }

    private mutating func addExemplar(_ nanoseconds: UInt64, _ trace: TraceID, _ column: Int) {
        let cell = Cell(column: column, band: DurationSketch.bucketIndex(nanoseconds) / Self.bucketsPerBand)
        if let known = exemplars[cell], (known.nanoseconds, trace) >= (nanoseconds, known.trace) { return }
        exemplars[cell] = (nanoseconds, trace)
    }

    private func column(_ minute: Int64) -> Int? {
        let column = (minute - firstMinute) / minutesPerColumn
        return minute >= firstMinute && column < Int64(columnCount) ? Int(column) : nil
    }

    func heatMap() -> LatencyHeatMap {
        let axis = TimeAxis(
            from: AnswerEngine.time(minute: firstMinute), stepSeconds: Double(minutesPerColumn) * 60, count: columnCount)
        guard let lowest = counts.keys.map(\.band).min(), let highest = counts.keys.map(\.band).max() else {
            return LatencyHeatMap(axis: axis, rows: [], cells: [])
        }
        let rows = (lowest...highest).map { band in
            let bounds = DurationBand.bounds(band, bucketsPerBand: Self.bucketsPerBand)
            return LatencyRow(fromSeconds: bounds.from, toSeconds: bounds.to)
        }
        let cells = counts.sorted { ($0.key.column, $0.key.band) < ($1.key.column, $1.key.band) }.map { cell, count in
            LatencyCell(
                column: cell.column, row: Int(cell.band - lowest), count: count,
                exemplarTraceID: exemplars[cell]?.trace.description)
        }
        return LatencyHeatMap(axis: axis, rows: rows, cells: cells)
    }
}
