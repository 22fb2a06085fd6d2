import Platform
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The files of this machine, for a process that is to die by SIGKILL in the middle of its work: before, half-way through or
/// after the operation of a phase whose turn it is.
public final class KillingFileSystem: FileSystem {
    /// When the process dies.
    public enum Moment: String, CaseIterable, Sendable { case before, half, after }

    private struct State {
        var activity = StoreActivity()
        /// The thread that follows the order.
        var thread: UInt?
        /// The threads that write.
        var writers: Set<UInt> = []
        var operationsLeft: Int
    }

    private let base = PosixFileSystem()
    private let subject: String
    private let phase: KillPhase
    private let moment: Moment
    private let state: Mutex<State>

    /// The process dies at an operation of `phase` on the files of `subject`, after `count` others of it.
    public init(_ subject: String, _ phase: KillPhase, _ moment: Moment, after count: Int) {
        self.subject = subject
        self.phase = phase
        self.moment = moment
        state = Mutex(State(operationsLeft: count))
    }

    /// Runs an order to the store.
    public func during<Result>(_ name: StoreActivity.Name, _ body: () throws -> Result) rethrows -> Result {
        let thread = Self.thread
        state.withLock { ($0.activity, $0.thread) = (StoreActivity(name: name), thread) }
        defer { state.withLock { ($0.activity, $0.thread) = (StoreActivity(), nil) } }
        return try body()
    }

    /// Notes that the thread that asks writes to the store.
    public func noteWriter() {
        let thread = Self.thread
        _ = state.withLock { $0.writers.insert(thread) }
    }

    /// Ends the process as `kill -9` does; says where before.
    public static func die(_ line: FaultLine) -> Never {
        line.print()
        kill(getpid(), SIGKILL)
        while true { pause() }
    }

    /// The thread that asks.
    private static var thread: UInt {
        #if canImport(Glibc)
            UInt(pthread_self())
        #else
            UInt(bitPattern: pthread_self())
        #endif
    }

    /// Runs an operation, or as much of it as the process has time for.
    fileprivate func perform<Result>(
        _ operation: FileOperation, half: () throws(FileError) -> Void = {}, _ body: () throws(FileError) -> Result
    ) throws(FileError) -> Result {
        let isDue = state.withLock { state in
            var activity = state.activity
            activity.isOwn = state.thread == Self.thread
            activity.isOfPool = !activity.isOwn && !state.writers.contains(Self.thread)
            guard phase.contains(operation, during: activity, of: subject) else { return false }
            state.operationsLeft -= 1
            return state.operationsLeft < 0
        }
        if isDue {
            if moment == .half { try half() }
            if moment == .after { _ = try body() }
            Self.die(.killed(operation, moment))
        }
        return try body()
    }

    // MARK: - FileSystem

    /// Opens a file for reading.
    public func openForReading(_ path: String) throws(FileError) -> any ReadableFile { try base.openForReading(path) }

    /// Creates a file.
    public func create(_ path: String) throws(FileError) -> any AppendableFile {
        let file = try perform(FileOperation(kind: .create, path: path)) { () throws(FileError) in try base.create(path) }
        return KillingFile(self, file, path)
    }

    /// Opens a file for appending.
    public func openForAppending(_ path: String, truncatingTo length: Int) throws(FileError) -> any AppendableFile {
        let file = try perform(FileOperation(kind: .truncate, path: path)) { () throws(FileError) in
            try base.openForAppending(path, truncatingTo: length)
        }
        return KillingFile(self, file, path)
    }

    /// Makes a directory.
    public func makeDirectory(_ path: String) throws(FileError) {
        try perform(FileOperation(kind: .makeDirectory, path: path)) { () throws(FileError) in try base.makeDirectory(path) }
    }

    /// The names in a directory.
    public func list(_ directory: String) throws(FileError) -> [String] { try base.list(directory) }

    /// Renames a file or directory.
    public func rename(_ from: String, to: String) throws(FileError) {
        try perform(FileOperation(kind: .rename, path: from, target: to)) { () throws(FileError) in try base.rename(from, to: to) }
        if !KillPhase.isTemporary(to) { state.withLock { $0.activity.namedBlocks += 1 } }
    }

    /// Gives a file a second name.
    public func hardLink(_ from: String, to: String) throws(FileError) {
        try perform(FileOperation(kind: .hardLink, path: to)) { () throws(FileError) in try base.hardLink(from, to: to) }
    }

    /// Removes a file or directory; half-way only a part of what is in a directory is gone.
    public func remove(_ path: String) throws(FileError) {
        if try base.status(path) == nil { return }
        try perform(FileOperation(kind: .remove, path: path)) { () throws(FileError) in
            guard try base.status(path)?.isDirectory == true else { return }
            let names = try base.list(path)
            for name in names.prefix((names.count + 1) / 2) { try base.remove("\(path)/\(name)") }
        } _: { () throws(FileError) in
            try base.remove(path)
        }
    }

    /// Makes the entries of a directory durable.
    public func syncDirectory(_ path: String) throws(FileError) {
        try perform(FileOperation(kind: .syncDirectory, path: path)) { () throws(FileError) in try base.syncDirectory(path) }
    }

    /// What stands at a path.
    public func status(_ path: String) throws(FileError) -> FileStatus? { try base.status(path) }

    /// Takes the lock of a directory.
    public func lock(_ directory: String) throws(FileError) -> DirectoryLock { try base.lock(directory) }
}

/// A file whose appends the process may not survive.
private final class KillingFile: AppendableFile {
    private let system: KillingFileSystem
    private let file: any AppendableFile
    private let path: String

    init(_ system: KillingFileSystem, _ file: any AppendableFile, _ path: String) {
        self.system = system
        self.file = file
        self.path = path
    }

    var byteCount: Int { file.byteCount }

    func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        let kind: FileOperation.Kind = file.byteCount == 0 ? .header : .append
        try system.perform(FileOperation(kind: kind, path: path)) { () throws(FileError) in
            // Not always the middle: a record may end in its length, its checksum or its payload.
            try file.append(UnsafeRawBufferPointer(rebasing: bytes[..<Int.random(in: 0...bytes.count)]))
        } _: { () throws(FileError) in
            try file.append(bytes)
        }
    }

    func sync() throws(FileError) {
        try system.perform(FileOperation(kind: .sync, path: path)) { () throws(FileError) in try file.sync() }
    }

    func truncate(to length: Int) throws(FileError) {
        try system.perform(FileOperation(kind: .truncate, path: path)) { () throws(FileError) in try file.truncate(to: length) }
    }

    func close() { file.close() }
}
