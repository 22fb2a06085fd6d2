import Agent
import CollectorKit
import Foundation
import StrictYAML
import TelemetryModel
import TestSupport
import Testing

@Suite struct AgentConfigurationTests {
    private func read(
        _ yaml: String? = nil, flags: [String: String] = ["server": "http://127.0.0.1:9777"], environment: [String: String] = [:],
        isRoot: Bool = false
    ) async throws -> AgentConfiguration {
        try await TestBench.withFolder { folder in
            var flags = flags
            if let yaml {
                let file = folder.appendingPathComponent("agent.yaml")
                try Data(yaml.utf8).write(to: file)
                flags["config"] = file.path
            }
            return try AgentConfigurationReader(
                flags: flags, environment: ["HOME": folder.path].merging(environment) { $1 }, isRoot: isRoot
            ).read()
        }
    }

    private func sentence(_ yaml: String) async -> String {
        do {
            _ = try await read(yaml)
            return "no error"
        } catch let problem as YAMLProblem {
            return "\(problem.line): \(problem.message)"
        } catch {
            return "\(error)"
        }
    }

    @Test("without a file everything has its default and only the server must be named")
    func defaults() async throws {
        let configuration = try await read(isRoot: true)
        #expect(configuration.server == "http://127.0.0.1:9777")
        #expect(configuration.data == "/var/lib/headrope-agent")
        #expect(configuration.intake == nil)
        #expect(configuration.host.isEnabled && configuration.nginx.isEnabled && configuration.redis.isEnabled)
        let own = try await read(environment: ["XDG_DATA_HOME": "/home/x/data"])
        #expect(own.data == "/home/x/data/headrope-agent")
        let error = await #expect(throws: AgentConfigurationError.self) { try await read(flags: [:]) }
        #expect(error?.description.contains("--server") == true)
    }

    @Test("the file says everything, variables win over it, flags over both")
    func precedence() async throws {
        let yaml = """
            server: https://file.example
            data: /file
            intake: 127.0.0.1:1
            log_level: debug
            resource: {deployment.environment.name: test, host.name: web-1}
            spool: {size: 8MB}
            collectors:
              host: {interval: 30s}
              nginx: {endpoints: ["http://127.0.0.1:8080/nginx_status"]}
              redis: {enabled: false, username: u, password_file: /p}
            """
        let configuration = try await read(
            yaml, flags: ["server": "http://flag:1"],
            environment: ["HEADROPE_AGENT_SERVER": "http://variable", "HEADROPE_AGENT_DATA": "/variable"])
        #expect(configuration.server == "http://flag:1")
        #expect(configuration.data == "/variable")
        #expect(configuration.intake == ServiceAddress(host: "127.0.0.1", port: 1))
        #expect(configuration.spoolByteLimit == 8 << 20)
        #expect(configuration.host.interval == 30_000)
        #expect(configuration.nginx.endpoints == ["http://127.0.0.1:8080/nginx_status"])
        #expect(!configuration.redis.isEnabled)
        #expect(configuration.redisLogin.username == "u")
        #expect(configuration.redisLogin.passwordFile == "/p")
        let identity = HostIdentity.current(configured: configuration.resource)
        #expect(identity.name == "web-1")
        #expect(identity.attributes.string("deployment.environment.name") == "test")
    }

    @Test("mistakes are told with their line")
    func mistakes() async {
        #expect(await sentence("sever: http://x").hasPrefix("1: 'sever' is no key that is known. Did you mean 'server'?"))
        #expect(
            await sentence("data: /x\ncollectors:\n  nginx:\n    endpoint: x").hasPrefix("4: 'endpoint' is no key that is known"))
        #expect(await sentence("collectors:\n  mysql: {}").hasPrefix("2: 'mysql' is no key that is known"))
        #expect(await sentence("server: nowhere") == "1: 'server' must be a URL such as http://127.0.0.1:9777, not 'nowhere'.")
        #expect(
            await sentence("collectors:\n  host:\n    interval: 1ms") == "3: 'collectors.host.interval' must be between 1s and 1h.")
        #expect(
            await sentence("collectors:\n  redis:\n    endpoints:\n      - 'a b'").hasPrefix(
                "4: 'collectors.redis.endpoints[0]' must be"))
        #expect(await sentence("spool: {size: 1KB}") == "1: 'spool.size' must be at least 1MB.")
        #expect(await sentence("server: [").contains("This is not YAML"))
    }

    @Test(
        "the intake has no token, so it opens on the loopback address only",
        arguments: ["0.0.0.0:9778", "192.0.2.1:9778", "[::]:9778"])
    func intakeBeyondLoopback(address: String) async {
        let error = await #expect(throws: AgentConfigurationError.self) {
            try await read(flags: ["server": "http://127.0.0.1:9777", "intake": address])
        }
        #expect(error?.description.contains("loopback") == true)
    }

    @Test("mistakes in flags and variables name them")
    func mistakesInFlags() async {
        await #expect(throws: AgentConfigurationError("--intake must be an address such as 127.0.0.1:9778, or off, not 'x y'.")) {
            try await read(flags: ["server": "http://a", "intake": "x y"])
        }
        await #expect(
            throws: AgentConfigurationError(
                "HEADROPE_AGENT_LOG_LEVEL must be one of debug, info, notice, warning and error, not 'loud'.")
        ) {
            try await read(environment: ["HEADROPE_AGENT_LOG_LEVEL": "loud"])
        }
        await #expect(throws: AgentConfigurationError.self) {
            try await read(flags: ["server": "http://a", "config": "/nowhere/x.yaml"])
        }
    }

    @Test("the samples beside the collectors are valid")
    func samples() async throws {
        var yaml = "collectors:\n"
        for name in ["Host", "Nginx", "Redis"] {
            let url = SharedData.projectFolder.appendingPathComponent("Collectors/\(name)/sample.yaml")
            let lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
            yaml += lines.filter { $0.hasPrefix("  ") }.joined(separator: "\n") + "\n"
        }
        let configuration = try await read(yaml)
        #expect(configuration.redisLogin.username == "monitor")
        #expect(configuration.nginx.endpoints.count == 1)
    }
}
