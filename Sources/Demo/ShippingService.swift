import Logging
import ServiceLifecycle
import Tracing

/// Ships what stands in the queue, one order after the other.
struct ShippingService: Service {
    private static let insert = ShopDatabase.Statement("INSERT", "shipments", "INSERT INTO shipments (order_id) VALUES (?)")

    let service: ShopService
    let logger: Logger

    /// Works until the queue is closed and empty.
    func run() async throws {
        await withGracefulShutdownHandler {
            for await message in service.shop.queue.messages {
                do { try await ship(message) } catch { logger.warning("Order \(message.order) was not shipped: \(error)") }
            }
        } onGracefulShutdown: {
            service.shop.queue.close()
        }
    }

    /// The consumer's span is a child of the producer's, so that a trace shows the whole order, and also links to it, as the
    /// conventions for messages ask.
    private func ship(_ message: ShippingQueue.Message) async throws {
        var sender = InstrumentationContext.topLevel
        service.tracer.extract(message.headers, into: &sender, using: MessageHeaders())
        let attributes = ShippingQueue.attributes(operation: "process", message.order)
        try await service.traced("process \(ShippingQueue.name)", .consumer, context: sender, attributes: attributes) { span in
            span.addLink(SpanLink(context: sender, attributes: [:]))
            service.shop.ledger.called(from: ShopService.orders, to: service.name, via: "queue", isError: false)
            try await service.shop.database.insert(Self.insert, [message.order], by: service)
            return ((), failed: false)
        }
    }
}
