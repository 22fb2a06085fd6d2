import Foundation
import TestSupport

/// An nginx or a Redis of this system on a loopback port of its own, with its own folder.
struct RealServer {
    let port: Int
    private let process: ChildProcess
    private let folder: URL

    /// Whether nginx, or Redis, is there to be tested with.
    static let hasNginx = (try? TestBench.program("/usr/sbin/nginx", "/usr/bin/nginx")) != nil
    static let hasRedis = (try? TestBench.program("/usr/bin/redis-server", "/usr/local/bin/redis-server")) != nil

    static func nginx() async throws -> RealServer {
        let folder = try newFolder()
        let port = try TestBench.freePort()
        let configuration = """
            daemon off; master_process off; pid \(folder.path)/pid; error_log stderr;
            events { worker_connections 64; }
            http {
                access_log off;
                client_body_temp_path \(folder.path)/body; proxy_temp_path \(folder.path)/proxy;
                fastcgi_temp_path \(folder.path)/fastcgi; uwsgi_temp_path \(folder.path)/uwsgi; scgi_temp_path \(folder.path)/scgi;
                server { listen 127.0.0.1:\(port); location = /nginx_status { stub_status; } location / { return 200 "ok"; } }
            }
            """
        try Data(configuration.utf8).write(to: folder.appendingPathComponent("nginx.conf"))
        return try await start(
            TestBench.program("/usr/sbin/nginx", "/usr/bin/nginx"), ["-p", folder.path, "-c", "\(folder.path)/nginx.conf"], port,
            folder)
    }

    static func redis(password: String) async throws -> RealServer {
        let folder = try newFolder()
        let port = try TestBench.freePort()
        return try await start(
            TestBench.program("/usr/bin/redis-server", "/usr/local/bin/redis-server"),
            ["--port", "\(port)", "--bind", "127.0.0.1", "--dir", folder.path, "--save", "", "--requirepass", password], port,
            folder)
    }

    /// Ends the program and removes its folder.
    func stop() {
        process.end()
        try? FileManager.default.removeItem(at: folder)
    }

    private static func newFolder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("headrope-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    private static func start(_ program: String, _ arguments: [String], _ port: Int, _ folder: URL) async throws -> RealServer {
        let process = try ChildProcess(program, arguments, logFile: folder.appendingPathComponent("log"))
        _ = try await process.wait(for: "it listens", seconds: 20) { TestBench.listens(port) ? true : nil }
        return RealServer(port: port, process: process, folder: folder)
    }
}
