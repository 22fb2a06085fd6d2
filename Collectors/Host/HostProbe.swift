import CollectorKit

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What the host collector asks of the operating system; tests put captured files in its place.
public struct HostProbe: Sendable {
    /// A file below `/proc`, such as `net/dev`; nil when it is not there or cannot be read.
    public var read: @Sendable (_ name: String) -> [UInt8]?
    /// How many processes exist.
    public var processCount: @Sendable () -> Int
    /// How full the file system at a mount point is; nil when it does not say.
    public var usage: @Sendable (_ mountPoint: String) -> FilesystemUsage?
    /// How many clock ticks `/proc/stat` counts in a second.
    public var ticksPerSecond: UInt64

    /// Puts a probe together.
    public init(
        ticksPerSecond: UInt64, read: @escaping @Sendable (String) -> [UInt8]?,
        processCount: @escaping @Sendable () -> Int, usage: @escaping @Sendable (String) -> FilesystemUsage?
    ) {
        self.ticksPerSecond = ticksPerSecond
        self.read = read
        self.processCount = processCount
        self.usage = usage
    }

    /// The largest file of `/proc` that is read; 512 CPUs with their interrupts need about 1 MiB.
    public static let fileByteLimit = 4 << 20

    /// The machine that this process runs on.
    public static let live = HostProbe(
        ticksPerSecond: UInt64(max(1, sysconf(Int32(_SC_CLK_TCK)))), read: { readFile("/proc/" + $0) },
        processCount: countProcesses, usage: statistics)

    /// Reads to the end: files of `/proc` say that they have no bytes.
    private static func readFile(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while bytes.count < fileByteLimit {
            let count = chunk.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, off_t(bytes.count)) }
            if count < 0, errno == EINTR { continue }
            if count < 0 { return nil }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
        }
        return nil
    }

    /// Counts the folders of `/proc` that are named by a number.
    private static func countProcesses() -> Int {
        guard let directory = opendir("/proc") else { return 0 }
        defer { closedir(directory) }
        var count = 0
        while let entry = readdir(directory) {
            if (0x31...0x39).contains(entry.pointee.d_name.0) { count += 1 }
        }
        return count
    }

    private static func statistics(_ mountPoint: String) -> FilesystemUsage? {
        var answer = statvfs()
        guard statvfs(mountPoint, &answer) == 0 else { return nil }
        return FilesystemUsage(
            blockByteCount: UInt64(answer.f_frsize), blocks: UInt64(answer.f_blocks), freeBlocks: UInt64(answer.f_bfree),
            availableBlocks: UInt64(answer.f_bavail), files: UInt64(answer.f_files), freeFiles: UInt64(answer.f_ffree))
    }
}
