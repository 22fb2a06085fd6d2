import CollectorKit
import Foundation
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

/// The port where applications of this host send OTLP and Zipkin spans, and where the agent says how it does.
final class AgentIntake: Sendable {
    /// How many connections are open at once.
    static let connectionLimit = 256
    /// How long requests under way may take when the port is closed.
    static let drainLimit = Duration.seconds(5)

    private let group: ServiceGroup
    private let ended: Task<Void, any Error>

    private init(group: ServiceGroup, ended: Task<Void, any Error>) {
        self.group = group
        self.ended = ended
    }

    /// Opens the port; returns when connections are accepted. Throws ``AgentConfigurationError`` when it cannot be opened.
    static func open(_ address: ServiceAddress, handler: IntakeHandler, logger: Logger) async throws -> AgentIntake {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let (running, continuation) = AsyncThrowingStream<Void, any Error>.makeStream()
        let application = Application(
            responder: CallbackResponder<BasicRequestContext> { request, _ in try await handler.respond(to: request) },
            configuration: ApplicationConfiguration(
                address: .hostname(address.host, port: address.port), serverName: nil,
                availableConnectionsDelegate: .maximum(connectionLimit, logger: quiet)),
            onServerRunning: { _ in continuation.yield() }, logger: quiet)
        var configuration = ServiceGroupConfiguration(services: [application], logger: quiet)
        configuration.maximumGracefulShutdownDuration = drainLimit
        let group = ServiceGroup(configuration: configuration)
        let ended = Task {
            do {
                try await group.run()
                continuation.finish()
            } catch {
                continuation.finish(throwing: error)
                throw error
            }
        }
        do {
            for try await _ in running {
                logger.info("Applications can send telemetry.", metadata: ["intake": "\(address.host):\(address.port)"])
                return AgentIntake(group: group, ended: ended)
            }
        } catch {
            throw AgentConfigurationError(sentence(error, address))
        }
        throw AgentConfigurationError("The intake \(address.host):\(address.port) could not be opened.")
    }

    /// Accepts no more connections and returns when the requests under way are answered or the time for it is over.
    func close() async {
        await group.triggerGracefulShutdown()
        _ = await ended.result
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
