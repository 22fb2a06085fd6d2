import QueryLanguages
import TelemetryModel

// Functions of labels and order.
extension Evaluator {
    func labelReplace(_ arguments: [PromQLExpression]) throws -> [Column] {
        let destination = try text(arguments[1])
        let replacement = try text(arguments[2])
        let source = try text(arguments[3])
        let expression = try text(arguments[4])
        let pattern: CapturingPattern
        do {
            pattern = try CapturingPattern(expression)
        } catch {
            throw QueryError(.execution, "invalid regular expression in label_replace(): \(expression)")
        }
        if !PromQLLabelName.isValid(destination) {
            throw QueryError(.execution, "invalid destination label name in label_replace(): \(destination)")
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
        var rest = template.unicodeScalars[...]
        while let dollar = rest.firstIndex(of: "$") {
            try checkLength(result)
            result += String(rest[..<dollar])
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                result += "$"
                rest = rest.dropFirst()
                continue
            }
            let isBraced = rest.first == "{"
            let name = (isBraced ? rest.dropFirst() : rest).prefix(while: isPartOfName)
            let after = rest[name.endIndex...]
            guard !name.isEmpty, !isBraced || after.first == "}" else {
                result += "$"
                continue
            }
            rest = isBraced ? after.dropFirst() : after
            if let number = group(String(name), names), groups.indices.contains(number) { result += groups[number] ?? "" }
        }
        result += String(rest)
        try checkLength(result)
        return result
    }

    private static func isPartOfName(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber: true
        default: scalar == "_"
        }
    }

    /// The number of a group; a number with a leading zero is a name.
    private static func group(_ name: String, _ names: [String?]) -> Int? {
        let isNumber = name.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } && (name == "0" || !name.hasPrefix("0"))
        return isNumber ? Int(name) : names.firstIndex { $0 == name }
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
        if let source = sources.first(where: { !PromQLLabelName.isValid($0) }) {
            throw QueryError(.execution, "invalid source label name in label_join(): \(source)")
        }
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
        var sorted = columns
        if name.hasPrefix("sort_by_label") {
            ValueOrder.sort(&sorted) { Self.precedes($0.labels, $1.labels, by: labels, isDescending: isDescending) }
        } else {
            // NaN comes last in both directions.
            ValueOrder.sort(&sorted) {
                let (x, y) = ($0.values[0], $1.values[0])
                return y.isNaN || (isDescending ? y < x : y > x)
            }
        }
        return sorted
    }

    /// Whether `a` comes before `b`: by these labels, then by all.
    private static func precedes(_ a: Labels, _ b: Labels, by names: [String], isDescending: Bool) -> Bool {
        for name in names {
            let (x, y) = (a[name] ?? "", b[name] ?? "")
            if x != y { return NaturalOrder.precedes(x, y) != isDescending }
        }
        return isDescending ? b < a : a < b
    }
}
