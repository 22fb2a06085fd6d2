import Hummingbird

/// Knows the users and logs them in.
struct UsersService {
    /// Who is meant.
    struct Login: Codable, Sendable {
        var userID: Int
    }

    private static let one = ShopDatabase.Statement("SELECT", "users", "SELECT name FROM users WHERE id = ?")
    private static let insert = ShopDatabase.Statement("INSERT", "sessions", "INSERT INTO sessions (user_id) VALUES (?)")

    let service: ShopService

    func routes(_ router: Router<BasicRequestContext>) {
        service.serve(router, .get, "/users/{id}") { incoming in try await name(of: try incoming.integer("id")) }
        service.serve(router, .post, "/sessions") { incoming in
            let login = try incoming.decode(Login.self)
            _ = try await name(of: login.userID)
            return try await service.shop.database.insert(Self.insert, [login.userID], by: service)
        }
    }

    private func name(of id: Int) async throws -> String {
        let names = try await service.shop.database.fetch(Self.one, [id], by: service) { $0["name"] as String }
        guard let name = names.first else { throw ShopError(404, "There is no user \(id).") }
        return name
    }
}
