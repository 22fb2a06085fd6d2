import TelemetryModel
import Testing

@Suite("The syntax of label patterns")
struct LabelPatternSyntaxTests {
    @Test(
        "what is not valid is refused in Go's words",
        arguments: [
            ("(", "error parsing regexp: missing closing ): `(`"),
            (")", "error parsing regexp: unexpected ): `)`"),
            ("a)b", "error parsing regexp: unexpected ): `a)b`"),
            ("(()", "error parsing regexp: missing closing ): `(()`"),
            ("a**", "error parsing regexp: invalid nested repetition operator: `**`"),
            ("*a", "error parsing regexp: missing argument to repetition operator: `*`"),
            ("|*", "error parsing regexp: missing argument to repetition operator: `*`"),
            ("(*)", "error parsing regexp: missing argument to repetition operator: `*`"),
            ("(?i:*)", "error parsing regexp: missing argument to repetition operator: `*`"),
            ("\\Q\\E*", "error parsing regexp: missing argument to repetition operator: `*`"),
            ("a*?*", "error parsing regexp: invalid nested repetition operator: `*?*`"),
            ("a++", "error parsing regexp: invalid nested repetition operator: `++`"),
            ("x{2,3}?+", "error parsing regexp: invalid nested repetition operator: `{2,3}?+`"),
            ("a{2}{3}", "error parsing regexp: invalid nested repetition operator: `{2}{3}`"),
            ("[a", "error parsing regexp: missing closing ]: `[a`"),
            ("[]", "error parsing regexp: missing closing ]: `[]`"),
            ("[^", "error parsing regexp: missing closing ]: `[^`"),
            ("[[:x", "error parsing regexp: missing closing ]: `[[:x`"),
            ("[z-a]", "error parsing regexp: invalid character class range: `z-a`"),
            ("[a-\\d]", "error parsing regexp: invalid escape sequence: `\\d`"),
            ("a{2,1}", "error parsing regexp: invalid repeat count: `{2,1}`"),
            ("a{1001}", "error parsing regexp: invalid repeat count: `{1001}`"),
            ("a{99999999}", "error parsing regexp: invalid repeat count: `{99999999}`"),
            ("(a{100}){100}", "error parsing regexp: invalid repeat count: `{100}`"),
            ("(a{30}){40}", "error parsing regexp: invalid repeat count: `{40}`"),
            ("x{1000}{1000}", "error parsing regexp: invalid nested repetition operator: `{1000}{1000}`"),
            ("\\8", "error parsing regexp: invalid escape sequence: `\\8`"),
            ("\\1", "error parsing regexp: invalid escape sequence: `\\1`"),
            ("\\C", "error parsing regexp: invalid escape sequence: `\\C`"),
            ("\\Z", "error parsing regexp: invalid escape sequence: `\\Z`"),
            ("\\q", "error parsing regexp: invalid escape sequence: `\\q`"),
            ("\\é", "error parsing regexp: invalid escape sequence: `\\é`"),
            ("\\x", "error parsing regexp: invalid escape sequence: `\\x`"),
            ("\\x{", "error parsing regexp: invalid escape sequence: `\\x{`"),
            ("\\x1", "error parsing regexp: invalid escape sequence: `\\x1`"),
            ("\\x{110000}", "error parsing regexp: invalid escape sequence: `\\x{110000`"),
            ("\\", "error parsing regexp: trailing backslash at end of expression: ``"),
            ("(?P<1>a", "error parsing regexp: missing closing ): `(?P<1>a`"),
            ("(?P<é>a)", "error parsing regexp: invalid named capture: `(?P<é>`"),
            ("(?P<n", "error parsing regexp: invalid named capture: `(?P<n`"),
            ("(?P<>a)", "error parsing regexp: invalid named capture: `(?P<>`"),
            ("(?x)a", "error parsing regexp: invalid or unsupported Perl syntax: `(?x`"),
            ("(?i", "error parsing regexp: invalid or unsupported Perl syntax: `(?i`"),
            ("(?i)(?s", "error parsing regexp: invalid or unsupported Perl syntax: `(?s`"),
            ("(?=a)", "error parsing regexp: invalid or unsupported Perl syntax: `(?=`"),
            ("(?#a)", "error parsing regexp: invalid or unsupported Perl syntax: `(?#`"),
            ("(?-)", "error parsing regexp: invalid or unsupported Perl syntax: `(?-)`"),
            ("(?--i)", "error parsing regexp: invalid or unsupported Perl syntax: `(?--`"),
            ("(?", "error parsing regexp: invalid or unsupported Perl syntax: `(?`"),
            ("[[:nope:]]", "error parsing regexp: invalid character class range: `[:nope:]`"),
            ("\\p{Nope}", "error parsing regexp: invalid character class range: `\\p{Nope}`"),
            ("\\p{greek}", "error parsing regexp: invalid character class range: `\\p{greek}`"),
            ("\\pX", "error parsing regexp: invalid character class range: `\\pX`"),
            ("\\p", "error parsing regexp: invalid character class range: `\\p`"),
            ("\\p{Lu", "error parsing regexp: invalid character class range: `\\p{Lu`"),
            ("[\\b]", "error parsing regexp: invalid escape sequence: `\\b`"),
        ])
    func refused(expression: String, message: String) {
        let error = #expect(throws: LabelPatternError.self) { try LabelPattern(expression) }
        #expect(error?.description == message)
    }

    @Test(
        "what looks wrong and is right",
        arguments: [
            ("a(?i)*", ["", "aa"], ["A"]), ("a*(?i)*", ["", "aa"], ["b"]), ("a\\Q\\E*", ["", "aa"], ["b"]), ("(?)a", ["a"], [""]),
            ("a{01}", ["a{01}"], ["a"]), ("a{1,01}", ["a{1,01}"], ["a"]), ("[[:x]", [":", "x", "["], ["a"]), ("[]a]", ["]"], [""]),
            ("^*a", ["a"], [""]), ("(?P<n>a)(?P<n>b)", ["ab"], ["a"]), ("\\x{D800}|a", ["a"], ["\u{FFFD}"]),
            ("[\\x{D7FF}-\\x{E000}]", ["\u{E000}"], ["a"]),
            ("((a{1000}){0}){1000}", [""], ["a"]), ("\\Q*", ["*"], [""]), ("\\777", ["\u{1FF}"], ["7"]),
        ])
    func accepted(expression: String, yes: [String], no: [String]) throws {
        let pattern = try LabelPattern(expression)
        for text in yes { #expect(pattern.matches(text), "\(expression) should match \(text)") }
        for text in no { #expect(!pattern.matches(text), "\(expression) should not match \(text)") }
    }

    @Test(
        "classes by script and by category",
        arguments: [
            ("\\p{Greek}+", ["αΩ", "\u{1F00}"], ["a", "д"]), ("\\P{Greek}", ["a"], ["α"]), ("\\p{^Han}", ["a"], ["中"]),
            ("[\\p{Han}a]", ["中", "a"], ["b"]),
            ("[^\\p{Cyrillic}]", ["a"], ["д"]), ("\\p{Common}", ["1", "😀"], ["a"]), ("\\p{Old_Italic}", ["\u{10300}"], ["a"]),
            ("\\p{LC}", ["a", "A", "ǅ"], ["中"]),
            ("\\p{Cn}", ["\u{0378}"], ["a"]), ("\\p{Any}", ["a", "\n"], [""]), ("\\P{Any}", [], ["a", ""]),
            ("\\p{Inherited}", ["\u{0301}"], ["e"]),
        ])
    func classes(expression: String, yes: [String], no: [String]) throws {
        try accepted(expression: expression, yes: yes, no: no)
    }

    @Test(
        "case is ignored over all of Unicode, one character for one",
        arguments: [
            ("(?i)ς", ["σ", "Σ", "ς"], ["s"]), ("(?i)k", ["K", "\u{212A}"], ["x"]), ("(?i)ß", ["ẞ", "ß"], ["ss", "SS"]),
            ("(?i)ǆ", ["ǅ", "Ǆ"], ["dž"]),
            ("(?i)µ", ["μ", "Μ"], ["m"]), ("(?i)ᾳ", ["ᾼ"], ["α"]), ("(?i)[ᾀ]", ["ᾈ"], ["ᾁ"]), ("(?i)i", ["I"], ["İ", "ı"]),
            ("(?i)ı", ["ı"], ["I", "i"]),
            ("(?i)[a-z]", ["K", "\u{17F}"], ["é"]), ("(?i)\\p{Lu}", ["a", "A"], ["1", "中"]), ("(?i)\\w", ["\u{17F}"], ["é"]),
            ("(?i)\\W", ["é"], ["\u{17F}"]),
            ("(?i)[^\\W]", ["\u{17F}"], ["é"]), ("(?i)[[:^lower:]]", ["1"], ["A", "\u{212A}"]),
            ("(?i)ꙋ", ["Ꙋ", "\u{1C88}"], ["a"]), ("(?i)\\p{Greek}", ["µ"], ["k"]),
        ])
    func folding(expression: String, yes: [String], no: [String]) throws {
        try accepted(expression: expression, yes: yes, no: no)
    }
}
