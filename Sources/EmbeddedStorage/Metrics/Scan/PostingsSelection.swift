import TelemetryModel

/// Finds the series for which all conditions hold, with as little work as it can tell beforehand.
///
/// Values that are named are looked up first, the shortest list of series before the others, and nothing more is looked at once
/// no series is left. Of the other conditions patterns come before those that nearly all series fulfil. When few series
/// are left, their own values are looked at, and not all values of the label.
struct PostingsSelection<Source: PostingsSource> {
    private let source: Source
    /// What is left; nil: nothing was left out yet.
    private var rest: [UInt32]?
    /// What is to be taken away from the rest: thousands of conditions that name a value each cost one pass together.
    private var excluded: SeriesBits?

    /// Values of the series themselves are looked at when less than one in so many of all series is left.
    private static var shareToFilter: Int { 4 }
    /// A list of so many bytes for each series that is left takes longer to decode than to look at these.
    private static var listBytesPerSeries: Int { 16 }
    /// So many values are tried before somebody looks whether the answer is still wanted: one may take milliseconds.
    private static var valuesBetweenChecks: Int { 16 }

    init(_ source: Source) { self.source = source }

    /// The series, by rising number; ends when `checkpoint` throws.
    func select(_ matchers: [LabelMatcher], _ checkpoint: () throws -> Void) throws -> [UInt32] {
        var selection = self
        for step in try steps(matchers) where !selection.isEmpty {
            try checkpoint()
            try selection.apply(step, checkpoint)
        }
        selection.takeExcludedAway()
        return selection.rest ?? selection.all
    }

    private var isEmpty: Bool { rest?.isEmpty ?? false }

    // MARK: Order

    /// A condition, and what is known of how to apply it.
    private struct Step {
        var matcher: LabelMatcher
        /// The series of the only value that is wanted.
        var list: PostingsList?
        /// The lower, the sooner.
        var rank: Int
        var byteCount: Int { list?.byteCount ?? 0 }
    }

    private func steps(_ matchers: [LabelMatcher]) throws -> [Step] {
        var steps: [Step] = []
        for matcher in matchers {
            let name = Array(matcher.name.utf8)
            switch matcher.reach {
            case .everything: continue
            case .nothing: steps.append(Step(matcher: matcher, rank: -1))
            case .present, .absent: steps.append(Step(matcher: matcher, rank: 3))
            case .some:
                if matcher.matchesEmpty {
                    steps.append(Step(matcher: matcher, rank: 4))
                } else if matcher.operation == .equal {
                    steps.append(Step(matcher: matcher, list: try source.list(name, Array(matcher.value.utf8)), rank: 0))
                } else {
                    steps.append(Step(matcher: matcher, rank: matcher.operation == .matches && matcher.literals != nil ? 1 : 2))
                }
            }
        }
        return steps.sorted { ($0.rank, $0.byteCount) < ($1.rank, $1.byteCount) }
    }

    // MARK: Conditions

    private mutating func apply(_ step: Step, _ checkpoint: () throws -> Void) throws {
        let matcher = step.matcher
        if matcher.reach == .nothing {
            rest = []
            return
        }
        if let rest, isFew(rest, step) {
            var count = 0
            self.rest = try source.filter(rest, by: Array(matcher.name.utf8)) { value in
                try Self.check(&count, checkpoint)
                return matcher.matches(value)
            }
            return
        }
        if let list = step.list { return keep(try list.series()) }
        // Series without the label fail, or they are none of those that are taken away.
        let isKept = !matcher.matchesEmpty
        let found = try union(matcher, checkpoint) { $0 == isKept }
        if isKept { return keep(found) }
        excluded = excluded ?? SeriesBits(count: source.seriesCount)
        excluded?.insert(found)
        if matcher.literals == nil { takeExcludedAway() }
    }

    private static func check(_ count: inout Int, _ checkpoint: () throws -> Void) rethrows {
        count &+= 1
        if count % valuesBetweenChecks == 0 { try checkpoint() }
    }

    private func isFew(_ rest: [UInt32], _ step: Step) -> Bool {
        if step.list != nil { return rest.count * Self.listBytesPerSeries < step.byteCount }
        return rest.count * Self.shareToFilter < source.seriesCount
    }

    /// The series with a value for which `wanted` of the matcher's answer holds.
    private func union(
        _ matcher: LabelMatcher, _ checkpoint: () throws -> Void, _ wanted: (Bool) -> Bool
    ) throws -> [UInt32] {
        let name = Array(matcher.name.utf8)
        if let literals = matcher.literals, wanted(matcher.matchesLiterals) {
            let lists = try literals.map { try source.list(name, Array($0.utf8)) }.filter { $0.byteCount > 0 }
            if lists.count == 1 { return try lists[0].series() }
            var found = SeriesBits(count: source.seriesCount)
            for list in lists { found.insert(try list.series()) }
            return found.series
        }
        var found = SeriesBits(count: source.seriesCount)
        let (isAny, prefix) = (matcher.reach != .some, matcher.operation == .matches ? matcher.pattern?.prefix ?? "" : "")
        var count = 0
        try source.forEachList(of: name) { value, list in
            try Self.check(&count, checkpoint)
            if !prefix.isEmpty, !value.starts(with: prefix.utf8) { return }
            if isAny ? !value.isEmpty : wanted(matcher.matches(String(decoding: value, as: UTF8.self))) {
                found.insert(try list().series())
            }
        }
        return found.series
    }

    private mutating func keep(_ others: [UInt32]) {
        guard let own = rest else {
            rest = others
            return
        }
        var result: [UInt32] = []
        var (i, j) = (0, 0)
        while i < own.count, j < others.count {
            let (x, y) = (own[i], others[j])
            if x == y { result.append(x) }
            if x <= y { i += 1 }
            if y <= x { j += 1 }
        }
        rest = result
    }

    private mutating func takeExcludedAway() {
        guard let excluded else { return }
        rest = (rest ?? all).filter { !excluded.contains($0) }
        self.excluded = nil
    }

    private var all: [UInt32] { Array(0..<UInt32(source.seriesCount)) }
}

/// A set of numbers of series.
private struct SeriesBits {
    private var words: [UInt64]

    /// Of numbers below `count`.
    init(count: Int) { words = [UInt64](repeating: 0, count: (count + 63) / 64) }

    mutating func insert(_ series: [UInt32]) {
        for number in series { words[Int(number &>> 6)] |= 1 &<< UInt64(number & 63) }
    }

    func contains(_ number: UInt32) -> Bool { words[Int(number &>> 6)] & (1 &<< UInt64(number & 63)) != 0 }

    /// By rising number.
    var series: [UInt32] {
        var series: [UInt32] = []
        series.reserveCapacity(words.reduce(0) { $0 + $1.nonzeroBitCount })
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                series.append(UInt32(index &* 64 &+ rest.trailingZeroBitCount))
                rest &= rest &- 1
            }
        }
        return series
    }
}

extension LabelMatcher {
    /// What a condition means as far as that can be told without values.
    fileprivate enum Reach {
        case everything, nothing
        /// The label is there, or it is not.
        case present, absent
        case some
    }

    fileprivate var reach: Reach {
        switch (operation, value) {
        case (.matches, ".*"): .everything
        case (.matchesNot, ".*"): .nothing
        case (.matches, ".+"), (.matchesNot, ""), (.notEqual, ""): .present
        case (.matchesNot, ".+"), (.matches, ""), (.equal, ""): .absent
        default: .some
        }
    }

    /// The only values that it names, if it does.
    fileprivate var literals: [String]? {
        switch operation {
        case .equal, .notEqual: [value]
        case .matches, .matchesNot: pattern?.literals.map { $0.sorted() }
        }
    }

    /// Its answer for the values that it names.
    fileprivate var matchesLiterals: Bool { operation == .equal || operation == .matches }
}
