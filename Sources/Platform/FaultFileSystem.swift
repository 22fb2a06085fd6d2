import Synchronization

/// Files in memory that forget what was not synced, for tests of storage.
///
/// At ``powerLoss()`` a file keeps what was synced and, as chance has it, a part of what was appended behind it, possibly
/// torn. What was made, renamed or removed in a directory since its last `syncDirectory` has happened or not, each by
/// itself: a file may be gone, or back, while another is not; only a rename happens as a whole, and changes of one name in
/// their order. After a failed sync later syncs of the file say that they worked and make nothing durable, as Linux does
/// with pages it has dropped.
public final class FaultFileSystem: FileSystem {
    private let state: Mutex<FaultState>

    /// An empty root directory; `seed` decides what a loss of power leaves.
    public init(seed: UInt64) { state = Mutex(FaultState(seed: seed)) }

    // MARK: - Faults

    /// Everything that was open is lost, and of the rest what was not synced. Locks are free again.
    public func powerLoss() { state.withLock { $0.powerLoss() } }

    /// The process ends: what was open is closed, locks are free again, nothing is lost, nor is anything synced.
    public func endProcess() { state.withLock { $0.endProcess() } }

    /// The power fails after `count` more changes: a last append is partial, and every change after it throws. Whoever uses
    /// the files is as good as dead then; ``powerLoss()`` comes next, or ``endProcess()`` if it was but killed.
    public func failPower(afterChanges count: Int) { state.withLock { $0.changesLeft = count } }

    /// Whether the power has failed.
    public var hasPowerFailed: Bool { state.withLock { $0.changesLeft == 0 } }

    /// The next `count` syncs of files fail.
    public func failSyncs(_ count: Int) { state.withLock { $0.failingSyncs = count } }

    /// At most so many bytes fit into all files; nil for no limit. Writes beyond it are partial and fail as `noSpace`.
    public func setCapacity(_ byteCount: Int?) { state.withLock { $0.capacity = byteCount } }

    /// After `first` more changes the next `count` find no room: nothing of them happens but a part of what is appended.
    public func refuseChanges(after first: Int, count: Int) {
        state.withLock { $0.refusedChanges = first..<(first + count) }
    }

    /// Whether a change has found no room since that was asked for.
    public var hasRefusedChanges: Bool { state.withLock { $0.refusedChanges.lowerBound < 0 } }

    /// Whether making, renaming and writing anything is refused as on a read-only file system.
    public func setReadOnly(_ readOnly: Bool) { state.withLock { $0.isReadOnly = readOnly } }

    /// Overwrites bytes of a file, as a failing disk does. Durable at once.
    public func corrupt(_ path: String, _ change: @Sendable (inout [UInt8]) -> Void) throws(FileError) {
        try state.withLock { state throws(FileError) in
            let node = try state.file(path)
            change(&node.bytes)
            node.makeDurable()
        }
    }

    /// How many bytes all files have.
    public var byteCount: Int { state.withLock { $0.totalByteCount } }

    // MARK: - FileSystem

    /// Opens a file for reading.
    public func openForReading(_ path: String) throws(FileError) -> any ReadableFile {
        try state.withLock { state throws(FileError) in
            let node = try state.file(path)
            return FaultReadableFile(self, node.id, path: path, epoch: state.epoch, byteCount: node.bytes.count)
        }
    }

    /// Creates a file.
    public func create(_ path: String) throws(FileError) -> any AppendableFile {
        try state.withLock { state throws(FileError) in
            try state.requireWritable(path)
            let parent = try state.directory(Self.parent(of: path))
            let name = Self.name(of: path)
            if let node = parent.entries[name] {
                if node.isDirectory { throw FileError(.other, path: path, "\(path) is a directory.") }
                try state.beginChange(path)
                node.truncate(to: 0)
                // The pages that could not be written are gone.
                node.hasFailedSync = false
                return FaultAppendableFile(self, node.id, path: path, epoch: state.epoch)
            }
            try state.beginChange(path)
            let node = state.makeNode(isDirectory: false)
            state.change([FaultEntry(directory: parent, name: name, node: node)])
            return FaultAppendableFile(self, node.id, path: path, epoch: state.epoch)
        }
    }

    /// Opens a file for appending.
    public func openForAppending(_ path: String, truncatingTo length: Int) throws(FileError) -> any AppendableFile {
        let file = try state.withLock { state throws(FileError) in
            try state.requireWritable(path)
            return FaultAppendableFile(self, try state.file(path).id, path: path, epoch: state.epoch)
        }
        try file.truncate(to: length)
        return file
    }

    /// Makes a directory and its parents.
    public func makeDirectory(_ path: String) throws(FileError) {
        try state.withLock { state throws(FileError) in
            var node = state.root
            for part in Self.parts(path) {
                if let next = node.entries[part] {
                    if !next.isDirectory { throw FileError(.other, path: path, "\(path) exists and is not a directory.") }
                    node = next
                } else {
                    try state.requireWritable(path)
                    try state.beginChange(path)
                    let next = state.makeNode(isDirectory: true)
                    state.change([FaultEntry(directory: node, name: part, node: next)])
                    node = next
                }
            }
        }
    }

    /// The names in a directory.
    public func list(_ directory: String) throws(FileError) -> [String] {
        try state.withLock { state throws(FileError) in try state.directory(directory).entries.keys.sorted() }
    }

    /// Renames a file or directory.
    public func rename(_ from: String, to: String) throws(FileError) {
        try state.withLock { state throws(FileError) in
            try state.requireWritable(from)
            let source = try state.directory(Self.parent(of: from))
            let target = try state.directory(Self.parent(of: to))
            guard let node = source.entries[Self.name(of: from)] else {
                throw FileError(.notFound, path: from, "Cannot rename \(from): nothing is there.")
            }
            if let old = target.entries[Self.name(of: to)], old.isDirectory, !old.entries.isEmpty {
                throw FileError(.other, path: to, "Cannot rename \(from) to \(to): the directory is not empty.")
            }
            try state.beginChange(from)
            state.change([
                FaultEntry(directory: source, name: Self.name(of: from), node: nil),
                FaultEntry(directory: target, name: Self.name(of: to), node: node),
            ])
        }
    }

    /// Gives a file a second name.
    public func hardLink(_ from: String, to: String) throws(FileError) {
        try state.withLock { state throws(FileError) in
            try state.requireWritable(to)
            let node = try state.file(from)
            let target = try state.directory(Self.parent(of: to))
            if target.entries[Self.name(of: to)] != nil {
                throw FileError(.other, path: to, "Cannot link \(from) to \(to): something has that name.")
            }
            try state.beginChange(to)
            state.change([FaultEntry(directory: target, name: Self.name(of: to), node: node)])
        }
    }

    /// Removes a file or a directory with everything in it.
    public func remove(_ path: String) throws(FileError) {
        try state.withLock { state throws(FileError) in
            try state.requireWritable(path)
            guard let parent = state.node(Self.parent(of: path)) else { return }
            try state.remove(Self.name(of: path), in: parent, path)
        }
    }

    /// Makes the entries of a directory durable.
    public func syncDirectory(_ path: String) throws(FileError) {
        try state.withLock { state throws(FileError) in
            let node = try state.directory(path)
            try state.beginChange(path)
            state.sync(node)
        }
    }

    /// What stands at a path.
    public func status(_ path: String) throws(FileError) -> FileStatus? {
        state.withLock { state in
            state.node(path).map { FileStatus(byteCount: $0.bytes.count, isDirectory: $0.isDirectory) }
        }
    }

    /// Takes the lock of a directory.
    public func lock(_ directory: String) throws(FileError) -> DirectoryLock {
        let epoch = try state.withLock { state throws(FileError) in
            try state.requireWritable(directory)
            _ = try state.directory(directory)
            if !state.locks.insert(directory).inserted {
                throw FileError(.locked, path: directory, "Cannot lock \(directory): another process has it.")
            }
            return state.epoch
        }
        return DirectoryLock { [weak self] in
            self?.state.withLock { state in
                if state.epoch == epoch { state.locks.remove(directory) }
            }
        }
    }

    // MARK: -

    /// Runs `body` on a file that was opened in `epoch`.
    fileprivate func withOpenFile<Result: Sendable>(
        _ id: Int, path: String, epoch: Int, _ body: (inout FaultState, FaultNode) throws(FileError) -> Result
    ) throws(FileError) -> Result {
        try state.withLock { state throws(FileError) in
            guard state.epoch == epoch, let node = state.nodes[id] else {
                throw FileError(.other, path: path, "\(path) was open when the power was lost.")
            }
            return try body(&state, node)
        }
    }

    static func parts(_ path: String) -> [String] { path.split(separator: "/").map(String.init) }
    static func name(of path: String) -> String { parts(path).last ?? "" }
}

private final class FaultReadableFile: ReadableFile {
    let byteCount: Int
    private let system: FaultFileSystem
    private let id: Int
    private let path: String
    private let epoch: Int

    init(_ system: FaultFileSystem, _ id: Int, path: String, epoch: Int, byteCount: Int) {
        self.system = system
        self.id = id
        self.path = path
        self.epoch = epoch
        self.byteCount = byteCount
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileError) {
        let count = buffer.count
        let bytes = try system.withOpenFile(id, path: path, epoch: epoch) { _, node throws(FileError) in
            guard offset >= 0, offset <= node.bytes.count, count <= node.bytes.count - offset else {
                throw FileError(.truncated, path: path, "\(path) ends at byte \(node.bytes.count), too early.")
            }
            return Array(node.bytes[offset..<(offset + count)])
        }
        buffer.copyBytes(from: bytes)
    }

    func close() {}
}

private final class FaultAppendableFile: AppendableFile {
    private let system: FaultFileSystem
    private let id: Int
    private let path: String
    private let epoch: Int

    init(_ system: FaultFileSystem, _ id: Int, path: String, epoch: Int) {
        self.system = system
        self.id = id
        self.path = path
        self.epoch = epoch
    }

    var byteCount: Int {
        (try? system.withOpenFile(id, path: path, epoch: epoch) { _, node throws(FileError) in node.bytes.count }) ?? 0
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        let copy = Array(bytes)
        try system.withOpenFile(id, path: path, epoch: epoch) { state, node throws(FileError) in
            try state.requireWritable(path)
            let isRefused = state.isNextRefused
            if isRefused { node.bytes.append(contentsOf: copy.prefix(state.partialCount(copy.count))) }
            try state.beginChange(path)
            let reaching = state.changesLeft == 0 ? state.partialCount(copy.count) : copy.count
            let room = state.capacity.map { max(0, $0 - state.totalByteCount) } ?? .max
            node.bytes.append(contentsOf: copy.prefix(min(room, reaching)))
            if copy.count > reaching { throw FileError(.other, path: path, "Cannot write \(path): the power has failed.") }
            if copy.count > room { throw FileError(.noSpace, path: path, "Cannot write \(path): no space left on device.") }
        }
    }

    func sync() throws(FileError) {
        try system.withOpenFile(id, path: path, epoch: epoch) { state, node throws(FileError) in
            if state.failingSyncs > 0 {
                state.failingSyncs -= 1
                node.hasFailedSync = true
                throw FileError(.other, path: path, "Cannot sync \(path): input/output error.")
            }
            try state.beginChange(path)
            if !node.hasFailedSync { node.makeDurable() }
        }
    }

    func truncate(to length: Int) throws(FileError) {
        try system.withOpenFile(id, path: path, epoch: epoch) { state, node throws(FileError) in
            if length == node.bytes.count { return }
            try state.beginChange(path)
            node.truncate(to: length)
        }
    }

    func close() {}
}
