import Tracing

/// The queue between orders and shipping: bounded, in memory, with headers that carry the trace.
final class ShippingQueue: Sendable {
    /// An order to be shipped.
    struct Message: Sendable {
        var order: Int64
        var headers: [String: String] = [:]
    }

    static let name = "shipping-orders"
    /// How many messages wait at most; further ones are refused.
    private static let messageLimit = 10_000

    let messages: AsyncStream<Message>
    private let sender: AsyncStream<Message>.Continuation

    init() {
        (messages, sender) = AsyncStream.makeStream(of: Message.self, bufferingPolicy: .bufferingOldest(Self.messageLimit))
    }

    /// Puts a message at the end; false when the queue is full or closed.
    func send(_ message: Message) -> Bool {
        if case .enqueued = sender.yield(message) { true } else { false }
    }

    /// Lets the consumer end when it has had everything.
    func close() { sender.finish() }

    /// What producer and consumer say about a message, as OpenTelemetry's conventions have it.
    static func attributes(operation: String, _ order: Int64) -> SpanAttributes {
        [
            "messaging.system": "in_memory", "messaging.destination.name": .string(name),
            "messaging.operation.type": .string(operation), "messaging.operation.name": .string(operation),
            "messaging.message.id": .string("order-\(order)"),
        ]
    }
}

/// Puts a context into the headers of a message, and takes it out.
struct MessageHeaders: Injector, Extractor {
    func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }

    func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
}
