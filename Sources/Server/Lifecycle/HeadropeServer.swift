import Foundation
import Ingest
import Logging
import Platform
import QueryEngine
import ServiceLifecycle
import Storage
import Synchronization

/// One server from opening its ports to closing its store.
public final class HeadropeServer: Sendable {
    /// Opens the store that a configuration describes; blocks.
    public typealias StoreOpener = @Sendable (ServerConfiguration) throws -> any Store

    private let configuration: ServerConfiguration
    private let listeners: [Listener]
    private let logger: Logger
    private let time: any TimeSource
    private let openStore: StoreOpener
    private let pool: BlockingPool
    private let setup: ActionSetup
    private let responder: ServerResponder
    private let metrics = ServerMetrics()
    private let readiness = Readiness()
    private let shutdown = AsyncStream<Void>.makeStream()
    private let openAddresses = Mutex<[ListenAddress]>([])

    /// A server that is not running yet, with the listeners of the configuration unless others are given. Throws
    /// when the token file, a rule file or a section of the configuration cannot be used.
    public init(
        _ configuration: ServerConfiguration, logger: Logger, time: any TimeSource = SystemTime(), listeners: [Listener]? = nil,
        openStore: @escaping StoreOpener
    ) throws {
        self.configuration = configuration
        self.listeners = listeners ?? configuration.listeners
        self.logger = logger
        self.time = time
        self.openStore = openStore
        setup = try ActionSetup(configuration)
        let tokens = configuration.tokenFile.isEmpty ? nil : try TokenTable(file: configuration.tokenFile)
        pool = BlockingPool(
            name: "work", threadCount: configuration.limits.workerThreads, queueLimit: configuration.limits.workerQueue)
        responder = ServerResponder(
            configuration, logger: logger, metrics: metrics, time: time, access: AccessControl(tokens: tokens), pool: pool)
    }

    /// The addresses that are open, the main one first; empty before.
    public var addresses: [ListenAddress] { openAddresses.withLock { $0 } }

    /// Lets ``run()`` come to its end.
    public func stop() { shutdown.continuation.finish() }

    /// Opens ports and store, answers until ``stop()``, drains and closes the store.
    ///
    /// Throws ``ConfigurationError`` or ``StorageError`` when it cannot begin, and when the store cannot be closed.
    public func run() async throws {
        for warning in configuration.warnings { logger.warning("\(warning)") }
        let ports = try await openPorts()
        openAddresses.withLock { $0 = ports.map(\.address) }
        // Upkeep has threads of its own, so that neither queries nor a long compaction hold up the sync of the logs.
        let upkeep = BlockingPool(name: "upkeep", threadCount: 4, queueLimit: 16)
        let (store, background): (any Store, Task<Void, Never>)
        do {
            (store, background) = try await openAndBegin(upkeep)
        } catch {
            await close(ports)
            throw error
        }
        for await _ in shutdown.stream {}
        logger.info("The server is shutting down.")
        responder.drain()
        await within(configuration.limits.drainTime) { await self.close(ports) }
        background.cancel()
        await within(configuration.limits.drainTime) { await background.value }
        try await upkeep.run { try store.close() }
        logger.info("The store is closed.")
    }

    private func openAndBegin(_ upkeep: BlockingPool) async throws -> (any Store, Task<Void, Never>) {
        let store = try await upkeep.run { [openStore, configuration] in try openStore(configuration) }
        do {
            return (store, try await begin(store, upkeep))
        } catch {
            // What was wrong is worth more than a further error on closing.
            _ = try? await upkeep.run { try store.close() }
            throw error
        }
    }

    /// Answers from now on, and starts what goes on beside the requests.
    private func begin(_ store: any Store, _ upkeep: BlockingPool) async throws -> Task<Void, Never> {
        let usage = MetricUsage(time: time)
        let cores = configuration.queries.workers
        let workers = QueryWorkers(coreCount: cores == 0 ? ProcessInfo.processInfo.activeProcessorCount : cores)
        let queries = QueryRunner(
            configuration.queries, reader: CountedReader(reader: store, usage: usage, asker: .queries), workers: workers,
            time: time)
        let ruleQueries = PromQLEngine(
            reader: CountedReader(reader: store, usage: usage, asker: .rules), limits: queries.engine.limits, workers: workers,
            time: time, features: configuration.queries.features)
        let actions = try await pool.run { [setup, configuration, pool, time, logger, ruleQueries] in
            try ActionServices(
                setup, configuration, store: store, usage: usage, promql: ruleQueries, pool: pool, time: time, logger: logger)
        }
        var intakeLimits = IngestLimits()
        intakeLimits.bodyByteCount = configuration.limits.bodySize
        // Telemetry has threads of its own, so that long queries cannot hold it up.
        let intake = IngestPipeline(
            spans: store, metrics: store, limits: intakeLimits,
            pool: BlockingPool(
                name: "intake", threadCount: configuration.limits.workerThreads, queueLimit: configuration.limits.workerQueue),
            time: time)
        let server = ServerDependencies(
            configuration: configuration, store: store, intake: intake, queries: queries, alerting: actions.alerting,
            usage: usage, state: actions.state, pool: pool,
            upkeep: upkeep, time: time,
            logger: logger,
            metrics: metrics, readiness: readiness)
        responder.serve(try AllRoutes.table(server))
        logger.info(
            "The server is ready.",
            metadata: ["addresses": "\(addresses.map(\.description).joined(separator: ", "))", "data": "\(configuration.data)"])
        let services = BackgroundServices.all(server, configuration) + actions.services
        return Task { [logger] in
            await withDiscardingTaskGroup { group in
                for service in services {
                    group.addTask {
                        do {
                            try await service.run()
                        } catch is CancellationError {
                            // The server is ending.
                        } catch {
                            logger.error("A background service ended.", metadata: ["service": "\(service)", "error": "\(error)"])
                        }
                    }
                }
            }
        }
    }

    /// Waits for `body`, but not longer than so many milliseconds; what is not done then is left behind.
    private func within(_ milliseconds: Int64, _ body: @escaping @Sendable () async -> Void) async {
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        Task {
            await body()
            continuation.finish()
        }
        let timer = Task { [time] in
            try await time.sleep(nanoseconds: UInt64(max(0, milliseconds)) &* 1_000_000)
            continuation.finish()
        }
        for await _ in stream {}
        timer.cancel()
    }

    // MARK: - Ports

    private func openPorts() async throws -> [OpenPort] {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        var ports: [OpenPort] = []
        for listener in listeners {
            do {
                ports.append(try await .open(listener, configuration, responder: responder, logger: quiet))
            } catch  where !listener.isRequired {
                logger.warning("\(error) The compatibility port stays closed.")
            } catch {
                await close(ports)
                throw error
            }
        }
        return ports
    }

    private func close(_ ports: [OpenPort]) async {
        await withDiscardingTaskGroup { group in
            for port in ports { group.addTask { await port.close() } }
        }
    }
}
