import Foundation
import Platform
import Synchronization

/// Files in memory whose syncs are counted and can be held up.
final class GatedFileSystem: FileSystem {
    private let base = FaultFileSystem(seed: 1)
    private let gate = NSLock()
    private let begun = DispatchSemaphore(value: 0)
    private let count = Mutex(0)

    var syncCount: Int { count.withLock { $0 } }

    /// Holds up every sync from now on.
    func close() { gate.lock() }

    /// Lets syncs go on.
    func open() { gate.unlock() }

    /// Waits until a sync has begun.
    func awaitSync() { begun.wait() }

    fileprivate func pass() {
        count.withLock { $0 += 1 }
        begun.signal()
        gate.withLock {}
    }

    func openForReading(_ path: String) throws(FileError) -> any ReadableFile { try base.openForReading(path) }
    func create(_ path: String) throws(FileError) -> any AppendableFile { GatedFile(self, try base.create(path)) }
    func openForAppending(_ path: String, truncatingTo length: Int) throws(FileError) -> any AppendableFile {
        GatedFile(self, try base.openForAppending(path, truncatingTo: length))
    }
    func makeDirectory(_ path: String) throws(FileError) { try base.makeDirectory(path) }
    func list(_ directory: String) throws(FileError) -> [String] { try base.list(directory) }
    func rename(_ from: String, to: String) throws(FileError) { try base.rename(from, to: to) }
    func hardLink(_ from: String, to: String) throws(FileError) { try base.hardLink(from, to: to) }
    func remove(_ path: String) throws(FileError) { try base.remove(path) }
    func syncDirectory(_ path: String) throws(FileError) { try base.syncDirectory(path) }
    func status(_ path: String) throws(FileError) -> FileStatus? { try base.status(path) }
    func lock(_ directory: String) throws(FileError) -> DirectoryLock { try base.lock(directory) }
}

/// A file of a ``GatedFileSystem``.
private final class GatedFile: AppendableFile {
    private let system: GatedFileSystem
    private let base: any AppendableFile

    init(_ system: GatedFileSystem, _ base: any AppendableFile) {
        self.system = system
        self.base = base
    }

    var byteCount: Int { base.byteCount }
    func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) { try base.append(bytes) }
    func sync() throws(FileError) {
        system.pass()
        try base.sync()
    }
    func truncate(to length: Int) throws(FileError) { try base.truncate(to: length) }
    func close() { base.close() }
}
