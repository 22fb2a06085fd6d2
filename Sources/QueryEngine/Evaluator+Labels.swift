import QueryLanguages
import TelemetryModel

// Functions of labels and order.
extension Evaluator {
    func labelReplace(_ arguments: [PromQLExpression]) throws -> [Column] {
        let destination = try text(arguments[1])
        let replacement = try text(arguments[2])
        let source = try text(arguments[3])
        let expression = try text(arguments[4])
        if !PromQLLabelName.isValid(destination) {
            throw QueryError(.execution, "invalid destination label name in label_replace(): \(destination)")
        }
        let pattern: CapturingPattern
        do {
            pattern = try CapturingPattern(expression)
        } catch {
            throw QueryError(.execution, "invalid regular expression in label_replace(): \(error)")
        }
        return try vector(arguments[0]).map { column in
            try context.check()
            guard let groups = pattern.groups(in: column.labels[source] ?? "") else { return column }
            let value = try Self.expand(replacement, groups, names: pattern.groupNames)
            return Column(labels: column.labels.setting(destination, value), values: column.values)
        }.merged()
    }

    /// Replaces `$1`, `${1}`, `$name` and `${name}` by what the groups matched, and `$$` by a dollar.
    static func expand(_ template: String, _ groups: [String?], names: [String?]) throws(QueryError) -> String {
        var result = ""
        var rest = template[...]
        while let dollar = rest.firstIndex(of: "$") {
            try checkLength(result)
            result += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                result += "$"
                rest = rest.dropFirst()
                continue
            }
            let isBraced = rest.first == "{"
            let name = (isBraced ? rest.dropFirst() : rest).prefix { $0.isLetter || $0.isNumber || $0 == "_" }
            let after = rest[name.endIndex...]
            guard !name.isEmpty, !isBraced || after.first == "}" else {
                result += "$"
                continue
            }
            rest = isBraced ? after.dropFirst() : after
            let number = Int(name) ?? names.firstIndex { $0 == String(name) }
            if let number, groups.indices.contains(number) { result += groups[number] ?? "" }
        }
        result += rest
        try checkLength(result)
        return result
    }

    /// The longest label value that a function may make, in bytes: nested calls could double one each time.
    private static let valueByteLimit = 1 << 16

    private static func checkLength(_ value: String) throws(QueryError) {
        if value.utf8.count > valueByteLimit {
            throw QueryError(.execution, "A label value would have more than \(valueByteLimit) bytes.")
        }
    }

    func labelJoin(_ arguments: [PromQLExpression]) throws -> [Column] {
        let destination = try text(arguments[1])
        let separator = try text(arguments[2])
        let sources = try arguments.dropFirst(3).map(text)
        if !PromQLLabelName.isValid(destination) {
            throw QueryError(.execution, "invalid destination label name in label_join(): \(destination)")
        }
        return try vector(arguments[0]).map { column in
            try context.check()
            var value = ""
            for (index, source) in sources.enumerated() {
                if index > 0 { value += separator }
                value += column.labels[source] ?? ""
                try Self.checkLength(value)
            }
            return Column(labels: column.labels.setting(destination, value), values: column.values)
        }.merged()
    }

    // MARK: Order

    /// Orders an instant result; a range result is always ordered by labels.
    func sort(_ name: String, _ arguments: [PromQLExpression], in whole: PromQLExpression) throws -> [Column] {
        let columns = try vector(arguments[0])
        if bounds.isRange {
            annotations.add(
                .warning, "sort is ineffective for range queries since results are always ordered by labels", about: whole)
            return columns
        }
        guard grid.count == 1 else { return columns }
        let labels = try arguments.dropFirst().map(text)
        let isDescending = name.hasSuffix("_desc")
        if name.hasPrefix("sort_by_label") {
            return columns.sorted { a, b in
                let order = Self.compare(a.labels, b.labels, by: labels)
                return isDescending ? order > 0 : order < 0
            }
        }
        return columns.sorted { a, b in
            let (x, y) = (a.values[0], b.values[0])
            if x.isNaN || y.isNaN { return !x.isNaN }
            return isDescending ? x > y : x < y
        }
    }

    /// Below, at or above 0 as `a` comes before, with or behind `b`: by these labels, then by all.
    private static func compare(_ a: Labels, _ b: Labels, by names: [String]) -> Int {
        for name in names {
            let order = compareNaturally(a[name] ?? "", b[name] ?? "")
            if order != 0 { return order }
        }
        return a < b ? -1 : b < a ? 1 : 0
    }

    /// Compares runs of digits by their value and everything else by its bytes.
    private static func compareNaturally(_ a: String, _ b: String) -> Int {
        var left = a.utf8[...]
        var right = b.utf8[...]
        func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
        while let x = left.first, let y = right.first {
            if isDigit(x), isDigit(y) {
                let p = left.prefix(while: isDigit)
                let q = right.prefix(while: isDigit)
                left = left[p.endIndex...]
                right = right[q.endIndex...]
                let m = p.drop { $0 == 0x30 }
                let n = q.drop { $0 == 0x30 }
                if m.count != n.count { return m.count - n.count }
                if !m.elementsEqual(n) { return m.lexicographicallyPrecedes(n) ? -1 : 1 }
            } else {
                if x != y { return x < y ? -1 : 1 }
                left.removeFirst()
                right.removeFirst()
            }
        }
        return left.count - right.count
    }
}
