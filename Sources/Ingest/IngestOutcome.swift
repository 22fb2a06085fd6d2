import Storage
import WireFormats

/// Items of a request that were not taken, by reason.
public struct IngestRefusals: Sendable, Equatable {
    /// Items of one reason.
    public struct Entry: Sendable, Equatable {
        /// Why, by the name under which it is counted.
        public var reason: String
        /// How many items.
        public var count: Int
        /// A sentence about the first of them.
        public var example: String
    }

    /// One entry a reason, in the order of first appearance.
    public private(set) var entries: [Entry] = []

    /// Nothing refused.
    public init() {}

    /// How many items were not taken.
    public var count: Int { entries.reduce(0) { $0 + $1.count } }

    /// What was refused, how often and why, as sentences; "" when nothing was.
    public var message: String {
        entries.map { "\($0.count) refused (\($0.reason)), such as: \($0.example)" }.joined(separator: " ")
    }

    mutating func add(_ reason: String, count: Int, _ example: String) {
        if let index = entries.firstIndex(where: { $0.reason == reason }) {
            entries[index].count += count
        } else if count > 0 {
            entries.append(Entry(reason: reason, count: count, example: example))
        }
    }

    mutating func add(_ refused: WireRefusals) {
        for entry in refused.entries { add(entry.reason.rawValue, count: entry.count, entry.example) }
    }

    mutating func add(_ refused: [Refusal]) {
        for refusal in refused { add(refusal.reason.rawValue, count: refusal.count, refusal.example) }
    }
}

/// What became of what came along with samples: their exemplars, or metadata.
public struct IngestSide: Sendable, Equatable {
    /// Items that are stored now, or were already.
    public var accepted = 0
    /// Items that were not taken.
    public var refusals = IngestRefusals()

    /// Nothing came along.
    public init() {}

    init(_ receipt: SideReceipt) {
        accepted = receipt.stored + receipt.duplicates
        refusals.add(receipt.refusals)
    }
}

/// What became of the items of a request: spans, data points, samples or log records.
public struct IngestOutcome: Sendable, Equatable {
    /// Items that are stored now, or were already.
    public var accepted = 0
    /// Items of ``accepted`` whose identity was known with other content: of spans the first stays, of samples the last.
    public var conflicts = 0
    /// Items that were not taken.
    public private(set) var refusals = IngestRefusals()
    /// Exemplars, which are not among the items.
    public private(set) var exemplars = IngestSide()
    /// Entries of metadata, which are not among the items.
    public private(set) var metadata = IngestSide()

    /// Nothing happened.
    public init() {}

    /// What a store said.
    public init(_ receipt: WriteReceipt) {
        accepted = receipt.stored + receipt.duplicates + receipt.conflicts
        conflicts = receipt.conflicts
        refusals.add(receipt.refusals)
        exemplars = IngestSide(receipt.exemplars)
        metadata = IngestSide(receipt.metadata)
    }

    /// How many items were not taken.
    public var refusedCount: Int { refusals.count }

    /// Adds what a decoder refused.
    public mutating func add(_ refused: WireRefusals) { refusals.add(refused) }

    /// Adds what a decoder of metrics refused.
    mutating func add(_ decoded: DecodedMetrics) {
        refusals.add(decoded.refusals)
        exemplars.refusals.add(decoded.exemplarRefusals)
        metadata.refusals.add(decoded.metadataRefusals)
    }

    /// Counts refused items, together with others of the same reason.
    public mutating func refuse(_ reason: String, count: Int, _ example: String) {
        refusals.add(reason, count: count, example)
    }

    /// What was refused, how often and why, as sentences; "" when nothing was.
    public var refusalMessage: String { refusals.message }
}
