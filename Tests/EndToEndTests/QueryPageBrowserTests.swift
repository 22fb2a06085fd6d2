import Foundation
import HTTPTransport
import TestSupport
import Testing

/// The query page in a real browser, over a real server.
@Suite("Query page in a browser", .serialized)
struct QueryPageBrowserTests {
    /// A value of a label that would run a script wherever it is taken for markup.
    static let hostile = "<img src=x onerror=\"window.hacked=1\">'"

    @Test("Table, chart, explain, completion and history, with and without scripts", .timeLimit(.minutes(5)))
    func wholePage() async throws {
        try await TestBench.withFolder { folder in
            let port = try TestBench.freePort()
            let server = try ChildProcess(
                TestBench.product("headrope"),
                [
                    "serve", "--listen", "127.0.0.1:\(port)", "--data", folder.path + "/store", "--otlp-http", "off", "--zipkin",
                    "off",
                ], logFile: folder.appendingPathComponent("server.log"))
            defer { server.end() }
            let transport = try HTTPTransport()
            let origin = "http://127.0.0.1:\(port)"
            _ = try await server.wait(for: "the server") {
                try await transport.send(HTTPCall(url: origin + "/-/ready")).status == 200 ? true : nil
            }
            try await Self.write(transport, origin)
            let browser = try await Browser(folder)
            do {
                try await Self.checkTable(browser, origin)
                try await Self.checkChart(browser, origin)
                try await Self.checkExplain(browser, origin)
                try await Self.checkCompletion(browser, origin)
                try await Self.checkMistake(browser, origin)
                #expect(try await browser.evaluate("window.hacked") == "undefined")
                #expect(await browser.complaints == [])
                try await Self.checkWithoutScripts(browser, origin)
            } catch {
                await browser.close()
                throw error
            }
            await browser.close()
            await transport.shutdown()
        }
    }

    /// Half an hour of a counter of three instances.
    static func write(_ transport: HTTPTransport, _ origin: String) async throws {
        let now = Int64(Date().timeIntervalSince1970) * 1_000
        var call = RemoteWriteCall()
        for (index, instance) in [hostile, "a", "b"].enumerated() {
            let samples = (0...120).map { (time: now - 1_800_000 + Int64($0) * 15_000, value: Double($0 * (index + 1))) }
            call.append([("__name__", "requests_total"), ("instance", instance)], samples)
        }
        #expect(try await transport.send(call.call(origin)).isSuccess)
    }

    static func checkTable(_ browser: Browser, _ origin: String) async throws {
        try await browser.open(origin + "/query?expr=requests_total")
        #expect(try await browser.evaluate("document.querySelectorAll('tbody tr').length") == "3")
        #expect(
            try await browser.evaluate("document.querySelector('tbody').innerText").contains(
                "<img src=x onerror=\\\"window.hacked=1\\\">'"))
        #expect(try await browser.evaluate("document.querySelectorAll('img').length") == "0")
        #expect(try await browser.evaluate("document.querySelector('#history summary').textContent") == "History (1)")
    }

    static func checkChart(_ browser: Browser, _ origin: String) async throws {
        try await browser.open(origin + "/query?expr=rate(requests_total%5B1m%5D)&tab=chart&last=20m")
        #expect(try await browser.evaluate("document.querySelectorAll('#lines path').length") == "3")
        // A key hides its series and shows it again, by pointer and keyboard.
        try await browser.mouse("mousePressed", "#keys li:first-child .key", 0.5)
        try await browser.mouse("mouseReleased", "#keys li:first-child .key", 0.5)
        #expect(try await browser.evaluate("document.querySelector('#lines path').classList.contains('off')") == "true")
        _ = try await browser.evaluate("document.querySelector('#keys .key').focus()")
        try await browser.press("Enter", 13)
        #expect(try await browser.evaluate("document.querySelector('#keys .key').getAttribute('aria-pressed')") == "true")
        // What is left takes the whole height.
        let top = "document.querySelector('.values span:last-child').textContent"
        let whole = try await browser.evaluate(top)
        _ = try await browser.evaluate("document.querySelectorAll('#keys .key')[2].click()")
        let part = try #require(Double(try await browser.evaluate(top)))
        #expect(part < 0.2 && part > 0.1333)
        _ = try await browser.evaluate("document.querySelectorAll('#keys .key')[2].click()")
        #expect(try await browser.evaluate(top) == whole)
        // Values are read by keyboard and pointer.
        _ = try await browser.evaluate("document.getElementById('plot').focus()")
        try await browser.press("End", 35)
        #expect(try await browser.evaluate("document.querySelectorAll('.card li').length") == "3")
        try await browser.mouse("mouseMoved", ".field", 0.5)
        let card = try await browser.evaluate("document.querySelector('.card').innerText")
        #expect(card.contains("0.0666667") && card.contains("<img"), "\(card)")
        // Dragging over a quarter of the chart shows that quarter.
        try await browser.mouse("mousePressed", ".field", 0.5)
        try await browser.mouse("mouseMoved", ".field", 0.6)
        try await browser.mouse("mouseMoved", ".field", 0.75)
        try await browser.mouse("mouseReleased", ".field", 0.75)
        try await browser.wait("new URLSearchParams(location.search).get('last') === '300s' && document.readyState === 'complete'")
        #expect(try await browser.evaluate("document.querySelector('[name=last]').value") == "5m")
        #expect(try await browser.evaluate("document.querySelector('[name=to]').value !== ''") == "true")
    }

    static func checkExplain(_ browser: Browser, _ origin: String) async throws {
        try await browser.open(origin + "/query?expr=sum(rate(requests_total%5B1m%5D))&tab=explain&last=20m")
        let table = try await browser.evaluate("document.querySelector('tbody').innerText")
        #expect(table.contains("sum(rate(") && table.contains("rate(requests_total[1m])"), "\(table)")
        #expect(try await browser.evaluate("document.querySelectorAll('tbody .bar').length") == "3")
    }

    /// Everything is written by keyboard.
    static func checkCompletion(_ browser: Browser, _ origin: String) async throws {
        try await browser.open(origin + "/query")
        func offered(_ text: String) async throws {
            try await browser.wait(
                "[...document.querySelectorAll('#completion:not([hidden]) [role=option] bdi')].some(o => o.textContent === \(text))"
            )
        }
        try await browser.wait("document.activeElement.id === 'expr'")
        try await browser.type("su")
        try await offered("'sum'")
        try await browser.press("Enter", 13)
        try await browser.type("(requ")
        try await offered("'requests_total'")
        try await browser.press("Tab", 9)
        try await browser.type("{inst")
        try await offered("'instance'")
        try await browser.press("Enter", 13)
        try await offered("'b'")
        try await browser.type("\"<img")
        try await offered("\"\(hostile.replacing("\"", with: "\\\""))\"")
        #expect(try await browser.evaluate("document.getElementById('expr').getAttribute('aria-expanded')") == "true")
        try await browser.press("Enter", 13)
        try await browser.type("}) by (")
        try await offered("'instance'")
        try await browser.press("Escape", 27)
        try await browser.type("instance) > 1")
        let expression = "sum(requests_total{instance=\"<img src=x onerror=\\\"window.hacked=1\\\">'\"}) by (instance) > 1"
        let written = try await browser.evaluate("document.getElementById('expr').value")
        #expect(written == expression)
        try await browser.press("Enter", 13)
        try await browser.wait("location.search.includes('expr=') && document.readyState === 'complete'")
        #expect(try await browser.evaluate("document.querySelectorAll('tbody tr').length") == "1")
        #expect(try await browser.evaluate("document.getElementById('expr').value") == expression)
    }

    static func checkMistake(_ browser: Browser, _ origin: String) async throws {
        try await browser.open(origin + "/query?expr=sum(requests_total%20%2B)")
        #expect(try await browser.evaluate("document.getElementById('mistake').textContent") == ")")
        #expect(try await browser.evaluate("document.getElementById('expr').selectionStart") == "20")
    }

    static func checkWithoutScripts(_ browser: Browser, _ origin: String) async throws {
        try await browser.runsScripts(false)
        _ = try await browser.open(origin + "/query?expr=requests_total&tab=chart&last=20m")
        #expect(try await browser.evaluate("document.querySelectorAll('#lines path').length") == "3")
        #expect(try await browser.evaluate("document.querySelectorAll('.card').length") == "0")
        #expect(try await browser.evaluate("document.querySelectorAll('.tabs a').length") == "3")
    }
}
