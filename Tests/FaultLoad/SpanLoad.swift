import EmbeddedStorage
import Platform
import Storage
import TelemetryModel
import TestSupport

/// What one writer does to its own traces: each action begins some, and brings spans of earlier ones late, again, or with
/// another content.
public struct SpanLoad: FaultSubject {
    /// What becomes of a trace after the action that begins it.
    private struct Plan {
        /// So many actions later its other spans come; 0 when all came at once.
        var lateBy: Int
        /// So many actions later some of its spans come once more; 0 for never.
        var againBy: Int
        /// Whether one of these has another content then.
        var contradicts: Bool
    }

    /// Spans.
    public static let name = "spans"
    /// All phases but those of the loads that know what is kept longer.
    public static let phases = KillPhase.allCases.filter { ![.thinning, .size, .release].contains($0) }
    /// Traces are complete after some actions.
    public static let tick: UInt64 = 1_000_000_000
    /// Long enough for the third thread to come in between.
    public static let pause: UInt32 = 3_000
    /// Whoever sends spans sends them again.
    public static let retries = true
    private static let longestWait = 25

    /// With a pool the head is cut because it is full, and for no other reason.
    public static func tune(_ options: inout EmbeddedStoreOptions, for phase: KillPhase) {
        guard phase == .poolCut else { return }
        options.spans.headByteLimit = 60_000
        options.spans.logByteLimit = 64 << 20
        options.spans.cutSpanCount = 1_000_000
        options.spans.cutInterval = 1 << 60
    }

    /// Cuts and merges every few actions; with some seeds also because the head, or the log, is full.
    public static func tune(_ options: inout EmbeddedStoreOptions, seed: UInt64) {
        options.spans.idleTime = 8_000_000_000
        options.spans.cutInterval = 2_000_000_000
        options.spans.cutSpanCount = 25
        options.spans.mergeWidth = 3
        // Where cuts take longer than what comes meanwhile, writers wait for them at the bound.
        options.spans.headByteLimit = seed % 3 == 0 ? 80_000 : 400_000
        if seed % 4 == 1 { options.spans.logByteLimit = 15_000 }
        if seed % 4 == 3 { options.spans.pageCacheByteLimit = 50_000 }
    }

    /// What is idle goes into a block, what is not stays and is logged again.
    public static func cut(_ store: EmbeddedStore) throws { try store.maintain() }

    /// What syncs the log, whatever else it does.
    public static let settlingOrders: [@Sendable (EmbeddedStore) throws -> Void] = [
        { try $0.sync() }, { try $0.flush() }, { try $0.compact() },
    ]

    private let seed: UInt64
    private let writer: Int
    private let isSteady: Bool

    /// A writer of a seed.
    public init(seed: UInt64, writer: Int, isSteady: Bool) {
        self.seed = seed
        self.writer = writer
        self.isSteady = isSteady
    }

    /// Writes a batch.
    public func perform(_ index: Int, on store: any Store) throws -> [Int] {
        FaultLine.counts(try store.write(SpanBatch(spans(index))))
    }

    /// Writing syncs nothing.
    public func settles(_ index: Int) -> Bool { false }

    // MARK: - The spans

    /// What an action sends.
    public func spans(_ index: Int) -> [Span] {
        if isSteady { return trace(index, 0) }
        var spans: [Span] = []
        for number in 0..<traceCount(index) { spans += parts(index, number).first }
        for earlier in max(0, index - Self.longestWait)..<index {
            for number in 0..<traceCount(earlier) {
                let plan = plan(earlier, number)
                if plan.lateBy == index - earlier { spans += parts(earlier, number).late }
                if plan.againBy == index - earlier {
                    var again = Array(parts(earlier, number).first.prefix(3))
                    if plan.contradicts { again[0].statusMessage = "other content" }
                    spans += again
                }
            }
        }
        return spans
    }

    /// What the services of this writer begin with.
    var servicePrefix: String { "w\(writer)-" }

    private func random(_ purpose: UInt64, _ index: Int, _ number: Int = 0) -> SeededRandom {
        var random = SeededRandom(seed: seed &* 7919 &+ UInt64(writer) &* 1_000_003 &+ purpose &* 0x9E37_79B9)
        return SeededRandom(seed: random.next() &+ UInt64(index) &* 64 &+ UInt64(number))
    }

    private func traceCount(_ index: Int) -> Int {
        var random = random(1, index)
        return Int.random(in: 1...2, using: &random)
    }

    private func plan(_ index: Int, _ number: Int) -> Plan {
        var random = random(2, index, number)
        return Plan(
            lateBy: Int.random(in: 0..<3, using: &random) == 0 ? Int.random(in: 1..<Self.longestWait, using: &random) : 0,
            againBy: Int.random(in: 0..<4, using: &random) == 0 ? Int.random(in: 1..<Self.longestWait, using: &random) : 0,
            contradicts: Bool.random(using: &random))
    }

    /// What comes with the action that begins a trace, and what comes late.
    private func parts(_ index: Int, _ number: Int) -> (first: ArraySlice<Span>, late: ArraySlice<Span>) {
        let whole = trace(index, number)
        let count = plan(index, number).lateBy == 0 ? whole.count : (whole.count + 1) / 2
        return (whole[..<count], whole[count...])
    }

    private func trace(_ index: Int, _ number: Int) -> [Span] {
        var random = random(3, index, number)
        let milliseconds = FaultClock.start + Int64(index) * (isSteady ? FaultClock.steadyStep : 1_000)
        var generator = RandomSpans(seed: random.next(), origin: UInt64(milliseconds) * 1_000_000, width: 1_000_000_000)
        return generator.trace(spanCount: 1 + generator.below(isSteady ? 3 : 4)).map { span in
            var span = span
            span.attributes.append(Attribute("writer", .string("w\(writer)")))
            // Services of its own, so that it can be told what each writer has in the rollups.
            for place in span.resource.attributes.indices where span.resource.attributes[place].key == "service.name" {
                span.resource.attributes[place].value = .string(servicePrefix + span.resource.serviceName)
            }
            switch span.kind {
            case .server: span.attributes.append(Attribute("http.response.status_code", .int([200, 404, 503][generator.below(3)])))
            case .client:
                span.attributes.append(Attribute("db.system.name", .string("mysql")))
                span.attributes.append(Attribute("db.query.text", .string("SELECT * FROM t WHERE id = \(generator.below(50))")))
            default: break
            }
            return span
        }
    }

    // MARK: - What is there

    /// The spans of this writer by their identity.
    public func content(of store: any Store, from: Int64, through: Int64) throws -> [Span] {
        var found: [Span] = []
        let last = through == .max ? UInt64.max : UInt64(through) * 1_000_000 + 999_999
        try store.scan(from: UInt64(from) * 1_000_000, through: last) { found += $0.spans }
        let mark = Attribute("writer", .string("w\(writer)"))
        return found.filter { $0.attributes.contains(mark) }.sorted { SpanKey($0) < SpanKey($1) }
    }

    /// Spans.
    public static func count(_ content: [Span]) -> Int { content.count }

    /// The first span that differs.
    public static func difference(_ found: [Span], _ expected: [Span]) -> String {
        for (a, b) in zip(found, expected) where a != b {
            return SpanKey(a) == SpanKey(b) ? "\(SpanKey(a)) is \(a), expected \(b)" : "\(SpanKey(a)), expected \(SpanKey(b))"
        }
        return "\(found.count) spans, expected \(expected.count)"
    }

    /// Spans that were never written so, or come twice.
    public static func strangers(_ found: [Span], known: [Span]) -> [String] {
        let known = Dictionary(known.map { (SpanKey($0), $0) }) { first, _ in first }
        var seen: Set<SpanKey> = []
        return found.compactMap { span in
            let key = SpanKey(span)
            if !seen.insert(key).inserted { return "\(key) comes twice" }
            return known[key] == span ? nil : "\(key) was never written so"
        }
    }

    /// By id, by search and in the sums everything must be as the scan has it.
    public static func contradictions(in store: any Store, isCompacted: Bool) throws -> [String] {
        let audit = try SpanAudit(store)
        return try audit.contradictions() + audit.rollups(isCompacted: isCompacted)
    }

    /// As the scan has it, which is compared with what was accepted elsewhere.
    public static func contradictions(in store: any Store, accepted: [[Span]], isCompacted: Bool) throws -> [String] {
        try contradictions(in: store, isCompacted: isCompacted)
    }
}
