import QueryLanguages
import StrictYAML

/// Reads Prometheus rule files and finds every mistake that `promtool check rules` finds.
public enum RuleFileLoader {
    /// The groups of a file, whose expressions may use `features`. Throws ``YAMLProblem`` for the first mistake, with its line.
    public static func load(_ text: String, file: String, features: PromQLFeatures = []) throws -> [RuleGroup] {
        var root = try YAMLValue.parse(text, file: file).mapping()
        let values = try root.take("groups")?.list() ?? []
        try root.finish()
        var names: Set<String> = []
        return try values.map { value in
            let group = try group(value, file, features)
            guard names.insert(group.name).inserted else {
                throw value.problem("The group name '\(group.name)' is there twice in this file.")
            }
            return group
        }
    }

    private static func group(_ value: YAMLValue, _ file: String, _ features: PromQLFeatures) throws -> RuleGroup {
        var mapping = try value.mapping()
        let name = try mapping.take("name")?.string() ?? ""
        if name.isEmpty { throw value.problem("A rule group needs a name.") }
        let interval = try mapping.take("interval")?.duration()
        let offset = try mapping.take("query_offset")?.duration() ?? 0
        let limit = try mapping.take("limit")?.integer(in: 0...Int.max) ?? 0
        let shared = try mapping.take("labels").map { try labels($0, areTemplates: false) } ?? [:]
        let rules = try mapping.take("rules")?.list().map { try rule($0, shared, features) } ?? []
        try mapping.finish()
        return RuleGroup(name: name, file: file, interval: interval, queryOffset: offset, limit: limit, rules: rules)
    }

    private static func rule(
        _ value: YAMLValue, _ shared: [String: AlertTemplate], _ features: PromQLFeatures
    ) throws -> Rule {
        var mapping = try value.mapping()
        let record = mapping.take("record")
        let alert = mapping.take("alert")
        let expression = mapping.take("expr")
        let hold = mapping.take("for")
        let keep = mapping.take("keep_firing_for")
        let ownLabels = mapping.take("labels")
        let annotations = mapping.take("annotations")
        try mapping.finish()
        if record != nil, alert != nil { throw value.problem("Only one of 'record' and 'alert' may be set.") }
        guard let name = try record?.string() ?? alert?.string(), !name.isEmpty else {
            throw value.problem("One of 'record' and 'alert' must be set.")
        }
        guard let expression, case let text = try expression.string(), !text.isEmpty else {
            throw value.problem("The rule '\(name)' needs an expression in 'expr'.")
        }
        try check(text, expression, features)
        let own = try ownLabels.map { try labels($0, areTemplates: alert != nil) } ?? [:]
        let merged = shared.merging(own) { $1 }
        if let record {
            try checkRecording(record, name, [("for", hold), ("keep_firing_for", keep), ("annotations", annotations)])
            return Rule(name: name, expression: text, labels: merged, kind: .recording, line: value.line)
        }
        let details = Rule.AlertingDetails(
            holdDuration: try hold?.duration() ?? 0, keepFiringFor: try keep?.duration() ?? 0,
            annotations: try annotations.map(self.annotations) ?? [:])
        return Rule(name: name, expression: text, labels: merged, kind: .alerting(details), line: value.line)
    }

    private static func check(_ expression: String, _ value: YAMLValue, _ features: PromQLFeatures) throws {
        do {
            _ = try PromQLParser.parse(expression, features: features)
        } catch {
            throw value.problem("The expression cannot be used: \(error)")
        }
    }

    private static func checkRecording(_ value: YAMLValue, _ name: String, _ alertOnly: [(String, YAMLValue?)]) throws {
        for case (let key, let found?) in alertOnly {
            throw found.problem("'\(key)' is for alerts, and '\(name)' is a recording rule.")
        }
        if !isLegacyName(name, allowingColon: true) { throw value.problem("'\(name)' is no valid name for a recorded metric.") }
    }

    private static func labels(_ value: YAMLValue, areTemplates: Bool) throws -> [String: AlertTemplate] {
        var result: [String: AlertTemplate] = [:]
        for (name, text) in try value.strings() {
            if name.isEmpty || name == "__name__" { throw value.problem("'\(name)' is no valid label name.") }
            result[name] = areTemplates ? try template(text, value) : AlertTemplate(plainText: text)
        }
        return result
    }

    private static func annotations(_ value: YAMLValue) throws -> [String: AlertTemplate] {
        var result: [String: AlertTemplate] = [:]
        for (name, text) in try value.strings() {
            if name.isEmpty { throw value.problem("An annotation needs a name.") }
            result[name] = try template(text, value)
        }
        return result
    }

    private static func template(_ text: String, _ value: YAMLValue) throws -> AlertTemplate {
        do throws(TemplateError) {
            return try AlertTemplate(text)
        } catch {
            throw value.problem("The template '\(text)' cannot be used: \(error)")
        }
    }

    /// Whether a name has the form that Prometheus had before 3.0 allowed all of UTF-8 (in quotes only, which rules do not write).
    static func isLegacyName(_ name: String, allowingColon: Bool) -> Bool {
        !name.isEmpty
            && name.utf8.enumerated().allSatisfy { index, byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"): index > 0
                case UInt8(ascii: ":"): allowingColon
                default: false
                }
            }
    }
}
