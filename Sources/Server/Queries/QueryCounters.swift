import Platform
import QueryEngine
import Synchronization

/// Counts what became of queries.
final class QueryCounters: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    /// Every result that is counted, so that each is told from the beginning.
    static let results = ["success", "bad_data", "execution", "timeout", "canceled", "unavailable", "internal"]

    /// Counts a query that ended with an error, or well.
    func count(_ error: (any Error)?) {
        let result = error.map { APIError.foreseen($0)?.prometheusType ?? "internal" } ?? "success"
        counts.withLock { $0[result, default: 0] += 1 }
    }

    /// How many queries had a result.
    func count(of result: String) -> Int { counts.withLock { $0[result] ?? 0 } }
}

extension QueryRunner {
    /// Writes what became of queries and how many there are at the moment.
    func write(to snapshot: inout MetricSnapshot) {
        snapshot.family(
            "headrope_queries_total", .counter,
            "Queries of metrics and traces by result; canceled are those whose client went away.")
        for result in QueryCounters.results { snapshot.sample([("result", result)], Double(counters.count(of: result))) }
        snapshot.family("headrope_queries_running", .gauge, "Queries that hold a place, by kind of place.")
        for place in QueryAdmission.Place.allCases {
            snapshot.sample([("place", "\(place)")], Double(admission.takenCount(place)))
        }
        snapshot.family("headrope_queries_waiting", .gauge, "Queries that wait for a place.")
        snapshot.sample([], Double(admission.waitingCount))
    }
}
