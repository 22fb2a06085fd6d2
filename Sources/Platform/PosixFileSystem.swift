#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The files of this machine. Interrupted calls are repeated, partial writes continued.
public struct PosixFileSystem: FileSystem {
    /// The files of this machine.
    public init() {}

    /// Opens with `O_RDONLY`.
    public func openForReading(_ path: String) throws(FileError) -> any ReadableFile {
        // A pipe in the place of a file would wait for somebody to write into it.
        let descriptor = try Self.open(path, O_RDONLY | O_NONBLOCK)
        do throws(FileError) {
            let found = try Self.check("read", path) { Self.fileStatus(descriptor) }
            if found.isDirectory { throw FileError(.other, path: path, "\(path) is a directory, not a file.") }
            return PosixReadableFile(descriptor, path: path, byteCount: found.byteCount)
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Opens with `O_CREAT | O_TRUNC | O_APPEND`; only the owner may read and write.
    public func create(_ path: String) throws(FileError) -> any AppendableFile {
        PosixAppendableFile(try Self.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND), path: path, byteCount: 0)
    }

    /// Opens with `O_APPEND` and cuts the file to `length` bytes.
    public func openForAppending(_ path: String, truncatingTo length: Int) throws(FileError) -> any AppendableFile {
        let file = PosixAppendableFile(try Self.open(path, O_WRONLY | O_APPEND), path: path, byteCount: length)
        try file.truncate(to: length)
        return file
    }

    /// `mkdir` for each part that is missing; only the owner may enter.
    public func makeDirectory(_ path: String) throws(FileError) {
        if mkdir(path, 0o700) == 0 { return }
        switch errno {
        case EEXIST:
            guard let found = try status(path), found.isDirectory else {
                throw FileError(.other, path: path, "\(path) exists and is not a directory.")
            }
        case ENOENT where Self.parent(of: path) != path:
            try makeDirectory(Self.parent(of: path))
            if mkdir(path, 0o700) != 0, errno != EEXIST { throw Self.error(errno, "make the directory", path) }
        default: throw Self.error(errno, "make the directory", path)
        }
    }

    /// `readdir`.
    public func list(_ directory: String) throws(FileError) -> [String] {
        guard let stream = opendir(directory) else { throw Self.error(errno, "list", directory) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// `rename`.
    public func rename(_ from: String, to: String) throws(FileError) {
        try Self.check("rename", from) { systemRename(from, to) == 0 ? () : nil }
    }

    /// `link`.
    public func hardLink(_ from: String, to: String) throws(FileError) {
        try Self.check("link", from) { link(from, to) == 0 ? () : nil }
    }

    /// `unlink`, or `rmdir` after everything in the directory; symbolic links are not followed.
    public func remove(_ path: String) throws(FileError) {
        var found = stat()
        if lstat(path, &found) != 0 {
            if errno == ENOENT { return }
            throw Self.error(errno, "remove", path)
        }
        if found.st_mode & S_IFMT == S_IFDIR {
            for name in try list(path) { try remove("\(path)/\(name)") }
            try Self.check("remove", path) { rmdir(path) == 0 ? () : nil }
        } else {
            try Self.check("remove", path) { unlink(path) == 0 ? () : nil }
        }
    }

    /// `fsync` of the directory.
    public func syncDirectory(_ path: String) throws(FileError) {
        let descriptor = try Self.open(path, O_RDONLY | O_DIRECTORY)
        defer { close(descriptor) }
        try Self.check("sync", path) { fsync(descriptor) == 0 ? () : nil }
    }

    /// `stat`.
    public func status(_ path: String) throws(FileError) -> FileStatus? {
        var found = stat()
        if stat(path, &found) == 0 { return Self.fileStatus(found) }
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw Self.error(errno, "look at", path)
    }

    /// `flock` of the file ``DirectoryLock/fileName``, which stays there when the lock is given back.
    public func lock(_ directory: String) throws(FileError) -> DirectoryLock {
        let path = "\(directory)/\(DirectoryLock.fileName)"
        let descriptor = try Self.open(path, O_RDWR | O_CREAT)
        do throws(FileError) {
            try Self.check("lock", path) { flock(descriptor, LOCK_EX | LOCK_NB) == 0 ? () : nil }
        } catch {
            close(descriptor)
            throw error
        }
        return DirectoryLock {
            // Closing alone would leave the lock to a child process that was just being started and has the descriptor, too.
            flock(descriptor, LOCK_UN)
            close(descriptor)
        }
    }

    // MARK: - System calls

    private static func open(_ path: String, _ flags: Int32) throws(FileError) -> Int32 {
        try check("open", path) {
            let descriptor = systemOpen(path, flags | O_CLOEXEC, 0o600)
            return descriptor >= 0 ? descriptor : nil
        }
    }

    /// Calls `body` until it is not interrupted; nil is a failure with `errno`.
    static func check<Result>(_ action: String, _ path: String, _ body: () -> Result?) throws(FileError) -> Result {
        while true {
            if let result = body() { return result }
            let code = errno
            if code != EINTR { throw error(code, action, path) }
        }
    }

    static func error(_ code: Int32, _ action: String, _ path: String) -> FileError {
        let kind: FileError.Kind =
            switch code {
            case ENOENT, ENOTDIR: .notFound
            case ENOSPC, EDQUOT: .noSpace
            case EACCES, EPERM, EROFS: .notPermitted
            case EWOULDBLOCK: .locked
            default: .other
            }
        return FileError(kind, path: path, "Cannot \(action) \(path): \(String(cString: strerror(code))).")
    }

    private static func fileStatus(_ descriptor: Int32) -> FileStatus? {
        var found = stat()
        return fstat(descriptor, &found) == 0 ? fileStatus(found) : nil
    }

    private static func fileStatus(_ found: stat) -> FileStatus {
        #if canImport(Glibc)
            let time = found.st_mtim
        #else
            let time = found.st_mtimespec
        #endif
        let isDirectory = found.st_mode & S_IFMT == S_IFDIR
        let modified = UInt64(max(0, time.tv_sec)) &* 1_000_000_000 &+ UInt64(max(0, time.tv_nsec))
        return FileStatus(byteCount: isDirectory ? 0 : Int(found.st_size), isDirectory: isDirectory, modified: modified)
    }
}

// Inside the types these names mean their own methods.
private func systemRename(_ from: String, _ to: String) -> Int32 { rename(from, to) }
private func systemOpen(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 { open(path, flags, mode) }
