import Foundation
import Hummingbird

/// All paths of the server, and the way from a request's path to its route.
///
/// Literal segments win over segments in braces, so that `/services/{name}` and `/services/all` can stand side by side.
struct RouteTable: Sendable {
    /// What a path leads to.
    enum Match {
        /// A route, with the content of its segments in braces by name.
        case route(Route, parameters: [String: String])
        /// The path exists, but not with this method; these are its methods.
        case wrongMethod(allowed: [String], errors: ErrorForm)
        /// Nothing stands at the path.
        case unknown
        /// A segment is no percent-encoded UTF-8.
        case malformed
    }

    /// Two routes of one method whose paths cannot be told apart, or a path that cannot be read.
    struct Mistake: Error, CustomStringConvertible {
        var description: String
    }

    private struct Node: Sendable {
        var literals: [String: Int] = [:]
        var parameter: Int?
        var routes: [HTTPRequest.Method: Route] = [:]
    }

    /// Longer paths than this many segments are unknown.
    static let segmentLimit = 16

    /// The routes in the order in which they were given.
    let routes: [Route]
    private var nodes = [Node()]

    /// Builds the table; throws ``Mistake`` on a double.
    init(_ routes: [Route]) throws {
        self.routes = routes
        for route in routes { try insert(route) }
    }

    private mutating func insert(_ route: Route) throws {
        let segments = Self.segments(of: route.path)
        guard segments.count <= Self.segmentLimit, route.path.hasPrefix("/") else {
            throw Mistake(description: "\(route.path) does not start with a slash or has too many segments")
        }
        var node = 0
        for segment in segments { node = child(of: node, for: segment) }
        if let other = nodes[node].routes[route.method] {
            throw Mistake(description: "\(route.method) \(route.path) stands in the table twice (also as \(other.path))")
        }
        nodes[node].routes[route.method] = route
    }

    private mutating func child(of node: Int, for segment: Substring) -> Int {
        let existing = Self.isParameter(segment) ? nodes[node].parameter : nodes[node].literals[String(segment)]
        if let existing { return existing }
        let new = nodes.count
        nodes.append(Node())
        if Self.isParameter(segment) { nodes[node].parameter = new } else { nodes[node].literals[String(segment)] = new }
        return new
    }

    /// Finds what answers `method` at a percent-encoded path.
    func match(_ method: HTTPRequest.Method, path: String) -> Match {
        guard path.hasPrefix("/") else { return .unknown }
        let raw = Self.segments(of: path)
        guard raw.count <= Self.segmentLimit else { return .unknown }
        var segments: [String] = []
        for segment in raw {
            guard let decoded = segment.removingPercentEncoding else { return .malformed }
            segments.append(decoded)
        }
        guard let node = find(segments[...], from: 0) else { return .unknown }
        let candidates = nodes[node].routes
        guard let route = candidates[method] ?? (method == .head ? candidates[.get] : nil) else {
            var allowed = Set(candidates.keys.map(\.rawValue))
            if allowed.contains("GET") { allowed.insert("HEAD") }
            return .wrongMethod(allowed: allowed.sorted(), errors: candidates.values.first?.errors ?? .headrope)
        }
        return .route(route, parameters: Self.parameters(of: route, in: segments))
    }

    /// The node at the end of the path that has routes. Recursion is bounded by ``segmentLimit``.
    private func find(_ segments: ArraySlice<String>, from node: Int) -> Int? {
        guard let first = segments.first else { return nodes[node].routes.isEmpty ? nil : node }
        if let literal = nodes[node].literals[first], let found = find(segments.dropFirst(), from: literal) { return found }
        return nodes[node].parameter.flatMap { find(segments.dropFirst(), from: $0) }
    }

    private static func parameters(of route: Route, in segments: [String]) -> [String: String] {
        var parameters: [String: String] = [:]
        for (pattern, segment) in zip(Self.segments(of: route.path), segments) where isParameter(pattern) {
            parameters[String(pattern.dropFirst().dropLast())] = segment
        }
        return parameters
    }

    /// The segments between slashes. Slashes at the end do not count, so that `/reports/` and `/reports` are one path.
    private static func segments(of path: String) -> [Substring] {
        var segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        while segments.last?.isEmpty == true { segments.removeLast() }
        return Array(segments)
    }

    private static func isParameter(_ segment: Substring) -> Bool { segment.hasPrefix("{") && segment.hasSuffix("}") }
}
