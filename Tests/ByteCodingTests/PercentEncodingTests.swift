import ByteCoding
import Testing

@Suite("Percent encoding")
struct PercentEncodingTests {
    @Test(
        "Everything but unreserved characters is encoded byte by byte",
        arguments: [
            ("", ""), ("aZ09-._~", "aZ09-._~"), ("a b/c?d=e&f", "a%20b%2Fc%3Fd%3De%26f"), ("ä", "%C3%A4"), ("%", "%25"),
            ("\u{0}\n", "%00%0A"),
        ])
    func component(text: String, encoded: String) { #expect(PercentEncoding.component(text) == encoded) }
}
