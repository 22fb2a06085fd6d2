import Foundation
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle

/// A port that is being listened on.
final class OpenPort: Sendable {
    /// Where, with the number that the system chose if it was asked to.
    let address: ListenAddress
    private let group: ServiceGroup
    private let ended: Task<Void, any Error>

    private init(address: ListenAddress, group: ServiceGroup, ended: Task<Void, any Error>) {
        self.address = address
        self.group = group
        self.ended = ended
    }

    /// Opens a port; returns when connections are accepted, throws ``ConfigurationError`` when it cannot be opened.
    static func open(
        _ listener: Listener, _ configuration: ServerConfiguration, responder: ServerResponder, logger: Logger
    ) async throws -> OpenPort {
        let (events, continuation) = AsyncThrowingStream<Int, any Error>.makeStream()
        let application = Application(
            responder: PortResponder(server: responder, port: listener.port), server: try channel(configuration),
            configuration: ApplicationConfiguration(
                address: .hostname(listener.address.host, port: listener.address.port), serverName: nil,
                availableConnectionsDelegate: .maximum(configuration.limits.openConnections, logger: logger)),
            onServerRunning: { continuation.yield($0.localAddress?.port ?? listener.address.port) }, logger: logger)
        var groupConfiguration = ServiceGroupConfiguration(services: [application], logger: logger)
        groupConfiguration.maximumGracefulShutdownDuration = .milliseconds(configuration.limits.drainTime)
        let group = ServiceGroup(configuration: groupConfiguration)
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
            for try await port in events {
                return OpenPort(
                    address: ListenAddress(host: listener.address.host, port: port), group: group, ended: ended)
            }
        } catch {
            throw ConfigurationError(sentence(error, listener.address))
        }
        throw ConfigurationError("\(listener.address) could not be opened.")
    }

    /// Accepts no more connections and returns when the requests under way are answered or the drain time is over.
    func close() async {
        await group.triggerGracefulShutdown()
        _ = await ended.result
    }

    private static func channel(_ configuration: ServerConfiguration) throws -> HTTPServerBuilder {
        let limits = configuration.limits
        let http = HTTP1Channel.Configuration(
            idleTimeout: .milliseconds(limits.idleTimeout),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: limits.headerSize, maxHeaderListSize: limits.headerSize, maxHeaderFieldCount: 200))
        let plain = HTTPServerBuilder { LoopBoundChannel(base: HTTP1Channel(responder: $0, configuration: http)) }
        guard !configuration.tls.certificate.isEmpty else { return plain }
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(configuration.tls.certificate).map(NIOSSLCertificateSource.certificate)
            let key = try NIOSSLPrivateKey(file: configuration.tls.key, format: .pem)
            return try .tls(
                plain, tlsConfiguration: .makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key)))
        } catch {
            throw ConfigurationError(
                "The certificate \(configuration.tls.certificate) with the key \(configuration.tls.key) cannot be used: \(error).")
        }
    }

    private static func sentence(_ error: any Error, _ address: ListenAddress) -> String {
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE:
            "\(address) is in use by another program. End it, or choose another address."
        case EACCES:
            "\(address) may not be opened by this user: ports below 1024 need more rights."
        case EADDRNOTAVAIL:
            "\(address) is no address of this machine."
        default:
            "\(address) could not be opened: \(error)."
        }
    }
}
