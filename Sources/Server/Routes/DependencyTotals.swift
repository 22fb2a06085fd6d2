import Storage
import TelemetryModel

/// Calls between services in a range, as the dependency pages of Jaeger and Zipkin show them.
struct DependencyTotals {
    /// Calls between two names.
    struct Link: Encodable, Equatable {
        /// The calling service.
        var parent: String
        /// The called service, database or queue.
        var child: String
        /// Calls.
        var callCount: UInt64
        /// Calls that failed; left away when there is none, as Zipkin does.
        var errorCount: UInt64?
    }

    /// By calling, then by called name.
    let links: [Link]

    /// Adds up the edges of the minutes that a range of nanoseconds touches. Blocks.
    init(_ rollups: any RollupReader, range: ClosedRange<UInt64>) throws {
        let minutes = Int64(range.lowerBound / 60_000_000_000)...Int64(range.upperBound / 60_000_000_000)
        var totals: [Pair: EdgeRollup] = [:]
        for (key, row) in try rollups.rollups(minutes: minutes).edges {
            totals[Pair(parent: key.caller, child: key.callee), default: EdgeRollup()].merge(row)
        }
        links = totals.sorted { ($0.key.parent, $0.key.child) < ($1.key.parent, $1.key.child) }.map { pair, row in
            Link(
                parent: pair.parent, child: pair.child, callCount: row.calls, errorCount: row.errors > 0 ? row.errors : nil)
        }
    }

    private struct Pair: Hashable {
        var parent: String
        var child: String
    }
}
