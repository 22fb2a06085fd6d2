import ByteCoding

/// The first of many, by some measure.
public struct TopAnswer: Answer {
    /// What the answer covers.
    public var range: AnswerRange
    /// Whether everything asked for is in it; false when a limit cut it short.
    public var complete: Bool
    /// Where it comes from.
    public var computedFrom: ComputedFrom
    /// What the rows are.
    public var of: String
    /// What they are sorted by, largest first.
    public var by: String
    /// The rows.
    public var rows: [TopRow]

    /// Puts the parts together.
    public init(range: AnswerRange, complete: Bool, computedFrom: ComputedFrom, of: String, by: String, rows: [TopRow]) {
        self.range = range
        self.complete = complete
        self.computedFrom = computedFrom
        self.of = of
        self.by = by
        self.rows = rows
    }
}

/// One of many. Seconds are sums over its calls unless a quantile.
public struct TopRow: Codable, Hashable, Sendable {
    /// What it is: `{"service","operation"}`, `{"fingerprint","system"}`, …
    public var key: [String: String]
    /// Calls.
    public var calls: UInt64
    /// Calls that failed.
    public var errors: UInt64
    /// Their durations added up.
    public var totalSeconds: Double
    /// Half of them took at most this long.
    public var p50Seconds: Double
    /// 95 % of them took at most this long.
    public var p95Seconds: Double
    /// 99 % of them took at most this long.
    public var p99Seconds: Double
    /// Time in which no child ran; missing where spans were scanned and it was not what they were sorted by.
    public var selfSeconds: Double?
    /// Its part of the critical paths of all traces, 0 to 1; missing where it is not known.
    public var criticalShare: Double?
    /// Traces to look at, the slowest first.
    public var exemplarTraceIDs: [String]

    /// Puts the parts together.
    public init(
        key: [String: String], calls: UInt64, errors: UInt64, totalSeconds: Double, p50Seconds: Double, p95Seconds: Double,
        p99Seconds: Double, selfSeconds: Double? = nil, criticalShare: Double? = nil, exemplarTraceIDs: [String] = []
    ) {
        self.key = key
        self.calls = calls
        self.errors = errors
        self.totalSeconds = totalSeconds
        self.p50Seconds = p50Seconds
        self.p95Seconds = p95Seconds
        self.p99Seconds = p99Seconds
        self.selfSeconds = selfSeconds
        self.criticalShare = criticalShare
        self.exemplarTraceIDs = exemplarTraceIDs
    }
}

extension TopAnswer: WritesAnswerJSON {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("by", by)
            json.member("complete", complete)
            json.member("computedFrom", computedFrom.rawValue)
            json.member("of", of)
            json.key("range")
            json.object { json in
                json.member("from", range.from)
                json.member("to", range.to)
            }
            json.key("rows")
            json.array { json in
                for row in rows { row.write(to: &json) }
            }
        }
    }
}

extension TopRow {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("calls", calls)
            if let criticalShare { json.number("criticalShare", criticalShare) }
            json.member("errors", errors)
            json.key("exemplarTraceIDs")
            json.array { json in
                for id in exemplarTraceIDs { json.string(id) }
            }
            json.key("key")
            json.object { json in
                for (name, value) in key.sorted(by: { $0.key < $1.key }) { json.member(name, value) }
            }
            json.number("p50Seconds", p50Seconds)
            json.number("p95Seconds", p95Seconds)
            json.number("p99Seconds", p99Seconds)
            if let selfSeconds { json.number("selfSeconds", selfSeconds) }
            json.number("totalSeconds", totalSeconds)
        }
    }
}
