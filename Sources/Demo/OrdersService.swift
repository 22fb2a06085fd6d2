import Foundation
import Hummingbird
import Tracing

/// Takes orders: asks for user and price, has the money taken, writes the order down and has it shipped.
struct OrdersService {
    /// What is ordered, by whom.
    struct Order: Codable, Sendable {
        var userID: Int
        var productID: Int
        var quantity: Int
    }

    /// An order that was taken.
    struct Receipt: Codable, Sendable {
        var id: Int64
        var total: Int
    }

    /// How many pieces one order may have.
    static let quantityLimit = 100

    private static let insertOrder = ShopDatabase.Statement(
        "INSERT", "orders", "INSERT INTO orders (user_id, total) VALUES (?, ?)")
    private static let insertItem = ShopDatabase.Statement(
        "INSERT", "order_items", "INSERT INTO order_items (order_id, product_id, quantity) VALUES (?, ?, ?)")
    private static let one = ShopDatabase.Statement("SELECT", "orders", "SELECT id, total FROM orders WHERE id = ?")
    private static let items = ShopDatabase.Statement(
        "SELECT", "order_items",
        "SELECT p.name FROM order_items i JOIN products p ON p.id = i.product_id WHERE i.order_id = ?")

    let service: ShopService

    private var database: ShopDatabase { service.shop.database }

    func routes(_ router: Router<BasicRequestContext>) {
        service.serve(router, .post, "/orders") { incoming in try await take(try incoming.decode(Order.self)) }
        service.serve(router, .get, "/orders/{id}") { incoming in
            let id = try incoming.integer("id")
            let receipts = try await database.fetch(Self.one, [id], by: service) { Receipt(id: $0["id"], total: $0["total"]) }
            guard let receipt = receipts.first else { throw ShopError(404, "There is no order \(id).") }
            _ = try await database.fetch(Self.items, [id], by: service) { $0["name"] as String }
            return receipt
        }
    }

    private func take(_ order: Order) async throws -> Receipt {
        guard (1...Self.quantityLimit).contains(order.quantity) else {
            throw ShopError(400, "The quantity must be 1 to \(Self.quantityLimit).")
        }
        _ = try await service.call(ShopService.users, "/users/{id}", id: order.userID, as: String.self)
        let price = try await service.call(ShopService.catalogue, "/prices/{id}", id: order.productID, as: Int.self)
        let charge = PaymentService.Charge(userID: order.userID, amount: price * order.quantity)
        let body = Array(try JSONEncoder().encode(charge))
        _ = try await service.call(ShopService.payment, "/charges", method: "POST", body: body, as: Int64.self)
        let id = try await database.insert(Self.insertOrder, [order.userID, charge.amount], by: service)
        try await database.insert(Self.insertItem, [id, order.productID, order.quantity], by: service)
        try await ship(id)
        return Receipt(id: id, total: charge.amount)
    }

    private func ship(_ order: Int64) async throws {
        let attributes = ShippingQueue.attributes(operation: "send", order)
        try await service.traced("send \(ShippingQueue.name)", .producer, attributes: attributes) { span in
            var message = ShippingQueue.Message(order: order)
            service.tracer.inject(span.context, into: &message.headers, using: MessageHeaders())
            guard service.shop.queue.send(message) else { throw ShopError(503, "The shipping queue is full.") }
            return ((), failed: false)
        }
    }
}
