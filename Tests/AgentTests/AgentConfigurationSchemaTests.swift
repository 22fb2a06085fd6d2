import Foundation
import StrictYAML
import TestSupport
import Testing

@testable import Agent

@Suite struct AgentConfigurationSchemaTests {
    @Test("every key of the schema is read, with its example, and every key that is read is in the schema")
    func keys() async throws {
        let file = SharedData.projectFolder.appendingPathComponent("Schemas/json/agent-config.schema.json")
        let schema = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any] ?? [:]
        let example = Self.example(schema) as? [String: Any] ?? [:]
        // JSON is YAML, too.
        let text = try JSONSerialization.data(withJSONObject: example)
        let configuration = try await TestBench.withFolder { folder in
            let file = folder.appendingPathComponent("agent.yaml")
            try text.write(to: file)
            return try AgentConfigurationReader(flags: ["config": file.path], environment: [:], isRoot: false).read()
        }
        #expect(configuration.server == "http://127.0.0.1:9777")
        #expect(configuration.redisLogin.username == "monitor")
        #expect(configuration.spoolByteLimit == 256 << 20)
        #expect(Set(example.keys) == Set(AgentConfigurationReader.settings.map(\.name) + ["resource", "spool", "collectors"]))
    }

    /// The first example of a schema, or an object of the examples of its properties.
    private static func example(_ schema: [String: Any]) -> Any {
        if let examples = schema["examples"] as? [Any], let first = examples.first { return first }
        let properties = schema["properties"] as? [String: [String: Any]] ?? [:]
        return properties.mapValues(example)
    }
}
