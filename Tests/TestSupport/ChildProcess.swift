import Foundation
import Synchronization

/// A real program under test: started with its own folder, its output kept in a file, ended by its own process id.
public final class ChildProcess: Sendable {
    /// The program did not do what a test waits for; says so together with the end of its log.
    public struct Failure: Error, CustomStringConvertible {
        /// What happened.
        public var description: String

        /// Says what happened.
        public init(description: String) { self.description = description }
    }

    // Process is not Sendable; it is touched under the lock only.
    private let process: Mutex<Process>
    /// Where its standard output and error go.
    public let logFile: URL
    /// Its process id.
    public let processID: Int32

    /// Starts `executable` (an absolute path).
    public init(_ executable: String, _ arguments: [String], environment: [String: String] = [:], logFile: URL) throws {
        try Data().write(to: logFile)
        let log = try FileHandle(forWritingTo: logFile)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = log
        process.standardError = log
        try Self.withoutBlockedSignals { try process.run() }
        processID = process.processIdentifier
        self.logFile = logFile
        self.process = Mutex(process)
    }

    /// A child inherits the signals that the calling thread blocks, and threads of the cooperative pool block SIGTERM.
    private static func withoutBlockedSignals(_ body: () throws -> Void) throws {
        var none = sigset_t()
        var before = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try body()
    }

    deinit { end(SIGKILL) }

    /// Whether it is still running.
    public var isRunning: Bool { process.withLock { $0.isRunning } }

    /// What it has written so far.
    public var log: String { (try? String(contentsOf: logFile, encoding: .utf8)) ?? "" }

    /// Sends a signal.
    public func signal(_ number: Int32) { _ = process.withLock { $0.isRunning ? kill($0.processIdentifier, number) : -1 } }

    /// Sends a signal and waits for the end, at most `seconds`; then it is killed. Returns the exit status, or -1 when killed.
    @discardableResult
    public func end(_ number: Int32 = SIGTERM, seconds: Double = 20) -> Int32 {
        signal(number)
        return exitStatus(seconds: seconds)
    }

    /// Waits for the end, at most `seconds`; then it is killed. Returns the exit status, or -1 when killed.
    public func exitStatus(seconds: Double = 60) -> Int32 {
        let deadline = Date().addingTimeInterval(seconds)
        while isRunning, Date() < deadline { usleep(5_000) }
        if isRunning {
            signal(SIGKILL)
            while isRunning { usleep(5_000) }
            return -1
        }
        return process.withLock { $0.terminationReason == .exit ? $0.terminationStatus : -$0.terminationStatus }
    }

    /// Polls `condition` until it gives a value, at most `seconds`, but at least fifty times, as other tests may have kept this one from
    /// running meanwhile; throws with the end of the log when it does not or the
    /// program ends before.
    public func wait<Value>(for what: String, seconds: Double = 60, _ condition: () async throws -> Value?) async throws -> Value {
        let deadline = Date().addingTimeInterval(seconds)
        var attempts = 0
        while attempts < 50 || Date() < deadline {
            attempts += 1
            if let value = try? await condition() { return value }
            if !isRunning { throw Failure(description: "the program ended before \(what); its log ends: \(log.suffix(2_000))") }
            try await Task.sleep(nanoseconds: 20_000_000)
        }
        throw Failure(description: "\(what) did not happen within \(seconds) s; the log ends: \(log.suffix(2_000))")
    }
}

/// Folders, ports and programs for tests.
public enum TestBench {
    /// Runs `body` with a new folder that is removed afterwards.
    public static func withFolder<Result>(_ body: (URL) async throws -> Result) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("headrope-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try await body(folder)
    }

    /// A TCP port of the loopback interface that was free a moment ago.
    public static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                bind(descriptor, raw, length) == 0 && getsockname(descriptor, raw, &length) == 0
            }
        }
        guard descriptor >= 0, bound else { throw ChildProcess.Failure(description: "no free port on the loopback interface") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// Whether something listens on a TCP port of the loopback interface.
    public static func listens(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                connect(descriptor, raw, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    /// An executable of this package, beside the running tests.
    public static func product(_ name: String) -> String {
        let bundle = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        let beside = bundle.appendingPathComponent(name)
        if FileManager.default.isExecutableFile(atPath: beside.path) { return beside.path }
        return SharedData.projectFolder.appendingPathComponent(".build/debug/\(name)").path
    }

    /// The first of these paths that is an executable; tests that need a program of the system name where Debian puts it.
    public static func program(_ candidates: String...) throws -> String {
        for path in candidates where FileManager.default.isExecutableFile(atPath: path) { return path }
        throw ChildProcess.Failure(description: "none of \(candidates) is installed; `make test` installs what the tests need")
    }
}
