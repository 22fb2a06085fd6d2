import ByteCoding

/// Why an item of a body was not decoded. The raw values are the names under which refusals are counted everywhere.
public enum WireRefusalReason: String, Sendable, Hashable, CaseIterable {
    /// A trace or span id of the wrong length or of zeros.
    case invalidID = "invalid_id"
    /// Labels that break the rules: empty, repeated or missing a name, too many, too long, not UTF-8.
    case invalidLabels = "invalid_labels"
    /// A kind of value that no store holds.
    case unsupportedKind = "unsupported_kind"
    /// An item that could not be read.
    case malformed = "malformed"
    /// An item larger than its limit.
    case tooLarge = "too_large"

    /// The reason that goes with an error of a reader.
    public init(_ error: ByteCodingError) {
        self = error.kind == .tooLarge ? .tooLarge : .malformed
    }
}

/// The items of a body that were not decoded, counted by reason, each reason with a sentence about its first item.
public struct WireRefusals: Sendable, Equatable {
    /// Items of one reason.
    public struct Entry: Sendable, Equatable {
        /// Why.
        public var reason: WireRefusalReason
        /// How many items.
        public var count: Int
        /// A sentence about the first of them.
        public var example: String
    }

    /// One entry a reason, in the order of first appearance.
    public private(set) var entries: [Entry] = []

    /// Nothing refused.
    public init() {}

    /// How many items were refused.
    public var count: Int { entries.reduce(0) { $0 + $1.count } }

    /// Whether nothing was refused.
    public var isEmpty: Bool { entries.isEmpty }

    /// Counts refused items. The sentence is only made for the first of a reason.
    public mutating func add(_ reason: WireRefusalReason, count: Int = 1, _ example: @autoclosure () -> String) {
        if count <= 0 { return }
        if let index = entries.firstIndex(where: { $0.reason == reason }) {
            entries[index].count += count
        } else {
            entries.append(Entry(reason: reason, count: count, example: example()))
        }
    }
}
