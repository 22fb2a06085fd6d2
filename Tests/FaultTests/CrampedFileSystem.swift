import Platform
import Synchronization

/// Files in memory of which those below some directories find no room, while the others do.
final class CrampedFileSystem: FileSystem {
    let files: FaultFileSystem
    private let part: String
    private let isFull = Mutex(false)

    /// No file whose path contains `part` is made while the disk is full.
    init(seed: UInt64, part: String) {
        files = FaultFileSystem(seed: seed)
        self.part = part
    }

    /// Whether there is no room.
    func fill(_ full: Bool) { isFull.withLock { $0 = full } }

    private func check(_ path: String) throws(FileError) {
        if path.contains(part), isFull.withLock({ $0 }) {
            throw FileError(.noSpace, path: path, "Cannot write \(path): no space left on device.")
        }
    }

    func openForReading(_ path: String) throws(FileError) -> any ReadableFile { try files.openForReading(path) }

    func create(_ path: String) throws(FileError) -> any AppendableFile {
        try check(path)
        return try files.create(path)
    }

    func openForAppending(_ path: String, truncatingTo length: Int) throws(FileError) -> any AppendableFile {
        try files.openForAppending(path, truncatingTo: length)
    }

    func makeDirectory(_ path: String) throws(FileError) { try files.makeDirectory(path) }
    func list(_ directory: String) throws(FileError) -> [String] { try files.list(directory) }
    func rename(_ from: String, to: String) throws(FileError) { try files.rename(from, to: to) }
    func hardLink(_ from: String, to: String) throws(FileError) { try files.hardLink(from, to: to) }
    func remove(_ path: String) throws(FileError) { try files.remove(path) }
    func syncDirectory(_ path: String) throws(FileError) { try files.syncDirectory(path) }
    func status(_ path: String) throws(FileError) -> FileStatus? { try files.status(path) }
    func lock(_ directory: String) throws(FileError) -> DirectoryLock { try files.lock(directory) }
}
