/// What was found when a log was opened.
public struct RecoveryReport: Sendable, Equatable {
    /// How many records were read.
    public var recordCount = 0
    /// How many segments there were.
    public var segmentCount = 0
    /// A torn tail that was cut, and segments of which a part could not be read, each as a sentence.
    public var damages: [String] = []

    /// Nothing found.
    public init() {}
}

/// How a log is kept.
public struct SegmentLogOptions: Sendable {
    /// A segment that has reached this size is followed by a new one, bytes.
    public var segmentByteLimit = 32 << 20
    /// So many damaged segments are kept after they are done with; the oldest go first.
    public var damagedSegmentLimit = 4
    /// Sequences start above this one, even when no file of the log is left that says so.
    public var sequenceFloor: UInt64 = 0

    /// Segments of 32 MiB.
    public init() {}
}
