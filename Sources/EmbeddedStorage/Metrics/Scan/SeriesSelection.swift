import TelemetryModel

/// An inverted index: which series have a label value.
protocol PostingsSource {
    /// How many series there are; they are numbered from 0.
    var seriesCount: Int { get }
    /// The series with this label value, by rising number.
    func postings(_ name: [UInt8], _ value: [UInt8]) throws -> [UInt32]
    /// The name of every label, in any order.
    func forEachName(_ body: ([UInt8]) throws -> Void) throws
    /// Every value of a label, in any order.
    func forEachValue(of name: [UInt8], _ body: ([UInt8]) throws -> Void) throws
}

extension PostingsSource {
    /// The series for which all conditions hold, by rising number.
    func select(_ matchers: [LabelMatcher]) throws -> [UInt32] {
        var selected: [UInt32]?
        // Conditions that series without the label fail come first: they name the series, the others take some away.
        for matcher in matchers where !matcher.matchesEmpty {
            let matching = try union(matcher.name, try values(matcher) { $0 })
            selected = selected.map { Self.intersection($0, matching) } ?? matching
            if selected?.isEmpty == true { return [] }
        }
        var rest = selected ?? Array(0..<UInt32(seriesCount))
        for matcher in matchers where matcher.matchesEmpty && !rest.isEmpty {
            let excluded = try union(matcher.name, try values(matcher) { !$0 })
            rest = Self.difference(rest, excluded)
        }
        return rest
    }

    /// The values of the matcher's label for which `wanted` of its answer holds. A text or a few literals are looked up;
    /// a pattern is asked once for each distinct value.
    private func values(_ matcher: LabelMatcher, _ wanted: (Bool) -> Bool) throws -> [[UInt8]] {
        switch matcher.operation {
        case .equal where wanted(true), .notEqual where wanted(false):
            return [Array(matcher.value.utf8)]
        case .matches where wanted(true), .matchesNot where wanted(false):
            if let literals = matcher.pattern?.literals { return literals.map { Array($0.utf8) } }
        default: break
        }
        var found: [[UInt8]] = []
        try forEachValue(of: Array(matcher.name.utf8)) { value in
            if wanted(matcher.matches(String(decoding: value, as: UTF8.self))) { found.append(value) }
        }
        return found
    }

    private func union(_ name: String, _ values: [[UInt8]]) throws -> [UInt32] {
        let name = Array(name.utf8)
        if values.count == 1 { return try postings(name, values[0]) }
        // A series has one value of a label, so nothing stands in two lists.
        return try values.flatMap { try postings(name, $0) }.sorted()
    }

    private static func intersection(_ a: [UInt32], _ b: [UInt32]) -> [UInt32] {
        var result: [UInt32] = []
        var i = 0
        var j = 0
        while i < a.count, j < b.count {
            if a[i] == b[j] { result.append(a[i]) }
            let (x, y) = (a[i], b[j])
            if x <= y { i += 1 }
            if y <= x { j += 1 }
        }
        return result
    }

    private static func difference(_ a: [UInt32], _ b: [UInt32]) -> [UInt32] {
        var result: [UInt32] = []
        var j = 0
        for value in a {
            while j < b.count, b[j] < value { j += 1 }
            if j == b.count || b[j] != value { result.append(value) }
        }
        return result
    }
}
