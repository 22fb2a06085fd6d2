import StrictYAML
import Testing

@Suite("Strict YAML")
struct StrictYAMLTests {
    @Test("An unknown key is named with its line and the key that may have been meant")
    func unknownKeys() throws {
        var mapping = try YAMLValue.parse("listen: a\n\nretenton_time: 3d\n", file: "h.yaml").mapping()
        _ = mapping.take("listen")
        _ = mapping.take("retention_time")
        let problem = #expect(throws: YAMLProblem.self) { try mapping.finish() }
        #expect(problem?.description == "h.yaml:3: 'retenton_time' is no key that is known. Did you mean 'retention_time'?")
    }

    @Test("A value of the wrong type is named with its path and line")
    func wrongTypes() throws {
        var mapping = try YAMLValue.parse("a:\n  b: [1, x]\n", file: "f").mapping()
        var inner = try mapping.require("a").mapping()
        let list = try inner.require("b").list()
        #expect(try list[0].integer(in: 0...9) == 1)
        let problem = #expect(throws: YAMLProblem.self) { try list[1].integer(in: 0...9) }
        #expect(problem?.description == "f:2: 'a.b[1]' must be a whole number from 0 to 9, not 'x'.")
    }

    @Test("Text that is no YAML is refused with its line", arguments: ["a: [1", "a: 1\na: 2", "\t- x", "a: 'open"])
    func brokenYAML(text: String) {
        #expect(throws: YAMLProblem.self) { try YAMLValue.parse(text, file: "f") }
    }

    @Test("A merge key inherits what is not there")
    func mergeKeys() throws {
        let text = "base: &base {x: 1, y: 2}\nown:\n  <<: *base\n  y: 3\n"
        var mapping = try YAMLValue.parse(text, file: "f").mapping()
        let own = try mapping.require("own").strings()
        #expect(own == ["x": "1", "y": "3"])
    }

    @Test(
        "Durations are read as Prometheus reads them",
        arguments: [("0", 0), ("5m", 300_000), ("1h30m", 5_400_000), ("2d", 172_800_000), ("1s500ms", 1_500)] as [(String, Int64)])
    func durations(text: String, milliseconds: Int64) { #expect(TextUnits.duration(text) == milliseconds) }

    @Test(
        "What is no duration is refused",
        arguments: ["", "5", "m", "5x", "-5m", "1m1h", "5m5m", "1.5h", "99999999999999999y", "५m"])
    func notDurations(text: String) { #expect(TextUnits.duration(text) == nil) }

    @Test("Sizes have binary units", arguments: [("0", 0), ("10B", 10), ("2KB", 2_048), ("1GB", 1 << 30)])
    func sizes(text: String, bytes: Int) { #expect(TextUnits.byteCount(text) == bytes) }

    @Test("What is no size is refused", arguments: ["", "GB", "1XB", "-1GB", "99999999999TB", "1.5GB"])
    func notSizes(text: String) { #expect(TextUnits.byteCount(text) == nil) }
}
