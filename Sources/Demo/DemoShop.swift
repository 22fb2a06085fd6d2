import Foundation
import Hummingbird
import Logging
import NIOCore
import Platform
import ServiceLifecycle
import Synchronization

/// The demo as a whole: five HTTP services and a consumer, their database, the load, and the address where faults are
/// switched and the truth is told.
public final class DemoShop: Sendable {
    /// Where a running demo answers.
    public struct Addresses: Sendable {
        /// The demo itself: `GET /`, `/fault`, `/truth`.
        public var control: String
        /// The way into the shop.
        public var gateway: String
    }

    private let options: DemoOptions
    private let group = Mutex<ServiceGroup?>(nil)

    /// Prepares a demo. Throws when an option cannot be used.
    public init(_ options: DemoOptions) throws(DemoError) {
        try options.validate()
        self.options = options
    }

    /// Runs until SIGINT or SIGTERM, if they are asked for, or ``stop()``; then answers what is under way, sends the last
    /// spans and removes its folder. `onReady` is called once, when all services have started.
    public func run(
        handlesSignals: Bool = true, onReady: @escaping @Sendable (Addresses) -> Void = { _ in }
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("headrope-demo-\(UUID().uuidString)").path
        do { try PosixFileSystem().makeDirectory(folder) } catch {
            throw DemoError.noFolder(path: folder, reason: error.message)
        }
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let opener = BlockingPool(name: "demo-open", threadCount: 1, queueLimit: 1)
        let database = try await opener.run { try ShopDatabase(folder: folder) }
        opener.close()
        let shop = try Shop(options, database: database, time: SystemTime(), onReady: onReady)
        var logger = Logger(label: "headrope.demo")
        // Whatever keeps a server from running is thrown; the rest of what servers say at their end helps nobody.
        logger.logLevel = .critical
        let group = ServiceGroup(
            configuration: .init(
                services: services(shop, logger).map { .init(service: $0) },
                gracefulShutdownSignals: handlesSignals ? [.sigterm, .sigint] : [], logger: logger))
        self.group.withLock { $0 = group }
        do { try await group.run() } catch let error as IOError {
            let address = "\(options.listenHost):\(options.listenPort)"
            throw DemoError.cannotListen(address: address, reason: String(cString: strerror(error.errnoCode)).lowercased())
        }
    }

    /// Asks a running demo to end; ``run(handlesSignals:onReady:)`` returns when it has.
    public func stop() async { await group.withLock { $0 }?.triggerGracefulShutdown() }

    /// In the order of starting. They end in the opposite order: first the load, last the exporters.
    private func services(_ shop: Shop, _ logger: Logger) -> [any Service] {
        func application(_ name: String, _ fill: (ShopService, Router<BasicRequestContext>) -> Void) -> any Service {
            let router = Router()
            fill(shop.service(name), router)
            return Application(
                router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
                onServerRunning: { shop.announce(name, origin: "http://127.0.0.1:\($0.localAddress?.port ?? 0)") }, logger: logger)
        }
        let host = options.listenHost.contains(":") ? "[\(options.listenHost)]" : options.listenHost
        return [
            ShopCloser(shop: shop),
            ShippingService(service: shop.service(ShopService.shipping), logger: Logger(label: "headrope.demo")),
            application(ShopService.payment) { PaymentService(service: $0).routes($1) },
            application(ShopService.users) { UsersService(service: $0).routes($1) },
            application(ShopService.catalogue) { CatalogueService(service: $0).routes($1) },
            application(ShopService.orders) { OrdersService(service: $0).routes($1) },
            application(ShopService.gateway) { GatewayService(service: $0).routes($1) },
            Application(
                router: ControlRoutes(shop: shop, options: options).router(),
                configuration: .init(address: .hostname(options.listenHost, port: options.listenPort)),
                onServerRunning: { shop.announce(Shop.control, origin: "http://\(host):\($0.localAddress?.port ?? 0)") },
                logger: logger),
            LoadGenerator(shop: shop, options: options),
        ]
    }
}

/// Ends last: by then nothing makes spans any more.
private struct ShopCloser: Service {
    let shop: Shop

    func run() async throws {
        try? await gracefulShutdown()
        await shop.close()
    }
}
