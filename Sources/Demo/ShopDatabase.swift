import Foundation
import GRDB
import Platform
import Tracing

/// The shop's SQLite database: tables, first rows, and the traced way to execute a statement.
///
/// GRDB runs every access on queues of its own, so nothing here blocks the cooperative pool.
final class ShopDatabase: Sendable {
    /// A statement with what its span says about it.
    struct Statement: Sendable {
        /// The text, with `?` for values.
        var text: String
        /// `SELECT`, `INSERT`.
        var operation: String
        /// The table that it is about.
        var collection: String

        init(_ operation: String, _ collection: String, _ text: String) {
            self.text = text
            self.operation = operation
            self.collection = collection
        }

        var spanName: String { "\(operation) \(collection)" }
    }

    static let namespace = "shop"
    static let productCount = 200
    static let reviewCount = 4_000
    static let userCount = 30
    static let oldOrderCount = 50

    private let pool: DatabasePool

    /// Creates the database in an empty folder. Blocks; for start-up.
    init(folder: String) throws {
        pool = try DatabasePool(path: "\(folder)/shop.sqlite")
        try pool.write { database in
            try database.execute(sql: Self.schema)
            try Self.fill(database)
        }
    }

    /// Closes the file.
    func close() throws { try pool.close() }

    /// Executes a statement that returns rows, in a client span of `service`.
    func fetch<Value: Sendable>(
        _ statement: Statement, _ arguments: StatementArguments = [], by service: ShopService,
        _ make: @escaping @Sendable (Row) -> Value
    ) async throws -> [Value] {
        try await run(statement, by: service) { [pool] span in
            let rows = try await pool.read { database in
                try Row.fetchAll(database.cachedStatement(sql: statement.text), arguments: arguments).map(make)
            }
            span.attributes["db.response.returned_rows"] = rows.count
            return rows
        }
    }

    /// Executes a statement that writes, in a client span of `service`, and returns the id of the row it inserted.
    @discardableResult
    func insert(_ statement: Statement, _ arguments: StatementArguments, by service: ShopService) async throws -> Int64 {
        try await run(statement, by: service) { [pool] _ in
            try await pool.write { database in
                try database.cachedStatement(sql: statement.text).execute(arguments: arguments)
                return database.lastInsertedRowID
            }
        }
    }

    private func run<Result: Sendable>(
        _ statement: Statement, by service: ShopService, _ body: (any Tracing.Span) async throws -> Result
    ) async throws -> Result {
        let attributes: SpanAttributes = [
            "db.system.name": "sqlite", "db.namespace": .string(Self.namespace), "db.query.text": .string(statement.text),
            "db.operation.name": .string(statement.operation), "db.collection.name": .string(statement.collection),
        ]
        return try await service.traced(statement.spanName, .client, attributes: attributes) { span in
            service.shop.ledger.executed(service.name, statement.text)
            return (try await body(span), failed: false)
        }
    }

    // MARK: - Content

    private static let schema = """
        CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price INTEGER NOT NULL);
        CREATE TABLE reviews (id INTEGER PRIMARY KEY, product_id INTEGER NOT NULL, product_name TEXT NOT NULL, stars INTEGER NOT NULL);
        CREATE INDEX reviews_by_product ON reviews (product_id);
        CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
        CREATE TABLE sessions (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL);
        CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, total INTEGER NOT NULL);
        CREATE TABLE order_items (order_id INTEGER NOT NULL, product_id INTEGER NOT NULL, quantity INTEGER NOT NULL);
        CREATE INDEX items_by_order ON order_items (order_id);
        CREATE TABLE payments (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, amount INTEGER NOT NULL);
        CREATE TABLE shipments (id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL);
        """

    private static let nouns = ["Net", "Rope", "Anchor", "Buoy", "Lantern", "Compass", "Sail", "Oar", "Hook", "Barrel"]
    private static let adjectives = ["Old", "Blue", "Strong", "Light", "Long", "Round", "Salty", "Quiet", "Bright", "Heavy"]

    private static func productName(_ id: Int) -> String {
        "\(adjectives[id % adjectives.count]) \(nouns[id / adjectives.count % nouns.count]) No. \(id)"
    }

    private static func fill(_ database: Database) throws {
        var random = SeededRandom(seed: 1)
        for id in 1...productCount {
            try database.execute(
                sql: "INSERT INTO products VALUES (?, ?, ?)",
                arguments: [id, productName(id), Int.random(in: 100...9_999, using: &random)])
        }
        for id in 1...reviewCount {
            let product = Int.random(in: 1...productCount, using: &random)
            try database.execute(
                sql: "INSERT INTO reviews VALUES (?, ?, ?, ?)",
                arguments: [id, product, productName(product), Int.random(in: 1...5, using: &random)])
        }
        for id in 1...userCount {
            try database.execute(sql: "INSERT INTO users VALUES (?, ?)", arguments: [id, "user \(id)"])
        }
        for id in 1...oldOrderCount {
            try database.execute(
                sql: "INSERT INTO orders VALUES (?, ?, ?)", arguments: [id, id % userCount + 1, 100 * id])
            try database.execute(
                sql: "INSERT INTO order_items VALUES (?, ?, ?)", arguments: [id, id % productCount + 1, id % 3 + 1])
        }
    }
}
