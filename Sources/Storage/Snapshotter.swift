/// A copy of a store that was made and kept.
public struct SnapshotInfo: Sendable, Equatable, Codable {
    /// Its name: when it was made (UTC), and a random number.
    public var name: String
    /// The folder, which is a whole data folder of its own.
    public var path: String
    /// The bytes of its files; a good part may be files that the store still has, too.
    public var byteCount: Int

    /// Describes a snapshot.
    public init(name: String, path: String, byteCount: Int) {
        self.name = name
        self.path = path
        self.byteCount = byteCount
    }
}

/// Makes copies of a store while it works. Calls block.
public protocol Snapshotter: Sendable {
    /// Makes a data folder with everything that was acknowledged before the call; durable and whole when it returns.
    ///
    /// Without the head it holds what is in blocks. `adding` is called with the folder before it counts, so that others put
    /// in what belongs to it; what it throws ends the attempt. Throws `limitExceeded` when there are as many as may be kept.
    func snapshot(includingHead: Bool, adding: (String) throws -> Void) throws -> SnapshotInfo

    /// The snapshots that are kept, oldest first.
    func snapshots() throws -> [SnapshotInfo]
}

extension Snapshotter {
    /// Refuses: a store that keeps nothing has nothing to copy.
    public func snapshot(includingHead: Bool, adding: (String) throws -> Void) throws -> SnapshotInfo {
        throw StorageError(.unsupported, "This store makes no snapshots.")
    }

    /// None.
    public func snapshots() throws -> [SnapshotInfo] { [] }
}
