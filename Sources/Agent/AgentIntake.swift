import CollectorKit
import Forwarding
import Foundation
import Hummingbird
import Logging
import NIOCore
import Platform

/// The port where applications of this host send OTLP over HTTP, and where the agent says how it does.
///
/// A request is acknowledged once it is in the spool. The agent reads no further than the resources, to which it adds the
/// identity of the host; what is wrong deeper inside is refused by the server, and counted by
/// `headrope.agent.forwarding.rejected`.
final class AgentIntake: Sendable {
    /// How many bytes a request may have as it comes.
    static let bodyByteLimit = 32 << 20
    /// How many bytes a request may have when it is decompressed.
    static let decompressedByteLimit = 64 << 20
    /// How many connections are open at once.
    static let connectionLimit = 256

    private let task: Task<Void, any Error>

    private init(task: Task<Void, any Error>) { self.task = task }

    /// Opens the port; returns when connections are accepted. Throws ``AgentConfigurationError`` when it cannot be opened.
    static func open(
        _ address: ServiceAddress, forwarder: Forwarder, identity: HostIdentity, status: AgentCollector, logger: Logger
    ) async throws -> AgentIntake {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let handler = IntakeHandler(status: status)
        let (running, continuation) = AsyncThrowingStream<Void, any Error>.makeStream()
        let application = Application(
            responder: CallbackResponder<BasicRequestContext> { request, _ in try await handler.respond(to: request) },
            configuration: ApplicationConfiguration(
                address: .hostname(address.host, port: address.port), serverName: nil,
                availableConnectionsDelegate: .maximum(connectionLimit, logger: quiet)),
            onServerRunning: { _ in continuation.yield() }, logger: quiet)
        let task = Task {
            do {
                try await application.run()
                continuation.finish()
            } catch {
                continuation.finish(throwing: error)
                throw error
            }
        }
        do {
            for try await _ in running {
                logger.info("Applications can send OTLP over HTTP.", metadata: ["intake": "\(address.host):\(address.port)"])
                return AgentIntake(task: task)
            }
        } catch {
            throw AgentConfigurationError(sentence(error, address))
        }
        throw AgentConfigurationError("The intake \(address.host):\(address.port) could not be opened.")
    }

    /// Closes the port.
    func close() async {
        task.cancel()
        _ = await task.result
    }

    private static func sentence(_ error: any Error, _ address: ServiceAddress) -> String {
        let place = "The intake \(address.host):\(address.port)"
        return switch (error as? IOError)?.errnoCode {
        case EADDRINUSE: "\(place) is in use by another program. End it, or choose another address."
        case EACCES: "\(place) may not be opened by this user: ports below 1024 need more rights."
        case EADDRNOTAVAIL: "\(place) is no address of this machine."
        default: "\(place) could not be opened: \(error)."
        }
    }
}
