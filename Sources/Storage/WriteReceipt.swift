/// How safe an accepted batch is.
public enum Durability: Sendable, Equatable {
    /// `write(2)` of its log record has returned: it survives the end of the process.
    case logged
    /// Its log record has been synced: it survives the loss of power.
    case synced
}

/// Why a store did not take an item of a batch.
public enum RefusalReason: String, Sendable, Hashable, CaseIterable {
    /// Older than the out-of-order window of its series.
    case tooOld = "too_old"
    /// Further in the future than allowed.
    case tooFarInFuture = "too_far_in_future"
    /// A timestamp before 1970.
    case negativeTimestamp = "negative_timestamp"
    /// One more series than the limit allows.
    case seriesLimit = "series_limit"
    /// One more series than the limit allows to its source.
    case sourceSeriesLimit = "source_series_limit"
    /// A kind of value that the store does not hold.
    case unsupportedKind = "unsupported_kind"
    /// An id of zeros.
    case invalidID = "invalid_id"
    /// Labels that break the rules: empty, repeated or missing a name, too long, not UTF-8.
    case invalidLabels = "invalid_labels"
    /// An item that could not be read.
    case malformed = "malformed"
    /// An item larger than its limit.
    case tooLarge = "too_large"
}

/// Items of a batch that were not taken, with their reason.
public struct Refusal: Sendable, Equatable {
    /// Why.
    public var reason: RefusalReason
    /// How many items.
    public var count: Int
    /// A sentence about the first of them.
    public var example: String

    /// Describes refused items.
    public init(_ reason: RefusalReason, count: Int = 1, example: String) {
        self.reason = reason
        self.count = count
        self.example = example
    }

    fileprivate static func add(_ reason: RefusalReason, _ count: Int, _ example: () -> String, to refusals: inout [Refusal]) {
        if let index = refusals.firstIndex(where: { $0.reason == reason }) {
            refusals[index].count += count
        } else {
            refusals.append(Refusal(reason, count: count, example: example()))
        }
    }
}

/// What became of what came along with the samples of a batch: its exemplars, or its metadata.
public struct SideReceipt: Sendable, Equatable {
    /// Items now stored.
    public var stored = 0
    /// Items that were there already.
    public var duplicates = 0
    /// Items not taken.
    public private(set) var refusals: [Refusal] = []

    /// Nothing came along.
    public init() {}

    /// How many items were not taken.
    public var refusedCount: Int { refusals.reduce(0) { $0 + $1.count } }

    /// Counts a refused item, together with others of the same reason.
    public mutating func refuse(_ reason: RefusalReason, count: Int = 1, _ example: @autoclosure () -> String) {
        Refusal.add(reason, count, example, to: &refusals)
    }
}

/// What became of a batch. Items that are neither stored, known nor refused do not exist.
public struct WriteReceipt: Sendable, Equatable {
    /// How safe the stored items are.
    public var durability: Durability
    /// Items now stored.
    public var stored: Int
    /// Items that were there already with the same content: nothing was counted twice.
    public var duplicates: Int
    /// Items whose identity was there with other content; for metrics the new value wins, for spans the first stays.
    public var conflicts: Int
    /// Items not taken.
    public var refusals: [Refusal]
    /// What became of the exemplars of a batch of metrics; they are not among the items.
    public var exemplars = SideReceipt()
    /// What became of the metadata of a batch of metrics; they are not among the items.
    public var metadata = SideReceipt()

    /// Describes what became of a batch.
    public init(
        durability: Durability = .logged, stored: Int = 0, duplicates: Int = 0, conflicts: Int = 0, refusals: [Refusal] = []
    ) {
        self.durability = durability
        self.stored = stored
        self.duplicates = duplicates
        self.conflicts = conflicts
        self.refusals = refusals
    }

    /// How many items were not taken.
    public var refusedCount: Int { refusals.reduce(0) { $0 + $1.count } }

    /// Counts a refused item, together with others of the same reason.
    public mutating func refuse(_ reason: RefusalReason, count: Int = 1, _ example: @autoclosure () -> String) {
        Refusal.add(reason, count, example, to: &refusals)
    }
}
