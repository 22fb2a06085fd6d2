import QueryLanguages
import TelemetryModel

/// The labels that series of info metrics, such as `target_info`, give to other series of the same job and instance.
struct InformationLabels {
    /// Which job and instance a series is of.
    static let identity = LabelFilter.keeping(identifyingLabels)
    static let identifyingLabels = ["instance", "job"]
    private static let usualName = "target_info"
    private static let anyName = ".+_info"

    /// What the names of info metrics match.
    let names: [LabelMatcher]
    /// What the labels that are asked for match; empty: all labels are asked for.
    let wanted: [LabelMatcher]

    /// Takes the selector that is the second argument of `info()`; nil where there is none.
    init(_ selector: PromQLExpression.Selector?) throws(LabelPatternError) {
        let matchers = selector?.matchers ?? []
        let names = matchers.filter { $0.name == Labels.nameLabel }
        wanted = matchers.filter { $0.name != Labels.nameLabel }
        if names.isEmpty {
            self.names = [try LabelMatcher(Labels.nameLabel, .equal, Self.usualName)]
        } else if names.contains(where: { $0.operation == .equal || $0.operation == .matches }) {
            self.names = names
        } else {
            self.names = [try LabelMatcher(Labels.nameLabel, .matches, Self.anyName)] + names
        }
    }

    /// Whether a series is of an info metric itself, and stays as it is.
    func isInformation(_ labels: Labels) -> Bool {
        let name = labels.metricName
        return names.allSatisfy { $0.matches(name) }
    }

    /// Whether a series stays that nothing is known of.
    var keepsUnknown: Bool { wanted.allSatisfy { $0.matches("") } }

    /// The conditions for info series about any of these series; nil when there can be none.
    func matchers(for series: [Labels]) throws(LabelPatternError) -> [LabelMatcher]? {
        var identities: [LabelMatcher] = []
        for name in Self.identifyingLabels {
            let values = Set(series.compactMap { $0[name] })
            if values.isEmpty { continue }
            let alternatives = values.sorted().map(Self.escaped).joined(separator: "|")
            identities.append(try LabelMatcher(name, .matches, alternatives))
        }
        return identities.isEmpty ? nil : identities + wanted + names
    }

    /// A pattern that matches only this text.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            if "\\.+*?()|[]{}^$".unicodeScalars.contains(scalar) { result += "\\" }
            result.unicodeScalars.append(scalar)
        }
        return result
    }

    /// The labels of a series with those of info series added that it does not have itself.
    func joined(_ labels: Labels, _ information: [Labels]) throws(QueryError) -> Labels {
        var added: [String: String] = [:]
        for label in information.flatMap(\.list) where label.name != Labels.nameLabel && isWanted(label.name) {
            if let other = added[label.name], other != label.value {
                throw QueryError(.execution, "conflicting label: \(label.name)")
            }
            if labels[label.name] == nil { added[label.name] = label.value }
        }
        return added.isEmpty ? labels : Labels(labels.list + added.map { Label($0.key, $0.value) })
    }

    private func isWanted(_ name: String) -> Bool { wanted.isEmpty || wanted.contains { $0.name == name } }
}
