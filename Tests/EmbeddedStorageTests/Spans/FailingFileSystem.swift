import Platform
import Synchronization

/// A ``FaultFileSystem`` that stops working after a number of operations that change something, as if the power went off
/// between two of them.
final class FailingFileSystem: FileSystem {
    let files: FaultFileSystem
    private let remaining: Mutex<Int?>

    init(seed: UInt64) {
        files = FaultFileSystem(seed: seed)
        remaining = Mutex(nil)
    }

    /// So many more changes work; nil for no limit.
    func fail(after count: Int?) { remaining.withLock { $0 = count } }

    /// Whether the limit was reached.
    var hasFailed: Bool { remaining.withLock { $0 == 0 } }

    func count(_ path: String) throws(FileError) {
        let works = remaining.withLock { left in
            guard let now = left else { return true }
            if now == 0 { return false }
            left = now - 1
            return true
        }
        if !works { throw FileError(.other, path: path, "\(path): the power is off.") }
    }

    func openForReading(_ path: String) throws(FileError) -> any ReadableFile { try files.openForReading(path) }

    func create(_ path: String) throws(FileError) -> any AppendableFile {
        try count(path)
        return FailingFile(system: self, path: path, file: try files.create(path))
    }

    func openForAppending(_ path: String, truncatingTo length: Int) throws(FileError) -> any AppendableFile {
        try count(path)
        return FailingFile(system: self, path: path, file: try files.openForAppending(path, truncatingTo: length))
    }

    func makeDirectory(_ path: String) throws(FileError) {
        try count(path)
        try files.makeDirectory(path)
    }

    func list(_ directory: String) throws(FileError) -> [String] { try files.list(directory) }

    func rename(_ from: String, to: String) throws(FileError) {
        try count(from)
        try files.rename(from, to: to)
    }

    func hardLink(_ from: String, to: String) throws(FileError) {
        try count(from)
        try files.hardLink(from, to: to)
    }

    func remove(_ path: String) throws(FileError) {
        try count(path)
        try files.remove(path)
    }

    func syncDirectory(_ path: String) throws(FileError) {
        try count(path)
        try files.syncDirectory(path)
    }

    func status(_ path: String) throws(FileError) -> FileStatus? { try files.status(path) }

    func lock(_ directory: String) throws(FileError) -> DirectoryLock { try files.lock(directory) }
}

private struct FailingFile: AppendableFile {
    let system: FailingFileSystem
    let path: String
    let file: any AppendableFile

    var byteCount: Int { file.byteCount }

    func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        try system.count(path)
        try file.append(bytes)
    }

    func sync() throws(FileError) {
        try system.count(path)
        try file.sync()
    }

    func truncate(to length: Int) throws(FileError) {
        try system.count(path)
        try file.truncate(to: length)
    }

    func close() { file.close() }
}
