import CollectorKit
import TelemetryModel

/// `/proc/self/mountinfo`: what is mounted where (proc_pid_mountinfo(5)).
struct MountTable: Equatable {
    /// How many file systems are reported.
    static let mountLimit = 256

    struct Mount: Equatable {
        /// Major and minor number; equal for several mounts of one file system.
        var deviceNumber: String
        var device: String
        var mountPoint: String
        var type: String
        var isReadOnly: Bool
    }

    /// One mount for each file system that holds data on this host, the first in the order of the table.
    var mounts: [Mount] = []

    /// Kernel interfaces, memory, read-only images, and what lies on other hosts: asking a file server that is away how
    /// full it is can hang for ever.
    static let typesLeftOut: Set<String> = [
        "9p", "afs", "autofs", "binder", "binfmt_misc", "bpf", "ceph", "cgroup", "cgroup2", "cifs", "configfs", "debugfs",
        "devpts", "devtmpfs", "efivarfs", "erofs", "fuse.gvfsd-fuse", "fuse.lxcfs", "fuse.portal", "fuse.sshfs", "fusectl",
        "glusterfs", "hugetlbfs", "iso9660", "lustre", "mqueue", "ncpfs", "nfs", "nfs4", "nfsd", "nsfs", "proc", "pstore",
        "ramfs", "rootfs", "rpc_pipefs", "securityfs", "selinuxfs", "smb3", "smbfs", "squashfs", "sysfs", "tmpfs", "tracefs",
    ]

    init(parsing bytes: [UInt8]) {
        var seen: Set<String> = []
        for line in TextFields.lines(bytes, limit: 4096) where mounts.count < Self.mountLimit {
            guard let mount = Self.mount(line), !Self.typesLeftOut.contains(mount.type) else { continue }
            // A container's root is an overlay; those of other containers are parts of a file system that is listed anyway.
            if mount.type == "overlay", mount.mountPoint != "/" { continue }
            if seen.insert(mount.deviceNumber).inserted { mounts.append(mount) }
        }
    }

    /// Reads `36 35 98:0 /root /mnt rw,noatime master:1 - ext3 /dev/sda1 rw`; optional fields end with the lone hyphen.
    private static func mount(_ line: ArraySlice<UInt8>) -> Mount? {
        let fields = TextFields.fields(line, limit: 64)
        guard fields.count >= 9, let hyphen = fields[6...].firstIndex(where: { $0.equals("-") }), hyphen + 2 < fields.count
        else { return nil }
        return Mount(
            deviceNumber: fields[2].text, device: unescaped(fields[hyphen + 2]), mountPoint: unescaped(fields[4]),
            type: fields[hyphen + 1].text, isReadOnly: fields[5].equals("ro") || fields[5].begins(with: "ro,"))
    }

    /// Blanks, tabs, line ends and backslashes stand as a backslash and three octal digits.
    private static func unescaped(_ field: ArraySlice<UInt8>) -> String {
        var bytes: [UInt8] = []
        var index = field.startIndex
        while index < field.endIndex {
            let rest = field[index...].prefix(4)
            if rest.first == 0x5C, rest.count == 4, rest.dropFirst().allSatisfy({ (0x30...0x37).contains($0) }) {
                bytes.append(rest.dropFirst().reduce(0) { $0 &* 8 &+ ($1 &- 0x30) })
                index += 4
            } else {
                bytes.append(field[index])
                index += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    func metrics(usage: (String) -> FilesystemUsage?) -> [CollectedMetric] {
        var usagePoints: [MetricPoint] = []
        var limitPoints: [MetricPoint] = []
        var inodePoints: [MetricPoint] = []
        for mount in mounts {
            guard let usage = usage(mount.mountPoint), usage.blocks > 0 else { continue }
            let attributes = [
                Attribute("system.device", mount.device), Attribute("system.filesystem.mountpoint", mount.mountPoint),
                Attribute("system.filesystem.type", mount.type),
                Attribute("system.filesystem.mode", mount.isReadOnly ? "ro" : "rw"),
            ]
            limitPoints.append(MetricPoint(MetricValue(clamping: usage.byteCount), attributes))
            for (state, bytes) in usage.states {
                usagePoints.append(
                    MetricPoint(MetricValue(clamping: bytes), attributes + [Attribute("system.filesystem.state", state)]))
            }
            // Some file systems, such as btrfs, have no fixed number of inodes and say 0.
            if usage.files == 0 { continue }
            for (state, count) in [("used", usage.files.clampedSubtracting(usage.freeFiles)), ("free", usage.freeFiles)] {
                inodePoints.append(
                    MetricPoint(MetricValue(clamping: count), attributes + [Attribute("system.filesystem.state", state)]))
            }
        }
        return [
            CollectedMetric(
                "system.filesystem.usage", unit: "By", .upDownCounter, "Space by state; the states add up to the limit.",
                points: usagePoints),
            CollectedMetric(
                "system.filesystem.limit", unit: "By", .upDownCounter, "Space that the file system has.", points: limitPoints),
            CollectedMetric(
                "system.filesystem.inodes.usage", unit: "{inode}", .upDownCounter, "Inodes by state.", points: inodePoints),
        ]
    }
}

/// How full a file system is, as statvfs(3) tells it.
public struct FilesystemUsage: Sendable, Equatable {
    /// The size of a block in bytes.
    public var blockByteCount: UInt64
    /// How many blocks there are.
    public var blocks: UInt64
    /// How many of them are free, those kept for root included.
    public var freeBlocks: UInt64
    /// How many of them everybody may use.
    public var availableBlocks: UInt64
    /// How many inodes there are.
    public var files: UInt64
    /// How many of them are free.
    public var freeFiles: UInt64

    /// Puts the figures together.
    public init(
        blockByteCount: UInt64, blocks: UInt64, freeBlocks: UInt64, availableBlocks: UInt64, files: UInt64, freeFiles: UInt64
    ) {
        self.blockByteCount = blockByteCount
        self.blocks = blocks
        self.freeBlocks = freeBlocks
        self.availableBlocks = availableBlocks
        self.files = files
        self.freeFiles = freeFiles
    }

    var byteCount: UInt64 { blocks.clampedMultiplying(blockByteCount) }

    var states: [(String, UInt64)] {
        [
            ("used", blocks.clampedSubtracting(freeBlocks).clampedMultiplying(blockByteCount)),
            ("free", availableBlocks.clampedMultiplying(blockByteCount)),
            ("reserved", freeBlocks.clampedSubtracting(availableBlocks).clampedMultiplying(blockByteCount)),
        ]
    }
}
