import Foundation
import Glibc
import TestSupport

/// A headless Chromium with one page, led through its DevTools protocol over two pipes.
actor Browser {
    private let process: ChildProcess
    private let input: Int32
    private let output: Int32
    private var received: [UInt8] = []
    private var session: String?
    private var lastCall = 0
    /// What pages complained about: exceptions of scripts, and what the content security policy or the network refused.
    private(set) var complaints: [String] = []

    private static let answerSeconds = 60.0

    /// Starts it with a profile in a folder.
    init(_ folder: URL) async throws {
        let (to, from) = (folder.appendingPathComponent("to").path, folder.appendingPathComponent("from").path)
        guard mkfifo(to, 0o600) == 0, mkfifo(from, 0o600) == 0 else {
            throw ChildProcess.Failure(description: "no pipes for the browser in \(folder.path)")
        }
        // Opened for both directions, a pipe does not wait for its other end.
        input = Glibc.open(to, O_RDWR)
        output = Glibc.open(from, O_RDWR | O_NONBLOCK)
        let chromium = try TestBench.program("/usr/bin/chromium")
        process = try ChildProcess(
            "/bin/sh",
            [
                "-c", "exec \"$0\" \"$@\" 3<'\(to)' 4>'\(from)'", chromium, "--headless", "--no-sandbox", "--disable-gpu",
                "--disable-dev-shm-usage", "--remote-debugging-pipe", "--user-data-dir=\(folder.path)/profile",
                "--window-size=1280,900", "about:blank",
            ], logFile: folder.appendingPathComponent("chromium.log"))
        try await attach()
    }

    private func attach() async throws {
        let targets = try await call("Target.getTargets")["targetInfos"] as? [[String: Any]] ?? []
        let page = targets.first { $0["type"] as? String == "page" }?["targetId"] as? String ?? ""
        session = try await call("Target.attachToTarget", ["targetId": page, "flatten": true])["sessionId"] as? String
        for domain in ["Page", "Runtime", "Log"] { _ = try await call("\(domain).enable") }
    }

    /// Ends it.
    func close() async {
        _ = try? await call("Browser.close")
        process.end()
        Glibc.close(input)
        Glibc.close(output)
    }

    /// Opens an address and waits until it is there.
    func open(_ address: String) async throws {
        _ = try await call("Page.navigate", ["url": address])
        try await wait("document.readyState === 'complete' && location.href !== 'about:blank'")
    }

    /// Whether pages may run scripts.
    func runsScripts(_ runs: Bool) async throws {
        _ = try await call("Emulation.setScriptExecutionDisabled", ["value": !runs])
    }

    /// The value of a JavaScript expression as text.
    func evaluate(_ expression: String) async throws -> String {
        let answer = try await call("Runtime.evaluate", ["expression": "String(\(expression))", "returnByValue": true])
        return (answer["result"] as? [String: Any])?["value"] as? String ?? "\(answer)"
    }

    /// Waits until a JavaScript expression is true.
    func wait(_ expression: String) async throws {
        let deadline = Date().addingTimeInterval(Self.answerSeconds)
        while Date() < deadline {
            // While a page is being replaced there is nothing to ask.
            if (try? await evaluate(expression)) == "true" { return }
            try await Task.sleep(nanoseconds: 20_000_000)
        }
        let page = try await evaluate("document.body.innerText")
        throw ChildProcess.Failure(description: "did not come true: \(expression); the page says \(page.prefix(1_000))")
    }

    /// Types a text into what has the focus.
    func type(_ text: String) async throws { _ = try await call("Input.insertText", ["text": text]) }

    /// Presses a key, such as `Enter` (13).
    func press(_ key: String, _ code: Int, control: Bool = false) async throws {
        for type in ["keyDown", "keyUp"] {
            _ = try await call(
                "Input.dispatchKeyEvent",
                ["type": type, "key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": control ? 2 : 0])
        }
    }

    /// Moves the pointer, presses or releases its button, at a share of an element's width and at half of its height.
    func mouse(_ type: String, _ selector: String, _ share: Double) async throws {
        let box = "(e => (e.scrollIntoView({block: 'nearest'}), e.getBoundingClientRect()))(document.querySelector('\(selector)'))"
        let place = try await evaluate(
            "(box => (box.left + box.width * \(share)) + ' ' + (box.top + box.height / 2))(\(box))"
        ).split(separator: " ").compactMap { Double($0) }
        guard place.count == 2 else { throw ChildProcess.Failure(description: "there is no \(selector)") }
        _ = try await call(
            "Input.dispatchMouseEvent",
            [
                "type": type, "x": place[0], "y": place[1], "button": type == "mouseMoved" ? "none" : "left",
                "buttons": type == "mouseReleased" ? 0 : 1, "clickCount": type == "mouseMoved" ? 0 : 1,
            ])
    }

    // MARK: - The protocol

    private func call(_ method: String, _ parameters: [String: Any] = [:]) async throws -> [String: Any] {
        lastCall += 1
        let id = lastCall
        var message: [String: Any] = ["id": id, "method": method, "params": parameters]
        if let session { message["sessionId"] = session }
        try await send(Array(try JSONSerialization.data(withJSONObject: message)) + [0])
        let deadline = Date().addingTimeInterval(Self.answerSeconds)
        while Date() < deadline, process.isRunning {
            guard let answer = try nextMessage() else {
                try await Task.sleep(nanoseconds: 2_000_000)
                continue
            }
            if answer["id"] as? Int == id {
                if let result = answer["result"] as? [String: Any] { return result }
                throw ChildProcess.Failure(description: "\(method): \(answer)")
            }
            note(answer)
        }
        throw ChildProcess.Failure(description: "\(method) has no answer; the log ends: \(process.log.suffix(1_000))")
    }

    private func note(_ event: [String: Any]) {
        let method = event["method"] as? String
        if method == "Runtime.exceptionThrown" || method == "Log.entryAdded" { complaints.append("\(event["params"] ?? "")") }
    }

    private func send(_ bytes: [UInt8]) async throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
            if count <= 0 { throw ChildProcess.Failure(description: "the browser's pipe is closed") }
            rest = rest.dropFirst(count)
        }
    }

    /// The next message that has arrived completely: messages end with a zero byte.
    private func nextMessage() throws -> [String: Any]? {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while !received.contains(0) {
            let count = read(output, &buffer, buffer.count)
            if count <= 0 { return nil }
            received += buffer[..<count]
        }
        let end = received.firstIndex(of: 0) ?? received.endIndex
        let message = Data(received[..<end])
        received.removeSubrange(...end)
        return try JSONSerialization.jsonObject(with: message) as? [String: Any]
    }
}
