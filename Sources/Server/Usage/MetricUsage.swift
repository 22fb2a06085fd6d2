import Answers
import Platform
import StateStore
import Storage
import Synchronization
import TelemetryModel

/// Counts which metrics are asked for, by whom and when last, and remembers it over restarts.
///
/// A metric counts as asked for when a selector names it: by `=`, by an alternation, or by a pattern for names. Selectors
/// that leave the name open say nothing about any metric.
final class MetricUsage: Sendable {
    /// Who asks.
    enum Asker: Sendable { case queries, rules, pages }

    /// So many names and patterns are remembered; further ones are not counted.
    static let entryLimit = 100_000
    private static let nameKind = "metric_usage"
    private static let patternKind = "metric_usage_pattern"
    private static let sinceKind = "metric_usage_since"

    private struct State {
        var names: [String: MetricAsked] = [:]
        var patterns: [String: MetricAsked] = [:]
        var changedNames: Set<String> = []
        var changedPatterns: Set<String> = []
        var since: Int64
    }

    private let time: any TimeSource
    private let state: Mutex<State>

    /// Nothing counted yet.
    init(time: any TimeSource) {
        self.time = time
        state = Mutex(State(since: time.nowMilliseconds()))
    }

    /// When counting began, milliseconds since 1970.
    var since: Int64 { state.withLock { $0.since } }

    /// Counts what a selector names.
    func note(_ matchers: [LabelMatcher], by asker: Asker) {
        guard let matcher = matchers.first(where: { $0.name == Labels.nameLabel && !$0.matchesEmpty }) else { return }
        let now = time.nowMilliseconds()
        state.withLock { state in
            switch matcher.operation {
            case .equal: Self.count(matcher.value, &state.names, &state.changedNames, asker, now)
            case .matches:
                if let literals = matcher.pattern?.literals {
                    for name in literals { Self.count(name, &state.names, &state.changedNames, asker, now) }
                } else if ![".+", ".*"].contains(matcher.value) {
                    Self.count(matcher.value, &state.patterns, &state.changedPatterns, asker, now)
                }
            case .notEqual, .matchesNot: break
            }
        }
    }

    private static func count(
        _ key: String, _ entries: inout [String: MetricAsked], _ changed: inout Set<String>, _ asker: Asker, _ now: Int64
    ) {
        if entries[key] == nil, entries.count >= entryLimit { return }
        var entry = entries[key] ?? MetricAsked()
        switch asker {
        case .queries: entry.queries += 1
        case .rules: entry.rules += 1
        case .pages: entry.pages += 1
        }
        entry.lastMilliseconds = now
        entries[key] = entry
        changed.insert(key)
    }

    /// How often a metric was asked for, for any number of metrics.
    func lookUp() -> (String) -> MetricAsked {
        let (names, texts) = state.withLock { ($0.names, $0.patterns) }
        let patterns = texts.compactMap { text, asked in (try? LabelPattern(text)).map { ($0, asked) } }
        return { name in
            var sum = names[name] ?? MetricAsked()
            for (pattern, asked) in patterns where pattern.matches(name) { sum.add(asked) }
            return sum
        }
    }

    // MARK: - Over restarts

    /// Adds what an earlier process counted. Blocks.
    func load(_ store: StateStore) throws {
        let (names, patterns, since) = try store.transaction { transaction in
            (
                try transaction.documents(MetricAsked.self, kind: Self.nameKind),
                try transaction.documents(MetricAsked.self, kind: Self.patternKind),
                try transaction.document(Int64.self, kind: Self.sinceKind, key: "")
            )
        }
        state.withLock { state in
            for (name, asked) in names { state.names[name, default: MetricAsked()].add(asked) }
            for (pattern, asked) in patterns { state.patterns[pattern, default: MetricAsked()].add(asked) }
            state.since = since ?? state.since
        }
    }

    /// Writes what has changed since the last time. Blocks.
    func save(_ store: StateStore) throws {
        let (names, patterns, since) = state.withLock { state in
            let names = state.changedNames.map { ($0, state.names[$0] ?? MetricAsked()) }
            let patterns = state.changedPatterns.map { ($0, state.patterns[$0] ?? MetricAsked()) }
            state.changedNames = []
            state.changedPatterns = []
            return (names, patterns, state.since)
        }
        if names.isEmpty, patterns.isEmpty { return }
        try store.transaction { transaction in
            for (name, asked) in names { try transaction.save(asked, kind: Self.nameKind, key: name) }
            for (pattern, asked) in patterns { try transaction.save(asked, kind: Self.patternKind, key: pattern) }
            try transaction.save(since, kind: Self.sinceKind, key: "")
        }
    }
}

/// A store as somebody reads it whose questions are counted.
struct CountedReader: MetricReader {
    let reader: any MetricReader
    let usage: MetricUsage
    let asker: MetricUsage.Asker

    /// Counts what is asked for, and reads it.
    func scan(_ query: SeriesQuery, _ body: (SeriesView) throws -> Void) throws {
        usage.note(query.matchers, by: asker)
        try reader.scan(query, body)
    }

    /// Counts what is asked for, and chooses it.
    func select(_ query: SeriesQuery) throws -> any SeriesSelection {
        usage.note(query.matchers, by: asker)
        return try reader.select(query)
    }

    /// Where samples are gone and a query is not answered exactly.
    func coarseRanges(_ query: SeriesQuery) throws -> [CoarseRange] { try reader.coarseRanges(query) }

    /// The matching series.
    func series(_ query: SeriesQuery, limit: Int) throws -> [Labels] { try reader.series(query, limit: limit) }

    /// The label names of the matching series.
    func labelNames(_ query: SeriesQuery, limit: Int) throws -> [String] { try reader.labelNames(query, limit: limit) }

    /// The values of one label among the matching series.
    func labelValues(_ name: String, _ query: SeriesQuery, limit: Int) throws -> [String] {
        try reader.labelValues(name, query, limit: limit)
    }
}
