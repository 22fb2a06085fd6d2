import Hummingbird

/// Decides whether a request may use a route.
struct AccessControl: Sendable {
    /// The tokens; nil takes every request, which is possible on loopback only.
    let tokens: TokenTable?

    /// Throws 401 without a known token and 403 with one that is not good for the route's scope.
    func check(_ request: Request, _ route: Route) throws {
        guard let tokens, route.scope != .open else { return }
        guard let token = Self.bearer(request.headers[.authorization]) else {
            throw Self.unauthorized("A token is needed: send the header 'Authorization: Bearer TOKEN'.")
        }
        guard let scopes = tokens.scopes(of: token) else { throw Self.unauthorized("The token is not known here.") }
        guard scopes.contains(route.scope) else {
            throw APIError(
                .forbidden, code: "wrong_scope", "The token is not good for this: it needs the scope '\(route.scope.rawValue)'.")
        }
    }

    private static func bearer(_ header: String?) -> String? {
        guard let header, header.lowercased().hasPrefix("bearer ") else { return nil }
        let token = header.dropFirst(7).drop { $0 == " " }
        return token.isEmpty ? nil : String(token)
    }

    private static func unauthorized(_ message: String) -> APIError {
        var error = APIError(.unauthorized, code: "unauthorized", message)
        error.headers[.wwwAuthenticate] = "Bearer"
        return error
    }
}
