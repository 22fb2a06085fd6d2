import Hummingbird

/// Takes the money, or is made to fail.
struct PaymentService {
    /// What is to be paid, by whom.
    struct Charge: Codable, Sendable {
        var userID: Int
        var amount: Int
    }

    /// Users whose id is divisible by it cannot pay while the fault is on.
    static let unluckyDivisor = 3
    /// How long the service waits while the fault is on.
    static let delayMilliseconds = 400

    private static let insert = ShopDatabase.Statement(
        "INSERT", "payments", "INSERT INTO payments (user_id, amount) VALUES (?, ?)")

    let service: ShopService

    func routes(_ router: Router<BasicRequestContext>) {
        service.serve(router, .post, "/charges") { incoming in
            let charge = try incoming.decode(Charge.self)
            if service.shop.faults.isOn(.slowDependency) {
                try await service.shop.time.sleep(for: .milliseconds(Self.delayMilliseconds))
            }
            if service.shop.faults.isOn(.errors), charge.userID % Self.unluckyDivisor == 0 {
                throw ShopError(500, "The card network refused the connection.")
            }
            return try await service.shop.database.insert(Self.insert, [charge.userID, charge.amount], by: service)
        }
    }
}
