import GRDB
import Hummingbird

/// The catalogue: lists, describes and prices products.
struct CatalogueService {
    /// A product, as the services hand it on.
    struct Product: Codable, Sendable {
        var id: Int
        var name: String
        var price: Int
        var reviewCount = 0
    }

    /// How many products a page lists.
    static let pageSize = 20
    /// How much processor time every request costs while the fault is on.
    static let burnMilliseconds = 150

    private static let list = ShopDatabase.Statement(
        "SELECT", "products", "SELECT id, name, price FROM products ORDER BY id LIMIT ?")
    private static let identifiers = ShopDatabase.Statement("SELECT", "products", "SELECT id FROM products ORDER BY id LIMIT ?")
    private static let one = ShopDatabase.Statement("SELECT", "products", "SELECT id, name, price FROM products WHERE id = ?")
    private static let price = ShopDatabase.Statement("SELECT", "products", "SELECT price FROM products WHERE id = ?")
    private static let reviews = ShopDatabase.Statement("SELECT", "reviews", "SELECT count(*) FROM reviews WHERE product_id = ?")
    private static let featured = ShopDatabase.Statement(
        "SELECT", "products", "SELECT id, name, price FROM products ORDER BY price DESC LIMIT ?")
    /// Compares every product with every review, as no index serves `lower(…)`, and sorts before it cuts.
    private static let listWithReviews = ShopDatabase.Statement(
        "SELECT", "products",
        """
        SELECT p.id, p.name, p.price, count(r.id) AS reviews FROM products p \
        JOIN reviews r ON lower(r.product_name) = lower(p.name) GROUP BY p.id ORDER BY reviews DESC, p.id LIMIT ?
        """)

    let service: ShopService

    private var database: ShopDatabase { service.shop.database }

    func routes(_ router: Router<BasicRequestContext>) {
        service.serve(router, .get, "/featured") { _ in
            try await burn()
            return try await database.fetch(Self.featured, [5], by: service, Self.product)
        }
        service.serve(router, .get, "/products") { _ in
            try await burn()
            return try await listing()
        }
        service.serve(router, .get, "/products/{id}") { incoming in
            try await burn()
            return try await product(try incoming.integer("id"))
        }
        service.serve(router, .get, "/prices/{id}") { incoming in
            try await burn()
            let id = try incoming.integer("id")
            guard let price = try await database.fetch(Self.price, [id], by: service, { $0["price"] as Int }).first else {
                throw ShopError(404, "There is no product \(id).")
            }
            return price
        }
    }

    private func listing() async throws -> [Product] {
        if service.shop.faults.isOn(.nPlusOne) {
            var products: [Product] = []
            for id in try await database.fetch(Self.identifiers, [Self.pageSize], by: service, { $0["id"] as Int }) {
                products += try await database.fetch(Self.one, [id], by: service, Self.product)
            }
            return products
        }
        let statement = service.shop.faults.isOn(.slowSQL) ? Self.listWithReviews : Self.list
        return try await database.fetch(statement, [Self.pageSize], by: service, Self.product)
    }

    private func product(_ id: Int) async throws -> Product {
        guard var product = try await database.fetch(Self.one, [id], by: service, Self.product).first else {
            throw ShopError(404, "There is no product \(id).")
        }
        product.reviewCount = try await database.fetch(Self.reviews, [id], by: service) { $0[0] as Int }.first ?? 0
        return product
    }

    private static let product: @Sendable (Row) -> Product = {
        Product(id: $0["id"], name: $0["name"], price: $0["price"], reviewCount: $0["reviews"] ?? 0)
    }

    private func burn() async throws {
        guard service.shop.faults.isOn(.cpuBurn) else { return }
        try await service.shop.burner.run { ProcessorTime.burn(milliseconds: Self.burnMilliseconds) }
    }
}
