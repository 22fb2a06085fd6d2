import Foundation
import TestSupport
import Testing

@Suite("Prometheus's own PromQL tests", .enabled(if: SharedData.isAvailable))
struct PromQLScriptTests {
    static let folder = "conformance/promqltest"
    static let names = (try? SharedData.list(folder).filter { $0.hasSuffix(".test") }) ?? []

    /// What a script came to: every evaluation either passed or needs something that is not there.
    static let expected: [String: (passed: Int, unsupported: Int)] = [
        "aggregators.test": (125, 35), "at_modifier.test": (78, 0), "collision.test": (2, 0), "functions.test": (380, 51),
        "histograms.test": (93, 92), "literals.test": (25, 0), "operators.test": (145, 69), "range_queries.test": (17, 1),
        "selectors.test": (31, 0), "trig_functions.test": (19, 0),
    ]

    @Test("every evaluation gives what Prometheus gives", arguments: names)
    func script(name: String) async throws {
        let text = String(decoding: try SharedData.read("\(Self.folder)/\(name)"), as: UTF8.self)
        try await check(text, name, EngineTarget())
    }

    @Test("the same over HTTP: samples by remote write, answers as JSON")
    func server() async throws {
        let server = try await QueryServer.startHeadrope()
        do {
            for name in Self.names {
                let text = String(decoding: try SharedData.read("\(Self.folder)/\(name)"), as: UTF8.self)
                try await check(text, name, ServerTarget(server: server))
            }
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    private func check(_ text: String, _ name: String, _ target: some ScriptTarget) async throws {
        let runner = try await run(text, name, target)
        if let expected = Self.expected[name] {
            #expect(runner.passed >= expected.passed)
            #expect(runner.unsupported.count <= expected.unsupported)
        }
    }

    // MARK: Further scripts

    /// A folder with more scripts, such as those of another version of Prometheus.
    static let furtherFolder = ProcessInfo.processInfo.environment["HEADROPE_PROMQL_SCRIPTS"]
    static let furtherScripts =
        ((try? FileManager.default.contentsOfDirectory(atPath: furtherFolder ?? "")) ?? []).filter { $0.hasSuffix(".test") }
        .sorted()

    @Test("every evaluation of further scripts gives what Prometheus gives", arguments: furtherScripts)
    func furtherScript(name: String) async throws {
        let folder = URL(fileURLWithPath: try #require(Self.furtherFolder))
        let text = String(decoding: try Data(contentsOf: folder.appendingPathComponent(name)), as: UTF8.self)
        _ = try await run(text, name, EngineTarget())
    }

    private func run<Target: ScriptTarget>(_ text: String, _ name: String, _ target: Target) async throws -> ScriptRunner<Target> {
        var runner = ScriptRunner(target)
        try await runner.run(try PromQLScript(text))
        for failure in runner.failures { Issue.record("\(name):\(failure)") }
        for line in runner.unsupported { print("\(name): not supported: \(line)") }
        print("\(name): \(runner.passed) passed, \(runner.unsupported.count) not supported, \(runner.failures.count) failed")
        return runner
    }
}
