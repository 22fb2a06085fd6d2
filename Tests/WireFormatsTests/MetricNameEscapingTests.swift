import Testing

@testable import WireFormats

@Suite("Names of metrics for older readers")
struct MetricNameEscapingTests {
    @Test(
        "each form",
        arguments: [
            ("plain:name_1", "plain:name_1", "plain:name__1", "plain:name_1"), ("a.b", "a_b", "a_dot_b", "U__a_2e_b"),
            ("1st", "_st", "__st", "U___31_st"), ("ü_x y", "__x_y", "____x__y", "U___fc___x_20_y"),
            ("😀", "_", "__", "U___1f600_"), ("", "", "", ""),
        ])
    func forms(name: String, underscores: String, dots: String, values: String) {
        #expect(MetricNameEscaping.allowUTF8.escaped(name) == name)
        #expect(MetricNameEscaping.underscores.escaped(name) == underscores)
        #expect(MetricNameEscaping.dots.escaped(name) == dots)
        let escaped = MetricNameEscaping.values.escaped(name)
        #expect(name.isEmpty || escaped == values)
        if !name.isEmpty { #expect(MetricNameEscaping.unescaped(escaped) == name) }
    }

    @Test(
        "what is in no form stays as it is",
        arguments: ["a", "U_a", "U__a_", "U___zz_", "U___d800_", "U___+41_", "U___1234567_", "U__a_41"])
    func unknown(name: String) { #expect(MetricNameEscaping.unescaped(name) == name) }

    @Test(
        "numbers of samples",
        arguments: [
            (0, "0"), (-0.0, "0"), (1, "1"), (-1.5, "-1.5"), (100_000, "100000"), (1_000_000, "1e+06"), (1_234_567, "1.234567e+06"),
            (0.0001, "0.0001"), (0.00001, "1e-05"), (1e21, "1e+21"), (.leastNonzeroMagnitude, "5e-324"),
            (.greatestFiniteMagnitude, "1.7976931348623157e+308"),
            (0.1 + 0.2, "0.30000000000000004"), (123_456.789, "123456.789"), (.infinity, "+Inf"), (-.infinity, "-Inf"),
            (.nan, "NaN"),
        ])
    func numbers(value: Double, text: String) { #expect(DecimalText.general(value) == text) }

    @Test(
        "the form that a client likes best",
        arguments: [
            (nil, "text/plain; version=0.0.4"), ("", "text/plain; version=0.0.4"), ("text/html", "text/plain; version=0.0.4"),
            ("text/plain;version=1.0.0", "text/plain; version=1.0.0"), ("text/plain;version=9", "text/plain; version=0.0.4"),
            ("text/plain;q=0.5, application/openmetrics-text; version=1.0.0;q=0.6", "application/openmetrics-text; version=1.0.0"),
            ("application/openmetrics-text", "application/openmetrics-text; version=0.0.1"),
            ("application/openmetrics-text;q=0, text/plain", "text/plain; version=0.0.4"),
            ("TEXT/PLAIN ; VERSION = \"1.0.0\"", "text/plain; version=1.0.0"), (";;,,=;q=x", "text/plain; version=0.0.4"),
        ] as [(String?, String)])
    func negotiation(accept: String?, type: String) {
        #expect(ExpositionFormat(accept: accept).contentType == "\(type); charset=utf-8; escaping=underscores")
    }
}
