import Platform

/// The sequence of requests that follows from a seed.
struct LoadPlan: Sendable {
    /// One request to the gateway.
    struct Request: Sendable, Equatable {
        var method: String
        /// The route at the gateway.
        var route: String
        /// The path, with ids filled in.
        var path: String
        /// The JSON body, or nothing.
        var body: String
        /// The address that it pretends to come from, of the range for documentation (RFC 5737).
        var client: String
    }

    private enum Kind: CaseIterable {
        case home, list, product, order, receipt, login

        /// How many of a hundred requests are of this kind.
        var share: Int {
            switch self {
            case .home: 15
            case .list: 25
            case .product: 30
            case .order: 12
            case .receipt: 10
            case .login: 8
            }
        }
    }

    /// How many addresses the requests pretend to come from.
    private static let clientCount = 20

    private var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    /// The next request. Every one draws the same number of random values, whatever its kind.
    mutating func next() -> Request {
        let kind = nextKind()
        let product = Int.random(in: 1...ShopDatabase.productCount, using: &random)
        let user = Int.random(in: 1...ShopDatabase.userCount, using: &random)
        let order = Int.random(in: 1...ShopDatabase.oldOrderCount, using: &random)
        let quantity = Int.random(in: 1...5, using: &random)
        let client = "203.0.113.\(Int.random(in: 1...Self.clientCount, using: &random))"
        switch kind {
        case .home: return Request(method: "GET", route: "/", path: "/", body: "", client: client)
        case .list: return Request(method: "GET", route: "/products", path: "/products", body: "", client: client)
        case .product:
            return Request(method: "GET", route: "/products/{id}", path: "/products/\(product)", body: "", client: client)
        case .order:
            let body = #"{"userID":\#(user),"productID":\#(product),"quantity":\#(quantity)}"#
            return Request(method: "POST", route: "/orders", path: "/orders", body: body, client: client)
        case .receipt: return Request(method: "GET", route: "/orders/{id}", path: "/orders/\(order)", body: "", client: client)
        case .login:
            return Request(method: "POST", route: "/login", path: "/login", body: #"{"userID":\#(user)}"#, client: client)
        }
    }

    private mutating func nextKind() -> Kind {
        var draw = Int.random(in: 0..<100, using: &random)
        for kind in Kind.allCases {
            if draw < kind.share { return kind }
            draw -= kind.share
        }
        return .home
    }
}
