import Platform
import Storage
import Synchronization

/// The folder of a store's snapshots.
final class SnapshotFolder: Sendable {
    static let name = "snapshots"
    /// So many snapshots are kept; one more is refused.
    static let countLimit = 16
    private static let temporarySuffix = ".tmp"

    private let path: String
    private let fileSystem: any FileSystem
    private let known: Mutex<(count: Int, byteCount: Int)>
    /// One at a time.
    private let making = Mutex(())

    /// Opens the folder of a data folder, if there is one, and removes what a process left behind half-way.
    init(of store: String, _ fileSystem: any FileSystem) throws {
        path = "\(store)/\(Self.name)"
        self.fileSystem = fileSystem
        known = Mutex((0, 0))
        if try fileSystem.status(path) == nil { return }
        for name in try fileSystem.list(path) where name.hasSuffix(Self.temporarySuffix) {
            try fileSystem.remove("\(path)/\(name)")
        }
        _ = try list()
    }

    /// How many there are, and their bytes, as of the last look.
    var counts: (count: Int, byteCount: Int) { known.withLock { $0 } }

    /// The snapshots, oldest first.
    func list() throws(FileError) -> [SnapshotInfo] {
        var found: [SnapshotInfo] = []
        for name in try names() {
            let folder = "\(path)/\(name)"
            found.append(SnapshotInfo(name: name, path: folder, byteCount: try fileSystem.totalByteCount(folder)))
        }
        let counts = (found.count, found.reduce(0) { $0 + $1.byteCount })
        known.withLock { $0 = counts }
        return found
    }

    /// The bytes of everything in it.
    func byteCount() throws(FileError) -> Int { try fileSystem.totalByteCount(path) }

    private func names() throws(FileError) -> [String] { try Self.names(path, fileSystem) }

    private static func names(_ path: String, _ fileSystem: any FileSystem) throws(FileError) -> [String] {
        if try fileSystem.status(path) == nil { return [] }
        return try fileSystem.list(path).filter { !$0.hasSuffix(temporarySuffix) }
    }

    /// The snapshots of a data folder; nothing is changed.
    static func paths(of store: String, _ fileSystem: any FileSystem) throws(FileError) -> [String] {
        let path = "\(store)/\(name)"
        return try names(path, fileSystem).map { "\(path)/\($0)" }
    }

    /// Makes one: `fill` puts everything into the folder that it is given, and sees to it that it is durable.
    func make(_ name: String, _ fill: (String) throws -> Void) throws -> SnapshotInfo {
        try making.withLock { _ in
            if try names().count >= Self.countLimit {
                throw StorageError(
                    .limitExceeded, "\(Self.countLimit) snapshots are kept, which is the limit. Remove one of \(path) first.")
            }
            let folder = "\(path)/\(name)"
            let unfinished = folder + Self.temporarySuffix
            do {
                try fileSystem.makeDirectory(unfinished)
                try fill(unfinished)
                try fileSystem.syncDirectory(unfinished)
                try fileSystem.rename(unfinished, to: folder)
                for directory in [path, PosixFileSystem.parent(of: path)] { try fileSystem.syncDirectory(directory) }
            } catch {
                // What cannot be removed now is removed at the next start.
                try? fileSystem.remove(unfinished)
                throw error
            }
            _ = try list()
            return SnapshotInfo(name: name, path: folder, byteCount: try fileSystem.totalByteCount(folder))
        }
    }
}

extension FileSystem {
    /// Gives every file of a directory a second name in another one, which is made, durably.
    func linkFiles(of directory: String, to other: String) throws(FileError) {
        try makeDirectory(other)
        for name in try list(directory) { try hardLink("\(directory)/\(name)", to: "\(other)/\(name)") }
        try syncDirectory(other)
    }
}
