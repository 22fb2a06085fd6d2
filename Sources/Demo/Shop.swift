import HTTPTransport
import HeadropeClient
import Platform
import Synchronization

/// What the services of one shop share.
final class Shop: Sendable {
    let ledger = Ledger()
    let faults: FaultSwitches
    let queue = ShippingQueue()
    let database: ShopDatabase
    let transport: HTTPTransport
    let burner = BlockingPool(name: "burner", threadCount: 2, queueLimit: 1_024)
    let time: any TimeSource
    private let origins = Mutex<[String: String]>([:])
    private let readiness = AsyncStream.makeStream(of: DemoShop.Addresses.self)
    private let tracers: [String: HeadropeTracer]

    private let onReady: @Sendable (DemoShop.Addresses) -> Void

    init(
        _ options: DemoOptions, database: ShopDatabase, time: any TimeSource,
        onReady: @escaping @Sendable (DemoShop.Addresses) -> Void
    ) throws {
        self.database = database
        self.time = time
        faults = FaultSwitches(options.initialFaults)
        self.onReady = onReady
        transport = try HTTPTransport(.init(connectionsPerHost: 64), time: time)
        tracers = try Dictionary(
            uniqueKeysWithValues: ShopService.names.map { name in
                var configuration = HeadropeTracer.Configuration(serviceName: name, endpoint: options.target)
                configuration.bearerToken = options.bearerToken
                configuration.resourceAttributes = [
                    "service.namespace": "shop", "service.instance.id": "\(name)-1", "service.version": "1.0.0",
                ]
                return (name, try HeadropeTracer(configuration))
            })
    }

    /// The name under which the demo's own address is announced.
    static let control = "demo"
    /// What must have started before the load begins; shipping has no address.
    private static let awaited = Set(ShopService.names + [control]).subtracting([ShopService.shipping])

    /// Where a service answers; nil before its server has started.
    func origin(of service: String) -> String? { origins.withLock { $0[service] } }

    /// Where everything answers that has started.
    var allOrigins: [String: String] { origins.withLock { $0 } }

    /// Says that a server has started; the last one opens the shop.
    func announce(_ service: String, origin: String) {
        let addresses = origins.withLock { origins -> DemoShop.Addresses? in
            origins[service] = origin
            guard Self.awaited.isSubset(of: origins.keys), let control = origins[Self.control],
                let gateway = origins[ShopService.gateway]
            else { return nil }
            return DemoShop.Addresses(control: control, gateway: gateway)
        }
        guard let addresses else { return }
        onReady(addresses)
        readiness.continuation.yield(addresses)
    }

    /// Waits until the shop is open and says where; nil when the task is cancelled. For one waiter.
    func whenReady() async -> DemoShop.Addresses? {
        await readiness.stream.first { _ in true }
    }

    func service(_ name: String) -> ShopService {
        guard let tracer = tracers[name] else { preconditionFailure("\(name) is no service of the shop") }
        return ShopService(name: name, tracer: tracer, shop: self)
    }

    var export: Truth.Export {
        tracers.values.map(\.statistics).reduce(into: Truth.Export(ended: 0, exported: 0, lost: 0)) { sum, statistics in
            sum.ended += statistics.ended
            sum.exported += statistics.exported
            sum.lost += statistics.droppedByQueue + statistics.droppedByExport + statistics.refused
        }
    }

    /// Sends what is still to be sent and closes all connections.
    func close() async {
        await withTaskGroup(of: Void.self) { group in
            for tracer in tracers.values { group.addTask { await tracer.shutdown() } }
        }
        await transport.shutdown()
        burner.close()
    }
}
