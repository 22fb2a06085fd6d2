import CollectorKit
import Forwarding
import Foundation
import HTTPTransport
import HostCollector
import Logging
import NginxCollector
import Platform
import RedisCollector

/// One agent from opening its spool to handing over what it collected last.
public final class HeadropeAgent: Sendable {
    /// How long the last attempt to send may take when the agent ends.
    public static let flushLimit = Duration.seconds(8)

    private let configuration: AgentConfiguration
    private let logger: Logger
    private let time: any TimeSource
    private let shutdown = AsyncStream<Void>.makeStream()

    /// An agent that is not running yet.
    public init(_ configuration: AgentConfiguration, logger: Logger, time: any TimeSource = SystemTime()) {
        self.configuration = configuration
        self.logger = logger
        self.time = time
    }

    /// Lets ``run()`` come to its end.
    public func stop() { shutdown.continuation.finish() }

    /// Collects and forwards until ``stop()``, then stops collecting and sends what waits, as far as the server takes it.
    ///
    /// Throws ``AgentConfigurationError``, `FileError` or `HTTPTransportError` when it cannot begin.
    public func run() async throws {
        let files = PosixFileSystem()
        try files.makeDirectory(configuration.data)
        let lock = try files.lock(configuration.data)
        defer { lock.unlock() }
        let token = configuration.tokenFile.isEmpty ? nil : try TokenFile.read(configuration.tokenFile, files: files)
        let transport = try HTTPTransport(
            .init(tls: TLSOptions(authorityFile: configuration.tlsAuthority.isEmpty ? nil : configuration.tlsAuthority)), time: time
        )
        let forwarder = try openForwarder(token: token, transport: transport, files: files)
        let identity = HostIdentity.current(configured: configuration.resource)
        let status = AgentCollector(startTime: time.now(), forwarder: forwarder)
        let scheduler = try scheduler(status, identity, transport, files: files)
        var intake: AgentIntake?
        if let address = configuration.intake {
            do {
                intake = try await AgentIntake.open(
                    address, handler: IntakeHandler(forwarder: forwarder, identity: identity, status: status), logger: logger)
            } catch {
                await transport.shutdown()
                throw error
            }
        }
        logger.info(
            "The agent is running.",
            metadata: ["server": "\(configuration.server)", "data": "\(configuration.data)", "host": "\(identity.name)"])
        let collecting = Task { await scheduler.run() }
        let sending = Task { await forwarder.run() }
        for await _ in shutdown.stream {}
        logger.info("The agent is ending.")
        collecting.cancel()
        await intake?.close()
        await collecting.value
        sending.cancel()
        await sending.value
        await flush(forwarder)
        await transport.shutdown()
    }

    private func openForwarder(token: String?, transport: HTTPTransport, files: PosixFileSystem) throws -> Forwarder {
        var options = Spool.Options()
        options.byteLimit = configuration.spoolByteLimit
        let spool = try Spool(directory: configuration.data + "/spool", files: files, options: options)
        for damage in spool.recovery.damages { logger.warning("\(damage)") }
        let waiting = spool.status.requestCount
        if waiting > 0 { logger.info("Requests of an earlier run wait in the spool.", metadata: ["requests": "\(waiting)"]) }
        return Forwarder(
            Forwarder.Options(serverURL: configuration.server, token: token), spool: spool, transport: transport, time: time,
            seed: time.now(), logger: logger)
    }

    private func scheduler(
        _ status: AgentCollector, _ identity: HostIdentity, _ transport: HTTPTransport, files: PosixFileSystem
    ) throws -> CollectorScheduler {
        var collectors: [any Collector] = [status]
        if configuration.host.isEnabled { collectors.append(HostCollector(intervalNanoseconds: configuration.host.nanoseconds)) }
        if configuration.nginx.isEnabled {
            collectors.append(
                NginxCollector(
                    endpoints: configuration.nginx.endpoints, hostName: identity.name,
                    intervalNanoseconds: configuration.nginx.nanoseconds, transport: transport))
        }
        if configuration.redis.isEnabled {
            collectors.append(
                RedisCollector(
                    endpoints: configuration.redis.endpoints, credentials: try redisCredentials(files), hostName: identity.name,
                    intervalNanoseconds: configuration.redis.nanoseconds, time: time))
        }
        return CollectorScheduler(collectors: collectors, time: time, logger: logger) {
            [logger, forwarder = status.forwarder] collection in
            let groups = collection.groups.map {
                ResourceMetrics(resource: identity.completing($0.resource), metrics: $0.metrics)
            }
            do {
                try await forwarder.accept(.metrics, OTLPMetricsEncoder.encode(groups, at: collection.time))
            } catch {
                logger.error(
                    "What was collected is lost.", metadata: ["collector": "\(collection.collector)", "reason": "\(error)"])
            }
        }
    }

    private func redisCredentials(_ files: PosixFileSystem) throws -> RedisCollector.Credentials? {
        let login = configuration.redisLogin
        if login.passwordFile.isEmpty { return nil }
        let bytes = try files.readAll(login.passwordFile, limit: 64 << 10)
        let line = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        return RedisCollector.Credentials(username: login.username.isEmpty ? nil : login.username, password: line)
    }

    /// Sends what waits once more; what the server does not take in time stays in the spool for the next start.
    private func flush(_ forwarder: Forwarder) async {
        let (ends, continuation) = AsyncStream<Int>.makeStream()
        let sending = Task {
            continuation.yield(await forwarder.flush())
            continuation.finish()
        }
        let timer = Task { [time] in
            try await time.sleep(nanoseconds: Self.flushLimit.wholeNanoseconds)
            continuation.finish()
        }
        for await _ in ends { break }
        timer.cancel()
        sending.cancel()
        logger.info("The agent has ended.", metadata: ["requestsLeft": "\(forwarder.spoolStatus.requestCount)"])
    }
}

extension AgentConfiguration.CollectorSettings {
    var nanoseconds: UInt64 { UInt64(max(1, interval)) * 1_000_000 }
}
