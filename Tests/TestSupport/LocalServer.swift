import Hummingbird
import HummingbirdTLS
import Logging
import NIOSSL

/// Runs a Hummingbird server, with TLS if it is given a certificate, on a free loopback port for as long as `body` runs.
public func withServer<Result: Sendable>(
    _ router: Router<BasicRequestContext>, tls: TLSConfiguration? = nil,
    _ body: @escaping @Sendable (_ origin: String) async throws -> Result
) async throws -> Result {
    let (ports, announce) = AsyncStream.makeStream(of: Int.self)
    var logger = Logger(label: "local-server")
    logger.logLevel = .critical
    let application = Application(
        router: router, server: try tls.map { try .tls(tlsConfiguration: $0) } ?? .http1(),
        configuration: .init(address: .hostname("127.0.0.1", port: 0)),
        onServerRunning: { announce.yield($0.localAddress?.port ?? 0) }, logger: logger)
    return try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask {
            try await application.run()
            return nil
        }
        group.addTask {
            var iterator = ports.makeAsyncIterator()
            let port = await iterator.next() ?? 0
            return try await body("\(tls == nil ? "http" : "https")://127.0.0.1:\(port)")
        }
        defer { group.cancelAll() }
        while let result = try await group.next() {
            if let result { return result }
        }
        throw CancellationError()
    }
}
