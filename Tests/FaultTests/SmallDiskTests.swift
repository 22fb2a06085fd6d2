import ByteCoding
import Foundation
import HTTPTransport
import Platform
import TestSupport
import Testing

/// A real server on a disk of a few MiB, which only who may mount file systems can make.
@Suite("A small disk under a real server")
struct SmallDiskTests {
    private static let isPermitted: Bool = {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("headrope-mount-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        return (try? SmallDisk(folder, mebibytes: 1))?.unmount() ?? false
    }()

    private static let seriesCount = 20
    private static let samplesPerSeries = 200
    private static let start: Int64 = 1_700_000_000_000

    @Test(
        "a full disk answers 503 while queries go on; with room writes resume, and after kill -9 all that was acknowledged is there",
        .enabled(if: isPermitted, "tmpfs can only be mounted by root"))
    func fillsAndFrees() async throws {
        try await TestBench.withFolder { folder in
            let disk = try SmallDisk(folder.appendingPathComponent("disk"), mebibytes: 8)
            defer { _ = disk.unmount() }
            let ballast = disk.folder.appendingPathComponent("ballast")
            try Data(count: 5 << 20).write(to: ballast)
            let transport = try HTTPTransport()
            var (server, origin) = try await start(folder, disk, transport, life: 0)
            defer { server.end(SIGKILL) }

            var acknowledged = 0
            var number = 0
            var random = SeededRandom(seed: 1)
            while true {
                let answer = try await transport.send(Self.write(number, origin, &random))
                if answer.status == 503 { break }
                try #require(answer.isSuccess && number < 2_000, "request \(number): \(answer.status) \(answer.text)")
                acknowledged += 1
                number += 1
            }
            #expect(acknowledged > 20)
            #expect(try await Self.count(origin, transport) == acknowledged * Self.seriesCount * Self.samplesPerSeries)
            // Upkeep may find room for a few bytes now and then, and calls the store ready again until the next refusal.
            var isReady = true
            for _ in 0..<100 where isReady {
                number += 1
                if try await transport.send(Self.write(number, origin, &random)).isSuccess { acknowledged += 1 }
                isReady = try await transport.send(HTTPCall(url: "\(origin)/-/ready")).isSuccess
            }
            #expect(!isReady)

            try FileManager.default.removeItem(at: ballast)
            _ = try await server.wait(for: "readiness") {
                try await transport.send(HTTPCall(url: "\(origin)/-/ready")).isSuccess ? true : nil
            }
            for _ in 0..<10 {
                number += 1
                let answer = try await transport.send(Self.write(number, origin, &random))
                #expect(answer.isSuccess, "\(answer.text)")
                acknowledged += 1
            }
            server.end(SIGKILL)
            (server, origin) = try await start(folder, disk, transport, life: 1)
            #expect(try await Self.count(origin, transport) == acknowledged * Self.seriesCount * Self.samplesPerSeries)
            #expect(server.end(SIGTERM) == 0, "\(server.log.suffix(500))")
            await transport.shutdown()
        }
    }

    private func start(
        _ folder: URL, _ disk: SmallDisk, _ transport: HTTPTransport, life: Int
    ) async throws -> (ChildProcess, String) {
        let port = try TestBench.freePort()
        let server = try ChildProcess(
            TestBench.product("headrope"),
            [
                "serve", "--listen", "127.0.0.1:\(port)", "--data", disk.folder.appendingPathComponent("data").path,
                "--self-store", "false",
            ],
            environment: ["HOME": folder.path], logFile: folder.appendingPathComponent("life-\(life).log"))
        let origin = "http://127.0.0.1:\(port)"
        do {
            _ = try await server.wait(for: "readiness") {
                try await transport.send(HTTPCall(url: "\(origin)/-/ready")).isSuccess ? true : nil
            }
        } catch {
            server.end(SIGKILL)
            throw error
        }
        return (server, origin)
    }

    /// Random values, which no coding makes small.
    private static func write(_ number: Int, _ origin: String, _ random: inout SeededRandom) -> HTTPCall {
        var request = RemoteWriteCall()
        for index in 0..<seriesCount {
            let samples = (0..<samplesPerSeries).map { step in
                (start + Int64(number * samplesPerSeries + step) * 1_000, Double.random(in: 0..<1, using: &random))
            }
            request.append([("__name__", "noise"), ("series", "\(index)")], samples)
        }
        return request.call(origin)
    }

    private static func count(_ origin: String, _ transport: HTTPTransport) async throws -> Int {
        let query = "sum(count_over_time(noise%5B30d%5D))"
        let answer = try await transport.send(
            HTTPCall(url: "\(origin)/api/v1/query?query=\(query)&time=\(start / 1_000 + 2_000_000)"))
        return try JSONDecoder().decode(QueryAnswer.self, from: Data(answer.body)).numbers.first ?? 0
    }
}

/// A file system in memory of a few MiB.
private struct SmallDisk {
    let folder: URL

    init(_ folder: URL, mebibytes: Int) throws {
        self.folder = folder
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let status = try Self.run("/usr/bin/mount", ["-t", "tmpfs", "-o", "size=\(mebibytes)m", "tmpfs", folder.path])
        if status != 0 { throw ChildProcess.Failure(description: "mount ended with status \(status)") }
    }

    func unmount() -> Bool { (try? Self.run("/usr/bin/umount", [folder.path])) == 0 }

    private static func run(_ program: String, _ arguments: [String]) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
