import Storage
import WireFormats

/// What became of the items of a request: spans, data points, samples or log records.
public struct IngestOutcome: Sendable, Equatable {
    /// Items of one reason that were not taken.
    public struct Refusal: Sendable, Equatable {
        /// Why, by the name under which it is counted.
        public var reason: String
        /// How many items.
        public var count: Int
        /// A sentence about the first of them.
        public var example: String
    }

    /// Items that are stored now, or were already.
    public var accepted = 0
    /// Items of ``accepted`` whose identity was known with other content: of spans the first stays, of samples the last.
    public var conflicts = 0
    /// Items that were not taken.
    public private(set) var refusals: [Refusal] = []

    /// Nothing happened.
    public init() {}

    /// What a store said.
    public init(_ receipt: WriteReceipt) {
        accepted = receipt.stored + receipt.duplicates + receipt.conflicts
        conflicts = receipt.conflicts
        for refusal in receipt.refusals { refuse(refusal.reason.rawValue, count: refusal.count, refusal.example) }
    }

    /// How many items were not taken.
    public var refusedCount: Int { refusals.reduce(0) { $0 + $1.count } }

    /// Adds what a decoder refused.
    public mutating func add(_ refused: WireRefusals) {
        for entry in refused.entries { refuse(entry.reason.rawValue, count: entry.count, entry.example) }
    }

    /// Counts refused items, together with others of the same reason.
    public mutating func refuse(_ reason: String, count: Int, _ example: String) {
        if let index = refusals.firstIndex(where: { $0.reason == reason }) {
            refusals[index].count += count
        } else if count > 0 {
            refusals.append(Refusal(reason: reason, count: count, example: example))
        }
    }

    /// What was refused, how often and why, as sentences; "" when nothing was.
    public var refusalMessage: String {
        refusals.map { "\($0.count) refused (\($0.reason)), such as: \($0.example)" }.joined(separator: " ")
    }
}
