import QueryEngine
import Storage
import TelemetryModel
import Testing

/// Has one series, `load`, of which it gives what a test wants to be given.
private struct CoarseReader: MetricReader {
    var timestamps: [Int64] = []
    var values: [Double] = []
    var counts: [Double]?
    var ranges: [CoarseRange] = []
    /// Called when the reader is asked where its samples are gone, before it looks whether that is still wanted.
    var beforeRanges: @Sendable () -> Void = {}

    func scan(_ query: SeriesQuery, _ body: (SeriesView) throws -> Void) throws {
        try Labels(["__name__": "load"]).bytes.withUnsafeBytes { labels in
            try timestamps.withUnsafeBufferPointer { timestamps in
                try values.withUnsafeBufferPointer { values in
                    try (counts ?? []).withUnsafeBufferPointer { counts in
                        try body(
                            SeriesView(
                                labelBytes: labels, timestamps: timestamps, values: values,
                                counts: self.counts == nil ? nil : counts))
                    }
                }
            }
        }
    }

    func coarseRanges(_ query: SeriesQuery) throws -> [CoarseRange] {
        beforeRanges()
        try query.checkpoint()
        return ranges
    }
    func series(_ query: SeriesQuery, limit: Int) -> [Labels] { [] }
    func labelNames(_ query: SeriesQuery, limit: Int) -> [String] { [] }
    func labelValues(_ name: String, _ query: SeriesQuery, limit: Int) -> [String] { [] }
}

@Suite("Queries over aggregates")
struct CoarseRangeTests {
    private static let hour: Int64 = 3_600_000

    private func value(_ expression: String, at time: Int64, _ reader: CoarseReader) throws -> (Double?, [String]) {
        let result = try PromQLEngine(reader: reader).instant(expression, at: time)
        guard case .vector(let samples) = result.value else { return (nil, []) }
        return (samples.first?.value, result.annotations.map(\.description))
    }

    @Test("where values are sums of samples, they are added, counted and divided by their counts")
    func counts() throws {
        let reader = CoarseReader(timestamps: [300_000, 600_000, 610_000], values: [30, 12, 3], counts: [10, 4, 1])
        #expect(try value("count_over_time(load[1h])", at: Self.hour, reader).0 == 15)
        #expect(try value("sum_over_time(load[1h])", at: Self.hour, reader).0 == 45)
        #expect(try value("avg_over_time(load[1h])", at: Self.hour, reader).0 == 3)
        #expect(try value("count_over_time(load[5m])", at: 600_000, reader).0 == 4)
        #expect(try value("count_over_time(load[1h])", at: Self.hour, CoarseReader(timestamps: [1, 2], values: [1, 1])).0 == 2)
    }

    @Test("an answer says once where the samples are gone, and an instant selector looks back a bucket further there")
    func lookback() throws {
        let ranges = [
            CoarseRange(resolution: 300_000, name: "5m", through: 10 * Self.hour),
            CoarseRange(resolution: Self.hour, name: "1h", through: 5 * Self.hour),
        ]
        let times = [2 * Self.hour, 6 * Self.hour, 11 * Self.hour]
        let reader = CoarseReader(timestamps: times, values: [1, 2, 3], ranges: ranges)
        for (time, lookback, expected) in [(times[0], Self.hour + 300_000, 1.0), (times[1], 600_000, 2), (times[2], 300_000, 3)] {
            #expect(try value("load", at: time + lookback - 1, reader).0 == expected)
            #expect(try value("load", at: time + lookback, reader).0 == nil)
        }
        let warnings = try value("load + load", at: times[0], reader).1
        #expect(
            warnings == [
                "PromQL warning: only 5m aggregates are kept before 1970-01-01T10:00:00Z",
                "PromQL warning: only 1h aggregates are kept before 1970-01-01T05:00:00Z",
            ])
        #expect(try value("rate(load[1d])", at: times[2], reader).1.count == 3, "and the name is not a counter's")
    }

    @Test("a query that is cancelled while the store looks where samples are gone ends there")
    func cancelledWhileLooking() throws {
        var reader = CoarseReader(timestamps: [1], values: [1])
        for expression in ["load", "rate(load[1h])"] {
            let context = PromQLEngine(reader: reader).context()
            reader.beforeRanges = { context.cancel() }
            let error = #expect(throws: QueryError.self) {
                try PromQLEngine(reader: reader).instant(expression, at: 60_000, context: context)
            }
            #expect(error?.message == "The query was cancelled.")
        }
    }
}
