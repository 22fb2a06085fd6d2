import Foundation
import Logging
import StrictYAML
import TestSupport
import Testing

@testable import Server

@Suite("Configuration")
struct ConfigurationTests {
    private func read(
        flags: [String: [String]] = [:], environment: [String: String] = [:], file: String? = nil
    ) async throws -> ServerConfiguration {
        try await TestBench.withFolder { folder in
            var flags = flags
            if let file {
                let path = folder.appendingPathComponent("headrope.yaml")
                try Data(file.utf8).write(to: path)
                flags["config"] = [path.path]
            }
            let environment = environment.merging(["HOME": folder.path]) { given, _ in given }
            return try ConfigurationReader(flags: flags, environment: environment, isRoot: false).read()
        }
    }

    /// The sentence with which a configuration is refused, without the folder of the file.
    private func refusal(
        flags: [String: [String]] = [:], environment: [String: String] = [:], file: String? = nil
    ) async -> String {
        do {
            _ = try await read(flags: flags, environment: environment, file: file)
            return "accepted"
        } catch {
            return "\(error)".replacing(#/^\S*/headrope.yaml/#, with: "headrope.yaml")
        }
    }

    @Test("without anything the defaults hold: loopback, compatibility ports, folders of the user")
    func defaults() async throws {
        let configuration = try await read(environment: ["HOME": "/home/ann"])
        #expect(configuration.data == "/home/ann/.local/share/headrope")
        #expect(configuration.listeners.map(\.address.description) == ["127.0.0.1:9777", "127.0.0.1:4318", "127.0.0.1:9411"])
        #expect(configuration.listeners.map(\.isRequired) == [true, false, false])
        #expect(configuration.warnings.count == 1)
        #expect(configuration.retentionTime == 0)
        #expect(try ConfigurationReader(flags: [:], environment: [:], isRoot: true).read().data == "/var/lib/headrope")
        #expect(try await read(environment: ["XDG_DATA_HOME": "/data"]).data == "/data/headrope")
    }

    @Test("with --listen only that address is opened, and what is asked for")
    func listen() async throws {
        let one = try await read(flags: ["listen": ["127.0.0.1:1234"]])
        #expect(one.listeners.map(\.address.port) == [1234])
        #expect(one.warnings.isEmpty)
        let two = try await read(flags: ["listen": ["[::1]:1234"], "zipkin": ["127.0.0.1:9"], "otlp-grpc": ["127.0.0.1:8"]])
        #expect(two.listeners.map(\.address.description) == ["[::1]:1234", "127.0.0.1:9"])
        #expect(two.listeners.map(\.isRequired) == [true, true])
        #expect(two.warnings.count == 1)
        #expect(try await read(flags: ["zipkin": ["off"], "otlp-http": ["off"], "otlp-grpc": ["off"]]).listeners.count == 1)
    }

    @Test("flags win over variables, variables over the file")
    func precedence() async throws {
        let file = "retention_time: 1d\nretention_size: 1GB\ndurability: always\nlimits:\n  drain_time: 3s\n"
        let environment = ["HEADROPE_RETENTION_TIME": "2d", "HEADROPE_RETENTION_SIZE": "2GB", "HEADROPE_RULE_FILES": "a,b"]
        let configuration = try await read(flags: ["retention-time": ["3d"]], environment: environment, file: file)
        #expect(configuration.retentionTime == 3 * 86_400_000)
        #expect(configuration.retentionSize == 2 << 30)
        #expect(configuration.durability == .synced)
        #expect(configuration.ruleFiles == ["a", "b"])
        #expect(configuration.limits.drainTime == 3_000)
    }

    @Test("what is coarser must be kept longer than what is finer")
    func retention() async throws {
        let year: Int64 = 365 * 86_400_000
        let kept = try await read(
            flags: ["retention-1h": ["3y"]], environment: ["HEADROPE_RETENTION_5M": "1y"], file: "retention_time: 30d\n")
        #expect(kept.retention5m == year && kept.retention1h == 3 * year)
        #expect(try await read(flags: ["retention-1h": ["1d"]]).retention5m == 0)
        #expect(
            await refusal(file: "retention_time: 30d\nretention_5m: 7d\n")
                == "retention_5m must not be shorter than retention_time, which it is there to outlive.")
        #expect(
            await refusal(file: "retention_5m: 30d\nretention_1h: 7d\n")
                == "retention_1h must not be shorter than retention_5m, which it is there to outlive.")
        #expect(
            await refusal(flags: ["retention-1h": ["-1d"]])
                == "--retention-1h must be a duration such as 30s, 5m, 1h30m or 30d, not '-1d'.")
    }

    @Test("mistakes in the file are named with file, line and a sentence")
    func fileMistakes() async {
        #expect(
            await refusal(file: "data: /x\nretention_tme: 30d\n")
                == "headrope.yaml:2: 'retention_tme' is no key that is known. Did you mean 'retention_time'?")
        #expect(
            await refusal(file: "limits:\n  drain: 3s\n").hasPrefix("headrope.yaml:2: 'drain' is no key that is known in 'limits'.")
        )
        #expect(
            await refusal(file: "retention_time: soon\n")
                == "headrope.yaml:1: 'retention_time' must be a duration such as 30s, 5m, 1h30m or 30d, not 'soon'.")
        #expect(await refusal(file: "listen: [1, 2]\n") == "headrope.yaml:1: 'listen' must be text, not a list.")
        #expect(
            await refusal(file: "rule_files: rules.yaml\n") == "headrope.yaml:1: 'rule_files' must be a list, not 'rules.yaml'.")
        #expect(await refusal(file: "a: [\n").hasPrefix("headrope.yaml:"))
        #expect(await refusal(file: "- a\n") == "headrope.yaml:1: The file must be a mapping of keys to values, not a list.")
    }

    @Test("mistakes in flags and variables are named")
    func otherMistakes() async {
        #expect(
            await refusal(flags: ["listen": ["nowhere"]])
                == "--listen must be an address such as 127.0.0.1:9777, not 'nowhere'.")
        #expect(
            await refusal(environment: ["HEADROPE_LIMITS_WORKER_THREADS": "0"])
                == "HEADROPE_LIMITS_WORKER_THREADS must be a whole number from 1 to 256, not '0'.")
        #expect(await refusal(flags: ["config": ["/nowhere.yaml"]]).contains("/nowhere.yaml cannot be read"))
        #expect(await refusal(flags: ["tls-key": ["/k"]]).contains("must be given together"))
    }

    @Test("other machines are not served without tokens")
    func secureByDefault() async throws {
        for flags in [["listen": ["0.0.0.0:9777"]], ["listen": [":9777"]], ["zipkin": ["10.0.0.1:9411"]]] {
            #expect(await refusal(flags: flags).contains("Give --token-file"))
        }
        #expect(try await read(flags: ["listen": ["0.0.0.0:9777"], "token-file": ["/t"]]).tokenFile == "/t")
        #expect(ListenAddress("127.0.0.1.evil.example:80")?.isLoopback == false)
    }

    @Test("addresses", arguments: ["", "9777", "host", "host:", "host:70000", "host:-1", "[]:1", "a b:1", "::1:80", "x/y:80"])
    func badAddresses(text: String) { #expect(ListenAddress(text) == nil) }

    @Test("sections of other rooms are handed on with their lines")
    func sections() async throws {
        let configuration = try await read(file: "data: /x\nalerting:\n  route:\n    receiver: a\n")
        let section = try #require(try configuration.section("alerting"))
        #expect(section.path == "alerting")
        #expect(try configuration.section("scaling") == nil)
    }

    @Test(
        "mistakes in rules, receivers and policies end the start with file and line",
        arguments: [
            ("alerting:\n  receivrs: []\n", "headrope.yaml:2: 'alerting' needs the key 'route'."),
            ("alerting:\n  route:\n    receiver: nobody\n", "headrope.yaml:3: There is no receiver named 'nobody'."),
            ("scaling:\n  policies:\n    - nam: x\n", "headrope.yaml:3: 'scaling.policies[0]' needs the key 'name'."),
            (
                "rule_files: [missing.yaml]\n",
                "The rule file FOLDER/missing.yaml cannot be read: is it there, and is it UTF-8 text?"
            ),
            ("rule_files: ['*.rules']\n", "FOLDER/bad.rules:4: One of 'record' and 'alert' must be set."),
        ])
    func actionMistakes(file: String, sentence: String) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let message = try await TestBench.withFolder { folder in
            try Data("groups:\n  - name: a\n    rules:\n      - expr: up\n".utf8).write(
                to: folder.appendingPathComponent("bad.rules"))
            let path = folder.appendingPathComponent("headrope.yaml")
            try Data(file.utf8).write(to: path)
            let configuration = try ConfigurationReader(flags: ["config": [path.path]], environment: [:], isRoot: true).read()
            do {
                _ = try HeadropeServer(configuration, logger: logger) { _ in InMemoryStore() }
                return "accepted"
            } catch {
                return "\(error)".replacing(folder.path + "/headrope", with: "headrope").replacing(folder.path, with: "FOLDER")
            }
        }
        #expect(message == sentence)
    }

    @Test("the JSON schema has exactly the keys of the code")
    func schema() throws {
        let path = SharedData.projectFolder.appendingPathComponent("Schemas/json/config.schema.json")
        let schema = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: path)) as? [String: Any])
        #expect(schema["additionalProperties"] as? Bool == false)
        let properties = try #require(schema["properties"] as? [String: [String: Any]])
        var names: Set<String> = []
        for (name, property) in properties {
            #expect(property["description"] is String, "\(name)")
            let nested = property["properties"] as? [String: Any]
            if let nested, name != "alerting", name != "scaling" {
                names.formUnion(nested.keys.map { "\(name).\($0)" })
            } else {
                names.insert(name)
            }
        }
        #expect(names == Set(ConfigurationKey.all.map(\.name)).union(["alerting", "scaling"]))
        #expect(Set(ConfigurationKey.all.map(\.flag)).count == ConfigurationKey.all.count)
    }

    @Test("the page about the configuration names every key")
    func page() throws {
        let page = try String(contentsOf: SharedData.projectFolder.appendingPathComponent("docs/configuration.md"), encoding: .utf8)
        for key in ConfigurationKey.all { #expect(page.contains("| `\(key.name)` |"), "\(key.name)") }
    }
}
