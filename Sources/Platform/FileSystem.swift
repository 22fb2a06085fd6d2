/// The files of a data directory, as far as storage needs them. The real one is ``PosixFileSystem``; tests use one that
/// forgets what was not synced.
///
/// Paths are absolute. Calls block. Every failure is a ``FileError`` that names the path.
public protocol FileSystem: Sendable {
    /// Opens a file for reading at positions.
    func openForReading(_ path: String) throws(FileError) -> any ReadableFile
    /// Creates an empty file, replacing what was there, for appending.
    func create(_ path: String) throws(FileError) -> any AppendableFile
    /// Opens an existing file to append behind its first `length` bytes; whatever stands behind them is cut off.
    func openForAppending(_ path: String, truncatingTo length: Int) throws(FileError) -> any AppendableFile
    /// Makes a directory and its parents.
    func makeDirectory(_ path: String) throws(FileError)
    /// The names in a directory, sorted; without `.` and `..`.
    func list(_ directory: String) throws(FileError) -> [String]
    /// Renames a file or directory, replacing a file of that name.
    func rename(_ from: String, to: String) throws(FileError)
    /// Gives a file that does not change any more a second name on the same disk; throws when something has that name.
    func hardLink(_ from: String, to: String) throws(FileError)
    /// Removes a file, or a directory with everything in it. What is not there is no error.
    func remove(_ path: String) throws(FileError)
    /// Makes the entries of a directory durable (fsync of the directory).
    func syncDirectory(_ path: String) throws(FileError)
    /// What stands at `path`: its size in bytes and whether it is a directory; nil when nothing does.
    func status(_ path: String) throws(FileError) -> FileStatus?
    /// Takes the lock of a directory for this process; ``FileError/Kind/locked`` when another one has it.
    func lock(_ directory: String) throws(FileError) -> DirectoryLock
}

/// A file open for reading at positions; safe to use from several threads.
public protocol ReadableFile: Sendable {
    /// The length in bytes when the file was opened.
    var byteCount: Int { get }
    /// Fills `buffer` from `offset`; throws when the file ends before the buffer is full.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileError)
    /// Closes the file.
    func close()
}

/// A file open for appending; one writer at a time.
public protocol AppendableFile: Sendable {
    /// How many bytes the file has.
    var byteCount: Int { get }
    /// Appends all of `bytes`; when it throws, a part of them may have been written.
    func append(_ bytes: UnsafeRawBufferPointer) throws(FileError)
    /// Makes what was appended durable (fdatasync).
    func sync() throws(FileError)
    /// Cuts the file back to `length` bytes.
    func truncate(to length: Int) throws(FileError)
    /// Closes the file.
    func close()
}

/// What stands at a path.
public struct FileStatus: Sendable, Equatable {
    /// The length in bytes; 0 for directories.
    public var byteCount: Int
    /// Whether it is a directory.
    public var isDirectory: Bool
    /// When its content last changed, nanoseconds since 1970.
    public var modified: UInt64

    /// Says what stands at a path.
    public init(byteCount: Int, isDirectory: Bool, modified: UInt64 = 0) {
        self.byteCount = byteCount
        self.isDirectory = isDirectory
        self.modified = modified
    }
}

extension ReadableFile {
    /// Reads `count` bytes from `offset`; throws when the file ends before. The caller bounds `count`.
    public func read(count: Int, at offset: Int) throws(FileError) -> [UInt8] {
        if count < 0 || offset < 0 || count > byteCount || offset > byteCount - count {
            throw FileError(.truncated, path: "", "\(count) bytes from byte \(offset) on do not exist: the file has \(byteCount).")
        }
        var failure: FileError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(FileError) {
                try read(into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]), at: offset)
                filled = count
            } catch { failure = error }
        }
        if let failure { throw failure }
        return bytes
    }
}

extension AppendableFile {
    /// Appends all of `bytes`; when it throws, a part of them may have been written.
    public func append(_ bytes: [UInt8]) throws(FileError) {
        try bytes.withUnsafeBytes { raw in Result<Void, FileError> { () throws(FileError) in try append(raw) } }.get()
    }
}

extension FileSystem {
    /// Reads a whole file of at most `limit` bytes.
    public func readAll(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        let file = try openForReading(path)
        defer { file.close() }
        if file.byteCount > limit {
            throw FileError(.tooLarge, path: path, "\(path) has \(file.byteCount) bytes, more than the \(limit) expected of it.")
        }
        return try file.read(count: file.byteCount, at: 0)
    }

    /// Writes a file so that after a crash either the old content or the new one is there: temporary name, sync, rename,
    /// sync of the directory.
    public func writeAtomically(_ bytes: [UInt8], to path: String) throws(FileError) {
        let temporary = path + ".tmp"
        let file = try create(temporary)
        defer { file.close() }
        try file.append(bytes)
        try file.sync()
        try rename(temporary, to: path)
        try syncDirectory(Self.parent(of: path))
    }

    /// The bytes of a file, or of all files in a directory and below; 0 when nothing is there.
    public func totalByteCount(_ path: String) throws(FileError) -> Int {
        guard let found = try status(path) else { return 0 }
        if !found.isDirectory { return found.byteCount }
        var sum = 0
        do throws(FileError) {
            for name in try list(path) { sum += try totalByteCount("\(path)/\(name)") }
        } catch {
            // Somebody may have removed the directory meanwhile.
            if error.kind != .notFound { throw error }
        }
        return sum
    }

    /// The directory that holds `path`.
    public static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }
}
