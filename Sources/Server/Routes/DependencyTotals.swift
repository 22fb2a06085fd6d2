import Storage
import TelemetryModel
import WireFormats

/// Calls between services in a range, as the dependency pages of Jaeger and Zipkin show them.
struct DependencyTotals {
    /// By calling, then by called name.
    let links: [ZipkinEncoder.DependencyLink]

    /// Adds up the edges of the minutes that a range of nanoseconds touches. Blocks.
    init(_ rollups: any RollupReader, range: ClosedRange<UInt64>) throws {
        let minutes = Int64(range.lowerBound / 60_000_000_000)...Int64(range.upperBound / 60_000_000_000)
        var totals: [Pair: EdgeRollup] = [:]
        for (key, row) in try rollups.sums(minutes: minutes, parts: .edges).edges {
            totals[Pair(parent: key.caller, child: key.callee), default: EdgeRollup()].merge(row)
        }
        links = totals.sorted { ($0.key.parent, $0.key.child) < ($1.key.parent, $1.key.child) }.map { pair, row in
            .init(parent: pair.parent, child: pair.child, callCount: row.calls, errorCount: row.errors)
        }
    }

    private struct Pair: Hashable {
        var parent: String
        var child: String
    }
}
