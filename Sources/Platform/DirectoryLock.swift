import Synchronization

/// A lock on a directory: one process at a time has it, and it ends with the process at the latest.
public final class DirectoryLock: Sendable {
    private let release: Mutex<(@Sendable () -> Void)?>

    /// Wraps a lock that has been taken; `release` is called once.
    init(release: @escaping @Sendable () -> Void) { self.release = Mutex(release) }

    deinit { unlock() }

    /// Gives the lock back; a second call does nothing.
    public func unlock() {
        let release = release.withLock { held in
            defer { held = nil }
            return held
        }
        release?()
    }

    /// The name of the file that is locked in the directory.
    public static let fileName = "lock"
}
