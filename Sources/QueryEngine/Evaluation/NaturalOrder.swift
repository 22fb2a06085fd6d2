/// The order of texts in which `9` comes before `10`.
enum NaturalOrder {
    /// Whether `a` comes before `b`, which are different: runs of digits are compared as numbers, all others by their bytes.
    ///
    /// Numbers of different spelling are equal, so that of `01` and `1` each comes before the other, as in Prometheus.
    static func precedes(_ a: String, _ b: String) -> Bool {
        let left = runs(a)
        let right = runs(b)
        for index in left.indices {
            guard right.indices.contains(index) else { return false }
            let (x, y) = (left[index], right[index])
            if let m = number(x), let n = number(y) {
                if m != n { return m < n }
            } else if !x.elementsEqual(y) {
                return x.lexicographicallyPrecedes(y)
            }
            if index == left.count - 1 { return true }
            if index == right.count - 1 { return false }
        }
        return false
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    private static func number(_ run: Substring.UTF8View) -> Int? {
        guard let first = run.first, isDigit(first) else { return nil }
        return Int(Substring(run))
    }

    /// Runs of digits and of everything else, by turns.
    private static func runs(_ text: String) -> [Substring.UTF8View] {
        var runs: [Substring.UTF8View] = []
        var rest = text.utf8[...]
        while let first = rest.first {
            let run = rest.prefix { isDigit($0) == isDigit(first) }
            runs.append(run)
            rest = rest[run.endIndex...]
        }
        return runs
    }
}
