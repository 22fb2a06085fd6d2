import TelemetryModel

/// Samples of one series that came late, or whose value replaces an earlier one: sorted, with the latest few apart, so that
/// adding one does not move all.
struct LateSamples: Sendable {
    private var sorted = SampleColumns()
    private var recent = SampleColumns()

    /// So many samples are kept apart.
    private static let recentLimit = 512

    /// How many samples there are at most.
    var count: Int { sorted.count + recent.count }

    /// All of them.
    var columns: SampleColumns {
        var all = sorted
        all.merge(recent)
        return all
    }

    /// The value at exactly this time.
    func value(at timestamp: Int64) -> Double? { recent.value(at: timestamp) ?? sorted.value(at: timestamp) }

    /// Adds a sample; it replaces one of the same time.
    mutating func insert(_ sample: Sample) {
        let place = recent.timestamps.place(sample.timestamp)
        if place < recent.count, recent.timestamps[place] == sample.timestamp {
            recent.values[place] = sample.value
            return
        }
        recent.timestamps.insert(sample.timestamp, at: place)
        recent.values.insert(sample.value, at: place)
        if recent.count >= Self.recentLimit {
            sorted.merge(recent)
            recent = SampleColumns()
        }
    }
}
