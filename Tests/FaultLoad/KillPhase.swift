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
    /// Blocks whose time is over are rewritten to what is kept longer, and removed later.
    case thinning
    /// Blocks are removed because all of them together are too large.
    case size
    /// What sampling has held back long enough is let go.
    case release
    /// A snapshot is made.
    case snapshot
    /// What stays in the head is logged again, so that the log before it can go.
    case relog
    /// Segments of the log are removed, as everything in them is in blocks.
    case logDelete = "log-delete"
    /// The pool cuts the head because it is too large, while the writers go on.
    case poolCut = "pool-cut"
    /// The store is opened, after a kill or several.
    case recovery
    /// Any moment, as a clock has it.
    case anyTime = "any-time"

    /// Seeded rounds draw the operation that is hit from so many.
    public var operationRange: Int {
        switch self {
        case .append: 120
        case .roll: 8
        case .blockWrite: 24
        case .rename: 8
        case .sourceDelete: 6
        case .compaction: 10
        case .retention, .size: 5
        case .thinning, .release: 24
        case .snapshot: 60
        case .relog: 12
        case .logDelete: 8
        case .poolCut: 80
        case .recovery: 30
        case .anyTime: 1
        }
    }

    /// Whether the writers write only ever newer items, a step of the clock each.
    public var isSteady: Bool { [.retention, .thinning, .size, .release].contains(self) }

    /// Whether an operation on the files of a subject belongs to the phase.
    func contains(_ operation: FileOperation, during activity: StoreActivity, of subject: String) -> Bool {
        let inLog = operation.path.contains("/\(subject)/log")
        let inBlocks = operation.path.contains("/\(subject)/blocks")
        let isOrdered = activity.isOwn && activity.name != .none
        let isRemoval = operation.kind == .remove || operation.kind == .rename && Self.isTemporary(operation.target)
        switch self {
        case .append: return inLog && operation.kind == .append && !isOrdered
        case .relog: return inLog && operation.kind == .append && isOrdered
        case .roll: return inLog && [.create, .header, .syncDirectory].contains(operation.kind)
        case .logDelete: return inLog && operation.kind == .remove
        case .blockWrite: return activity.name == .cut && inBlocks && isBuilding(operation)
        case .rename:
            return operation.kind == .rename && operation.path.contains("/\(subject)/") && !Self.isTemporary(operation.target)
        case .sourceDelete: return activity.name == .compact && inBlocks && isRemoval
        // The first block that is named is the flushed head.
        case .compaction: return activity.name == .compact && activity.namedBlocks > 0 && inBlocks && isBuilding(operation)
        case .retention, .size:
            return activity.name == .retain && inBlocks && [.rename, .remove, .syncDirectory].contains(operation.kind)
        case .thinning, .release: return activity.name == .retain && inBlocks
        case .poolCut: return activity.isOfPool && operation.path.contains("/\(subject)/")
        case .snapshot: return activity.name == .snapshot && operation.path.contains("/snapshots")
        case .recovery: return activity.name == .open
        case .anyTime: return false
        }
    }

    private func isBuilding(_ operation: FileOperation) -> Bool {
        Self.isTemporary(operation.path) && operation.kind != .rename && operation.kind != .remove
    }

    /// Whether something counts for nothing yet, or not any more.
    public static func isTemporary(_ path: String) -> Bool { [".tmp", "/new-", "/old-"].contains(where: path.contains) }
}

/// What the store was told to do beside the writing.
public struct StoreActivity: Sendable {
    /// The orders.
    public enum Name: Sendable { case none, open, cut, compact, retain, snapshot }

    /// The order.
    public var name = Name.none
    /// How many blocks have got their names since it was given.
    public var namedBlocks = 0
    /// Whether the thread that asks is the one that follows the order.
    public var isOwn = false
    /// Whether it neither writes nor follows orders, so that it is one of the pool that cuts heads.
    public var isOfPool = false
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
