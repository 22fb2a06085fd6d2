import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A descriptor that is closed once. Nothing may be in progress on it then.
private final class Descriptor: Sendable {
    let number: Int32
    private let isClosed = Atomic(false)

    init(_ number: Int32) { self.number = number }

    deinit { close() }

    func close() {
        if !isClosed.exchange(true, ordering: .relaxed) { systemClose(number) }
    }
}

private func systemClose(_ descriptor: Int32) { close(descriptor) }

/// A file read with `pread`.
final class PosixReadableFile: ReadableFile {
    let byteCount: Int
    private let path: String
    private let descriptor: Descriptor

    init(_ descriptor: Int32, path: String, byteCount: Int) {
        self.descriptor = Descriptor(descriptor)
        self.path = path
        self.byteCount = byteCount
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileError) {
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = try PosixFileSystem.check("read", path) {
                let count = pread(descriptor.number, rest.baseAddress, rest.count, off_t(offset + done))
                return count >= 0 ? count : nil
            }
            if count == 0 {
                throw FileError(.truncated, path: path, "\(path) ends at byte \(offset + done), \(rest.count) bytes too early.")
            }
            done += count
        }
    }

    func close() { descriptor.close() }
}

/// A file written with `write` at its end.
final class PosixAppendableFile: AppendableFile {
    private let path: String
    private let descriptor: Descriptor
    private let length: Atomic<Int>

    init(_ descriptor: Int32, path: String, byteCount: Int) {
        self.descriptor = Descriptor(descriptor)
        self.path = path
        length = Atomic(byteCount)
    }

    var byteCount: Int { length.load(ordering: .relaxed) }

    func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = try PosixFileSystem.check("write", path) {
                let count = write(descriptor.number, rest.baseAddress, rest.count)
                return count >= 0 ? count : nil
            }
            done += count
            length.add(count, ordering: .relaxed)
        }
    }

    func sync() throws(FileError) {
        try PosixFileSystem.check("sync", path) {
            #if canImport(Glibc)
                fdatasync(descriptor.number) == 0 ? () : nil
            #else
                fcntl(descriptor.number, F_FULLFSYNC) == 0 ? () : nil
            #endif
        }
    }

    func truncate(to length: Int) throws(FileError) {
        try PosixFileSystem.check("truncate", path) { ftruncate(descriptor.number, off_t(length)) == 0 ? () : nil }
        self.length.store(length, ordering: .relaxed)
    }

    func close() { descriptor.close() }
}
