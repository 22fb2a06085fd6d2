import Foundation
import TelemetryModel
import TestSupport
import Testing
import WireFormats

@testable import Server

@Suite("The process `headrope serve`", .serialized)
struct ServerProcessTests {
    private let program = TestBench.product("headrope")

    private func start(_ folder: URL, _ arguments: [String], name: String = "server") throws -> ChildProcess {
        try ChildProcess(
            program, ["serve"] + arguments, environment: ["HOME": folder.path],
            logFile: folder.appendingPathComponent("\(name).log"))
    }

    /// Starts a server in `folder/data` and waits until it is ready.
    private func startReady(_ folder: URL, _ more: [String] = []) async throws -> (ChildProcess, ListenAddress) {
        let address = ListenAddress(host: "127.0.0.1", port: try TestBench.freePort())
        let server = try start(folder, ["--listen", "\(address)", "--data", folder.appendingPathComponent("data").path] + more)
        do {
            _ = try await server.wait(for: "readiness") {
                try await RawHTTP.exchange(address, "GET /-/ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                    .hasPrefix("HTTP/1.1 200") ? true : nil
            }
        } catch {
            server.end(SIGKILL)
            throw error
        }
        return (server, address)
    }

    /// Waits until the server holds the first byte of a body of telemetry.
    private func waitForBody(of server: ChildProcess, _ address: ListenAddress) async throws {
        _ = try await server.wait(for: "the first byte of the body") {
            try await RawHTTP.exchange(address, "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                .contains("headrope_intake_in_flight_bytes 1\n") ? true : nil
        }
    }

    /// The last line of a command that must fail with status 1.
    private func refusal(_ folder: URL, _ arguments: [String]) throws -> String {
        let process = try start(folder, arguments, name: "refused")
        let deadline = Date().addingTimeInterval(60)
        while process.isRunning, Date() < deadline { usleep(5_000) }
        #expect(process.end(SIGKILL) == 1, "\(arguments)")
        return String(process.log.split(separator: "\n").last ?? "").replacing(folder.path, with: "FOLDER")
    }

    @Test("SIGTERM drains, closes the store and ends with status 0; what was accepted is there afterwards")
    func terminates() async throws {
        try await TestBench.withFolder { folder in
            let (server, address) = try await startReady(folder)
            let body = String(decoding: Self.zipkin.utf8, as: UTF8.self)
            let sent = try await RawHTTP.exchange(
                address,
                "POST /api/v2/spans HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
            #expect(sent.hasPrefix("HTTP/1.1 202"), "\(sent)")
            #expect(server.end(SIGTERM) == 0, "\(server.log)")
            #expect(server.log.contains(#""message":"The store is closed.""#))
            let (again, second) = try await startReady(folder)
            defer { again.end(SIGKILL) }
            let found = try await RawHTTP.exchange(
                second, "GET /api/v2/trace/1234 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(found.hasPrefix("HTTP/1.1 200"), "\(found)")
            #expect(again.end(SIGINT) == 0)
        }
    }

    private func send(_ address: ListenAddress, _ line: String) async throws -> String {
        try await RawHTTP.exchange(address, "\(line) HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    }

    @Test("a snapshot taken over HTTP serves as the data folder of another server")
    func snapshot() async throws {
        try await TestBench.withFolder { folder in
            let (server, address) = try await startReady(folder, ["--self-store", "true"])
            _ = try await server.wait(for: "the server's own metrics") {
                try await send(address, "GET /api/v1/series?match[]=headrope_store_bytes").contains("headrope_store_bytes")
                    ? true : nil
            }
            #expect(try await send(address, "POST /-/snapshot").hasPrefix("HTTP/1.1 200"))
            let reply = try await send(address, "POST /api/v1/admin/tsdb/snapshot?skip_head=true")
            #expect(reply.contains(#"{"status":"success","data":{"name":"2"#), "\(reply)")
            let parent = folder.appendingPathComponent("data/snapshots")
            let names = try FileManager.default.contentsOfDirectory(atPath: parent.path)
            #expect(names.count == 2)
            #expect(try await send(address, "GET /-/snapshot").contains(names[0]))
            #expect(server.end(SIGKILL) != 0)
            let verified = try ChildProcess(
                program, ["verify", folder.appendingPathComponent("data").path], environment: [:],
                logFile: folder.appendingPathComponent("verify.log"))
            #expect(verified.exitStatus() == 0 && verified.log.contains("a sound SQLite database"), "\(verified.log)")
            try FileManager.default.removeItem(at: folder.appendingPathComponent("data/metrics"))
            var found: [Bool] = []
            for name in names {
                let copy = folder.appendingPathComponent("copy-\(name)")
                try FileManager.default.copyItem(at: parent.appendingPathComponent(name), to: copy)
                let (again, second) = try await startReady(folder, ["--data", copy.path])
                found.append(
                    try await send(second, "GET /api/v1/series?match[]=headrope_store_bytes").contains("headrope_store_bytes"))
                #expect(again.end(SIGTERM) == 0)
            }
            // The one without the head has nothing, as nothing was in blocks yet.
            #expect(found.sorted { !$0 && $1 } == [false, true])
        }
    }

    @Test("a request that is under way when SIGTERM comes is answered, and a second signal ends the process at once")
    func drains() async throws {
        try await TestBench.withFolder { folder in
            let (server, address) = try await startReady(folder, ["--limits-drain-time", "30s"])
            // The request is not complete: the server has to wait for the rest.
            let slow = try RawHTTP.Connection(address)
            let head = "POST /api/v2/spans HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            try slow.send(head + "Content-Length: \(Self.zipkin.utf8.count)\r\n\r\n[")
            try await waitForBody(of: server, address)
            server.signal(SIGTERM)
            _ = try await server.wait(for: "the drain") { server.log.contains("shutting down") ? true : nil }
            try slow.send(String(Self.zipkin.dropFirst()))
            #expect(try slow.readToEnd().hasPrefix("HTTP/1.1 202"))
            #expect(server.end(0) == 0, "\(server.log)")

            let (stubborn, other) = try await startReady(folder, ["--limits-drain-time", "60s"])
            let stuck = try RawHTTP.Connection(other)
            try stuck.send("POST /api/v2/spans HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n[")
            try await waitForBody(of: stubborn, other)
            stubborn.signal(SIGTERM)
            _ = try await stubborn.wait(for: "the drain") { stubborn.log.contains("shutting down") ? true : nil }
            #expect(stubborn.end(SIGTERM) == 1)
            stuck.close()
        }
    }

    @Test("what cannot be used is refused with status 1 and a sentence")
    func refusals() async throws {
        try await TestBench.withFolder { folder in
            let (server, address) = try await startReady(folder)
            defer { server.end(SIGTERM) }
            let free = "127.0.0.1:\(try TestBench.freePort())"
            let data = folder.appendingPathComponent("data").path
            #expect(
                try refusal(folder, ["--listen", "\(address)", "--data", data + "2"])
                    == "headrope: \(address) is in use by another program. End it, or choose another address.")
            #expect(try refusal(folder, ["--listen", free, "--data", data]).contains("is in use by another Headrope"))
            let foreign = folder.appendingPathComponent("foreign")
            try FileManager.default.createDirectory(at: foreign, withIntermediateDirectories: true)
            try Data("x".utf8).write(to: foreign.appendingPathComponent("letter.txt"))
            #expect(
                try refusal(folder, ["--listen", free, "--data", foreign.path]).contains("holds files that are not Headrope's"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: foreign.path) == ["letter.txt"])
            #expect(
                try refusal(folder, ["--listen", free, "--data", foreign.appendingPathComponent("letter.txt").path])
                    .contains("is a file; --data needs a folder."))
            #expect(try refusal(folder, ["--listen", "0.0.0.0:0"]).contains("Give --token-file"))
            #expect(try refusal(folder, ["--listen", free, "--token-file", "/nowhere"]).contains("/nowhere cannot be read"))
            let file = folder.appendingPathComponent("headrope.yaml")
            try Data("\n\nlisten: 127.0.0.1:0\ndat: /x\n".utf8).write(to: file)
            #expect(
                try refusal(folder, ["--config", file.path])
                    == "headrope: FOLDER/headrope.yaml:4: 'dat' is no key that is known. Did you mean 'data'?")
            #expect(try refusal(folder, ["--listen", free, "--data", "/proc/headrope"]).hasPrefix("headrope: /proc/headrope"))
        }
    }

    @Test("a folder of a newer version is refused and left as it is")
    func newerFolder() async throws {
        try await TestBench.withFolder { folder in
            let (server, _) = try await startReady(folder)
            #expect(server.end(SIGTERM) == 0)
            let marker = folder.appendingPathComponent("data/HEADROPE")
            let text = try String(contentsOf: marker, encoding: .utf8)
            let newer = text.replacing(#/[0-9]+/#, maxReplacements: 1) { _ in "99" }
            #expect(newer != text)
            try Data(newer.utf8).write(to: marker)
            let sentence = try refusal(folder, ["--listen", "127.0.0.1:0", "--data", folder.appendingPathComponent("data").path])
            #expect(sentence.contains("newer"), "\(sentence)")
            #expect(try String(contentsOf: marker, encoding: .utf8) == newer)
        }
    }

    @Test("the help names every flag of the configuration")
    func help() async throws {
        try await TestBench.withFolder { folder in
            let process = try start(folder, ["--help"])
            while process.isRunning { usleep(5_000) }
            #expect(process.end(SIGKILL) == 0)
            for key in ConfigurationKey.all { #expect(process.log.contains("\(key.flag) <"), "\(key.flag)") }
        }
    }

    private static let zipkin = """
        [{"traceId":"0000000000001234","id":"1","name":"get /","kind":"SERVER","timestamp":1767322985000000,"duration":4000000,
        "localEndpoint":{"serviceName":"shop"}}]
        """
}
