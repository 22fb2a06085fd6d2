/// What a store is at when its process is killed.
public enum KillPhase: String, CaseIterable, Sendable {
    /// A record goes to the log.
    case append
    /// A segment of the log begins.
    case roll
    /// A flush writes the files of a block.
    case blockWrite = "block-write"
    /// A block, or a file that is replaced, gets its name.
    case rename
    /// Blocks that were merged are removed.
    case sourceDelete = "source-delete"
    /// A merge writes the files of a block.
    case compaction
    /// Blocks that are too old are removed.
    case retention
    /// A snapshot is made.
    case snapshot

    /// Seeded rounds draw the operation that is hit from so many.
    public var operationRange: Int {
        switch self {
        case .append: 120
        case .roll: 8
        case .blockWrite: 24
        case .rename: 8
        case .sourceDelete: 6
        case .compaction: 10
        case .retention: 5
        case .snapshot: 60
        }
    }

    /// Whether an operation belongs to the phase.
    func contains(_ operation: FileOperation, during activity: StoreActivity) -> Bool {
        let inLog = operation.path.contains("/metrics/log")
        let inBlocks = operation.path.contains("/metrics/blocks")
        let isTemporary = operation.path.contains(".tmp")
        switch self {
        case .append: return inLog && operation.kind == .append
        case .roll: return inLog && [.create, .header, .syncDirectory].contains(operation.kind)
        case .blockWrite:
            return activity.name == .flush && inBlocks && isTemporary && operation.kind != .rename && operation.kind != .remove
        case .rename: return operation.kind == .rename && !operation.target.contains(".tmp")
        case .sourceDelete:
            return activity.name == .compact && inBlocks
                && (operation.kind == .remove || operation.kind == .rename && operation.target.contains(".tmp"))
        case .compaction:
            // The first block that is named is the flushed head.
            return activity.name == .compact && activity.namedBlocks > 0 && inBlocks && isTemporary
                && operation.kind != .remove
        case .retention:
            return activity.name == .retain && inBlocks && [.rename, .remove, .syncDirectory].contains(operation.kind)
        case .snapshot: return activity.name == .snapshot && operation.path.contains("/snapshots")
        }
    }
}

/// What the store was told to do beside the writing.
public struct StoreActivity: Sendable {
    /// The orders.
    public enum Name: Sendable { case none, flush, compact, retain, snapshot }

    /// The order.
    public var name = Name.none
    /// How many blocks have got their names since it was given.
    public var namedBlocks = 0
}

/// An operation that changes files.
public struct FileOperation: Sendable {
    /// Its kinds; the first append to a file is its header.
    public enum Kind: String, Sendable {
        case create, header, append, sync, truncate, makeDirectory, rename, remove, syncDirectory, hardLink
    }

    /// The kind.
    public var kind: Kind
    /// What is changed.
    public var path: String
    /// What a rename leads to.
    public var target = ""
}
