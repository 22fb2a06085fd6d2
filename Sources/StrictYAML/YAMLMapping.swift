/// A mapping whose keys are taken one by one; what nobody took is unknown and refused by ``finish()``.
public struct YAMLMapping {
    private let value: YAMLValue
    private var entries: [String: YAMLValue]
    private var known: [String] = []

    init(_ value: YAMLValue, _ entries: [String: YAMLValue]) {
        self.value = value
        self.entries = entries
    }

    /// The keys that have not been taken, sorted.
    public var keys: [String] { entries.keys.sorted() }

    /// The value of a key, or nil when it is not there or null.
    public mutating func take(_ key: String) -> YAMLValue? {
        known.append(key)
        guard let found = entries.removeValue(forKey: key), !found.isNull else { return nil }
        return found
    }

    /// The value of a key that must be there.
    public mutating func require(_ key: String) throws -> YAMLValue {
        guard let found = take(key) else {
            throw value.problem("\(value.path.isEmpty ? "The file" : "'\(value.path)'") needs the key '\(key)'.")
        }
        return found
    }

    /// Throws ``YAMLProblem`` when a key is left, naming the first by its line and, where one is close, what may have been meant.
    public func finish() throws {
        guard let unknown = entries.values.min(by: { ($0.line, $0.path) < ($1.line, $1.path) }) else { return }
        let name = entries.first { $0.value.path == unknown.path }?.key ?? unknown.path
        let close = known.min { Self.distance($0, name) < Self.distance($1, name) }
        let hint = close.map { Self.distance($0, name) <= 2 ? " Did you mean '\($0)'?" : "" } ?? ""
        let place = value.path.isEmpty ? "" : " in '\(value.path)'"
        throw unknown.problem("'\(name)' is no key that is known\(place).\(hint)")
    }

    /// How many insertions, deletions and replacements lead from one text to the other (Levenshtein distance).
    static func distance(_ a: String, _ b: String) -> Int {
        let a = Array(a.utf8.prefix(64))
        let b = Array(b.utf8.prefix(64))
        var row = Array(0...b.count)
        for (i, x) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, y) in b.enumerated() {
                let replaced = diagonal + (x == y ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[b.count]
    }
}
