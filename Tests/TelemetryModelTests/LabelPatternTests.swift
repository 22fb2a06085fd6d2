import Platform
import TelemetryModel
import Testing

@Suite("Label patterns")
struct LabelPatternTests {
    @Test(
        "match what RE2 matches, anchored",
        arguments: [
            ("", [""], ["a"]),
            ("foo", ["foo"], ["foobar", "xfoo", ""]),
            ("a|b|", ["a", "b", ""], ["ab", "c"]),
            (".+", ["a", "ä\n"], [""]),
            ("(?-s).+", ["a"], ["a\nb"]),
            ("[a-c]{2,3}x?", ["ab", "abcx"], ["a", "abcd", "xx"]),
            ("(?i:PRO).*", ["production", "PROx"], ["canary"]),
            (".*((?i)DUC).*", ["production"], ["canary"]),
            ("((?i)a)b", ["ab", "Ab"], ["AB"]),
            ("\\d+\\.\\d*\\w\\s\\S", ["12.3_ x"], ["12x3_ x"]),
            ("[^a-z\\d]+", ["-_É"], ["a", "5"]),
            ("\\bfoo\\b.*", ["foo", "foo bar"], ["foobar"]),
            ("^foo$|^bar$", ["foo", "bar"], ["foobar"]),
            ("[[:alpha:]_][[:^digit:]]", ["_x"], ["1x", "a1"]),
            ("\\pL\\p{Nd}\\PN", ["é5x"], ["55x"]),
            ("\\Qa.b\\E+", ["a.b", "a.bb"], ["axb"]),
            ("\\x41\\x{e4}\\101", ["AäA"], ["AaA"]),
            ("a{,2}", ["a{,2}"], ["aa"]),
            ("[]a]+", ["]a"], ["b"]),
            ("(a*)*b", ["b", "aaab"], ["aaa"]),
            ("(?P<x>a)(?<y>b)?", ["a", "ab"], ["b"]),
            ("(?i)straße|Kelvin", ["STRAßE", "\u{212A}elvin"], ["strasse"]),
        ])
    func matching(expression: String, yes: [String], no: [String]) throws {
        let pattern = try LabelPattern(expression)
        for text in yes { #expect(pattern.matches(text), "\(expression) should match \(text)") }
        for text in no { #expect(!pattern.matches(text), "\(expression) should not match \(text)") }
    }

    @Test("say which values can match when those are few, and what they all start with")
    func literals() throws {
        #expect(try LabelPattern("a|b(c|d)|[xy]z?").literals == ["a", "bc", "bd", "xz", "yz", "x", "y"])
        #expect(try LabelPattern("^(?:foo|bar)$").literals == ["foo", "bar"])
        #expect(try LabelPattern("foo.*").literals == nil)
        #expect(try LabelPattern("(?i)foo").literals == nil)
        #expect(try LabelPattern("foo.*").prefix == "foo")
        #expect(try LabelPattern("(api-server-).+").prefix == "api-server-")
        let many = (0..<5_000).map { "host-\($0)" }
        #expect(try LabelPattern(many.joined(separator: "|")).literals == Set(many))
    }

    @Test("prefer the first alternative and greed when capturing")
    func capturing() throws {
        #expect(try CapturingPattern("(.*)-(.*)").groups(in: "a-b-c") == ["a-b-c", "a-b", "c"])
        #expect(try CapturingPattern("(.*?)-(.*)").groups(in: "a-b-c") == ["a-b-c", "a", "b-c"])
        #expect(try CapturingPattern("(a|ab)(c|bcd)?(d*)").groups(in: "abcd") == ["abcd", "a", "bcd", ""])
        #expect(try CapturingPattern("(x)?(?P<rest>.*)").groups(in: "äb") == ["äb", nil, "äb"])
        #expect(try CapturingPattern("(x)?(?P<rest>.*)").groupNames == [nil, nil, "rest"])
        #expect(try CapturingPattern("a").groups(in: "ab") == nil)
    }

    @Test("hostile expressions end soon")
    func hostile() throws {
        let clock = ContinuousClock()
        let taken = try clock.measure {
            let text = String(repeating: "a", count: 2_000)
            for expression in ["(a*)*(a*)*(a|aa)*b", "(a+a+)+y"] {
                let pattern = try LabelPattern(expression)
                #expect(!pattern.matches(text))
            }
            for expression in [
                String(repeating: "(", count: 100_000), String(repeating: "a?", count: 20_000) + "b.*",
                "((((a{10}){10}){10}){10}){10}", String(repeating: "[a-z]", count: 20_000), String(repeating: "(a|", count: 300),
                String(repeating: "x", count: LabelPattern.expressionByteLimit + 1),
            ] { #expect(throws: LabelPatternError.self) { try LabelPattern(expression) } }
        }
        #expect(taken < .seconds(10))
    }

    @Test("agree with a backtracking reference on random expressions")
    func fuzz() throws {
        let seed: UInt64 = 20_261_121
        var random = SeededRandom(seed: seed)
        for _ in 0..<1_500 {
            let tree = Reference.random(&random, depth: 4)
            let pattern = try LabelPattern(tree.text)
            for _ in 0..<6 {
                let text = String(
                    (0..<Int.random(in: 0...5, using: &random)).map { _ in "abc".randomElement(using: &random) ?? "a" })
                #expect(
                    pattern.matches(text) == tree.matchesWhole(Array(text)), "seed \(seed): \(tree.text) on \"\(text)\"")
            }
        }
    }

    @Test("random bytes never trap")
    func mutations() {
        let seed: UInt64 = 7
        var random = SeededRandom(seed: seed)
        let alphabet = Array("ab|()[]{}*+?\\^$.-,:iPdwQEpLx0159<>=!~é")
        var accepted = 0
        for _ in 0..<5_000 {
            let text = String(
                (0..<Int.random(in: 0...14, using: &random)).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
                })
            guard let pattern = try? LabelPattern(text) else { continue }
            accepted += 1
            _ = pattern.matches("ab01")
        }
        #expect(accepted > 100, "seed \(seed)")
    }
}

/// An expression with an obviously right, exponential way to match it.
private indirect enum Reference {
    case letter(Character)
    case any
    case both(Reference, Reference)
    case either(Reference, Reference)
    case times(Reference, ClosedRange<Int>)

    static func random(_ random: inout SeededRandom, depth: Int) -> Reference {
        switch Int.random(in: 0..<(depth == 0 ? 2 : 6), using: &random) {
        case 0: return .letter("abc".randomElement(using: &random) ?? "a")
        case 1: return .any
        case 2, 3: return .both(.random(&random, depth: depth - 1), .random(&random, depth: depth - 1))
        case 4: return .either(.random(&random, depth: depth - 1), .random(&random, depth: depth - 1))
        default:
            let low = Int.random(in: 0...2, using: &random)
            return .times(.random(&random, depth: depth - 1), low...(low + Int.random(in: 0...2, using: &random)))
        }
    }

    var text: String {
        switch self {
        case .letter(let letter): String(letter)
        case .any: "."
        case .both(let a, let b): a.text + b.text
        case .either(let a, let b): "(?:\(a.text)|\(b.text))"
        case .times(let inner, let range): "(\(inner.text)){\(range.lowerBound),\(range.upperBound)}"
        }
    }

    func matchesWhole(_ text: [Character]) -> Bool { ends(text, [0]).contains(text.count) }

    private func ends(_ text: [Character], _ starts: Set<Int>) -> Set<Int> {
        switch self {
        case .letter(let letter): Set(starts.filter { $0 < text.count && text[$0] == letter }.map { $0 + 1 })
        case .any: Set(starts.filter { $0 < text.count }.map { $0 + 1 })
        case .both(let a, let b): b.ends(text, a.ends(text, starts))
        case .either(let a, let b): a.ends(text, starts).union(b.ends(text, starts))
        case .times(let inner, let range):
            (1...max(1, range.upperBound)).reduce(into: (reached: starts, all: range.contains(0) ? starts : [])) { state, count in
                guard count <= range.upperBound else { return }
                state.reached = inner.ends(text, state.reached)
                if range.contains(count) { state.all.formUnion(state.reached) }
            }.all
        }
    }
}
