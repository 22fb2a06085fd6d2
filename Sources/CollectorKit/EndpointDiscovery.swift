import Synchronization

/// Which endpoints of a program are asked, and whose silence is an error.
///
/// A configured endpoint must answer. A usual one is a guess: its silence is an error only after it has answered once, as
/// then something was there and is gone. It is forgotten again after ``missLimit`` misses.
public final class EndpointDiscovery: Sendable {
    /// How many endpoints one collector asks.
    public static let endpointLimit = 32
    /// After how many misses in a row a guessed endpoint counts as never seen.
    public static let missLimit = 6

    private let endpoints: [String]
    private let areConfigured: Bool
    /// The guessed endpoints that have answered, with their misses in a row.
    private let known = Mutex<[String: Int]>([:])

    /// Asks `configured` endpoints, or the `usual` ones when there are none.
    public init(configured: [String], usual: [String]) {
        precondition(configured.count <= Self.endpointLimit, "more endpoints than a collector may have")
        areConfigured = !configured.isEmpty
        endpoints = configured.isEmpty ? usual : configured
    }

    /// Asks all endpoints, one after the other, and returns what answers. When some that must answer do not, throws
    /// ``PartialCollection``, or the only error.
    public func collect(_ ask: (String) async throws -> ResourceMetrics) async throws -> [ResourceMetrics] {
        var groups: [ResourceMetrics] = []
        var failures: [any Error] = []
        for endpoint in endpoints {
            do {
                groups.append(try await ask(endpoint))
                answered(endpoint)
            } catch {
                if mustAnswer(endpoint) { failures.append(error) }
            }
        }
        if let first = failures.first {
            throw groups.isEmpty && failures.count == 1 ? first : PartialCollection(groups: groups, failures: failures)
        }
        return groups
    }

    private func answered(_ endpoint: String) {
        if !areConfigured { known.withLock { $0[endpoint] = 0 } }
    }

    private func mustAnswer(_ endpoint: String) -> Bool {
        if areConfigured { return true }
        return known.withLock { known in
            guard let misses = known[endpoint] else { return false }
            known[endpoint] = misses + 1 < Self.missLimit ? misses + 1 : nil
            return true
        }
    }
}
