import TelemetryModel

/// Who sends the series of a head: their `job` and `instance` labels together, either of which may be missing.
struct SeriesSources {
    /// A source, in the order of first appearance.
    private var numbers: [Key: UInt32] = [:]
    /// How many series each source has.
    private(set) var counts: [Int] = []

    private struct Key: Hashable {
        var job: String?
        var instance: String?
    }

    /// The number of the source of a series, given now if it is new.
    mutating func number(_ labels: Labels) -> UInt32 {
        let key = Key(job: labels["job"], instance: labels["instance"])
        if let number = numbers[key] { return number }
        let number = UInt32(counts.count)
        numbers[key] = number
        counts.append(0)
        return number
    }

    /// Counts a series.
    mutating func count(_ source: UInt32) { counts[Int(source)] += 1 }
}
