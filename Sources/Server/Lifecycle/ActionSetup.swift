import Alerting
import Foundation
import Scaling
import StrictYAML

/// The rules, receivers and scaling policies of a configuration, read and checked before anything is opened.
struct ActionSetup: Sendable {
    /// The groups of all rule files, in the order of the files.
    let groups: [RuleGroup]
    /// Who is told; nil when nobody is.
    let alerting: AlertingConfiguration?
    /// What may be asked of which services.
    let policies: [ScalingPolicy]

    /// Reads the rule files and the sections `alerting` and `scaling`; throws `YAMLProblem` or ``ConfigurationError`` for the first mistake.
    init(_ configuration: ServerConfiguration) throws {
        alerting = try configuration.section("alerting").map { try AlertingConfiguration($0) }
        policies = try configuration.section("scaling").map { try ScalingPolicy.policies($0) } ?? []
        var groups: [RuleGroup] = []
        for pattern in configuration.ruleFiles {
            for path in try Self.files(pattern, besides: configuration.file) {
                guard let data = FileManager.default.contents(atPath: path), let text = String(data: data, encoding: .utf8) else {
                    throw ConfigurationError("The rule file \(path) cannot be read: is it there, and is it UTF-8 text?")
                }
                groups += try RuleFileLoader.load(text, file: path, features: configuration.queries.features)
            }
        }
        self.groups = groups
    }

    /// The paths that a pattern names, sorted. Relative ones begin at the folder of the configuration file. A pattern without
    /// `*`, `?` and `[` names one file, which must be there.
    private static func files(_ pattern: String, besides file: String) throws -> [String] {
        let folder = URL(fileURLWithPath: file.isEmpty ? FileManager.default.currentDirectoryPath + "/x" : file)
            .deletingLastPathComponent().path
        let absolute = pattern.hasPrefix("/") ? pattern : folder + "/" + pattern
        guard pattern.contains(where: { "*?[".contains($0) }) else { return [absolute] }
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(absolute, 0, nil, &found) == 0 else { return [] }
        return (0..<Int(found.gl_pathc)).compactMap { index in found.gl_pathv[index].map { String(cString: $0) } }
    }
}
