import FaultLoad
import Foundation
import HTTPTransport
import Platform
import TelemetryModel
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

    @Test(
        "a full disk answers 503 while queries go on; with room writes resume, and after kill -9 all that was acknowledged is there",
        .enabled(if: isPermitted, "tmpfs can only be mounted by root"), arguments: [true, false])
    func fillsAndFrees(isOfSpans: Bool) async throws {
        try await TestBench.withFolder { folder in
            let disk = try SmallDisk(folder.appendingPathComponent("disk"), mebibytes: 8)
            defer { _ = disk.unmount() }
            let ballast = disk.folder.appendingPathComponent("ballast")
            try Data(count: 5 << 20).write(to: ballast)
            let transport = try HTTPTransport()
            let load: any SmallDiskLoad = isOfSpans ? NoisySpans() : NoisySamples()
            let data = disk.folder.appendingPathComponent("data").path
            var server = try await FaultServer(folder, data: data, life: 0, transport)
            defer { server.process.end(SIGKILL) }

            var acknowledged: [Int] = []
            var number = 0
            var random = SeededRandom(seed: 1)
            while true {
                let answer = try await transport.send(load.write(number, server, &random))
                if answer.status == 503 { break }
                try #require(answer.isSuccess && number < 2_000, "request \(number): \(answer.status) \(answer.text)")
                acknowledged.append(number)
                number += 1
            }
            #expect(acknowledged.count > 20)
            try await load.check(acknowledged, server, transport)
            // Upkeep may find room for a few bytes now and then, and calls the store ready again until the next refusal.
            var isReady = true
            for _ in 0..<100 where isReady {
                number += 1
                if try await transport.send(load.write(number, server, &random)).isSuccess { acknowledged.append(number) }
                isReady = try await transport.send(HTTPCall(url: "\(server.origin)/-/ready")).isSuccess
            }
            #expect(!isReady)

            try FileManager.default.removeItem(at: ballast)
            try await server.waitUntilReady(transport)
            for _ in 0..<10 {
                number += 1
                let answer = try await transport.send(load.write(number, server, &random))
                #expect(answer.isSuccess, "\(answer.text)")
                acknowledged.append(number)
            }
            server.process.end(SIGKILL)
            server = try await FaultServer(folder, data: data, life: 1, transport)
            try await load.check(acknowledged, server, transport)
            #expect(server.process.end(SIGTERM) == 0, "\(server.process.log.suffix(500))")
            await transport.shutdown()
        }
    }
}

/// What fills a small disk quickly: random content, which no coding makes small.
private protocol SmallDiskLoad: Sendable {
    /// The request with a number.
    func write(_ number: Int, _ server: FaultServer, _ random: inout SeededRandom) -> HTTPCall
    /// Asks for everything in these requests.
    func check(_ numbers: [Int], _ server: FaultServer, _ transport: HTTPTransport) async throws
}

private struct NoisySamples: SmallDiskLoad {
    private let seriesCount = 20
    private let samplesPerSeries = 200

    func write(_ number: Int, _ server: FaultServer, _ random: inout SeededRandom) -> HTTPCall {
        var request = RemoteWriteCall()
        for index in 0..<seriesCount {
            let samples = (0..<samplesPerSeries).map { step in
                (FaultClock.start + Int64(number * samplesPerSeries + step) * 1_000, Double.random(in: 0..<1, using: &random))
            }
            request.append([("__name__", "noise"), ("series", "\(index)")], samples)
        }
        return request.call(server.origin)
    }

    func check(_ numbers: [Int], _ server: FaultServer, _ transport: HTTPTransport) async throws {
        let query = "sum(count_over_time(noise%5B30d%5D))"
        let answer = try await transport.send(
            HTTPCall(url: "\(server.origin)/api/v1/query?query=\(query)&time=\(FaultClock.start / 1_000 + 2_000_000)"))
        let found = try JSONDecoder().decode(QueryAnswer.self, from: Data(answer.body)).numbers.first
        #expect(found == numbers.count * seriesCount * samplesPerSeries)
    }
}

private struct NoisySpans: SmallDiskLoad {
    private let spansPerRequest = 100

    func write(_ number: Int, _ server: FaultServer, _ random: inout SeededRandom) -> HTTPCall {
        let start = UInt64(FaultClock.start) * 1_000_000
        return server.export(
            (0..<spansPerRequest).map { index in
                Span(
                    traceID: id(number), spanID: SpanID(UInt64(index + 1)), name: "noise", start: start, end: start + 1,
                    attributes: [Attribute("noise", .bytes((0..<300).map { _ in UInt8.random(in: 0...255, using: &random) }))])
            })
    }

    private func id(_ number: Int) -> TraceID { TraceID(high: 1, low: UInt64(number + 1)) }

    func check(_ numbers: [Int], _ server: FaultServer, _ transport: HTTPTransport) async throws {
        for number in numbers {
            let found = try await server.spanIDs(id(number), transport)
            #expect(found == (1...spansPerRequest).map { SpanID(UInt64($0)).description }.sorted(), "request \(number)")
        }
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
