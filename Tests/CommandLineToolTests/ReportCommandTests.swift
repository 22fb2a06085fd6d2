import Testing

@testable import CommandLineTool

@Suite("headrope report")
struct ReportCommandTests {
    @Test(
        "A server cannot make it write outside of its folder",
        arguments: ["../x.html", "/etc/x.html", "a/b.html", ".html", "x.sh", "a\u{0}.html", "X.html", ""])
    func unsafeNames(name: String) { #expect(!ReportCommand.isSafe(name)) }

    @Test("The files of a report are written", arguments: ["index.html", "service-a-b-1f2e.html", "trace-00ff.html"])
    func safeNames(name: String) { #expect(ReportCommand.isSafe(name)) }
}
