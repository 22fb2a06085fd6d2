import Platform
import SegmentLog
import Storage
import Synchronization
import TelemetryModel

/// The metric half of a store: log → head → blocks → merged blocks → retention.
///
/// A batch is resolved, logged and put into the head under one lock. A flush freezes the head, so that writes go on in a new
/// one, and writes the frozen one to a block. Readers copy what they need of the heads under the lock and work outside.
public final class MetricStore: Sendable {
    /// A head that is being written to a block.
    struct Frozen {
        var head: MetricHead
        /// The last log record whose samples it holds.
        var through: UInt64
    }

    /// What the lock protects.
    struct State {
        var head = MetricHead()
        var frozen: Frozen?
        /// By rising last sequence: samples of later blocks win.
        var blocks: [MetricBlock] = []
        /// What is kept beside samples and outlives them.
        var downsampled = DownsampledBlocks()
        /// Those of which blocks or log records are left, by rising sequence.
        var deletions: [MetricDeletion] = []
        /// Log records up to this one are in blocks.
        var flushedThrough: UInt64 = 0
        var damages: [String] = []
        var isClosed = false
        /// Why the last write failed, or nil when it did not.
        var refusal: String?
        /// Writes the payload of log records.
        let encoder = MetricLogEncoder()
        /// The rows of the batch being written; kept so that nothing is allocated for them.
        var rows: [AcceptedRow] = []
    }

    /// What only one flush or merge at a time uses; taken before the state.
    struct Workshop {
        var nextBlockID: UInt64
    }

    static let logName = "log"
    static let blocksName = "blocks"
    /// So many damages are named; there may be more.
    static let damageLimit = 100

    let options: MetricStoreOptions
    let fileSystem: any FileSystem
    let time: any TimeSource
    let log: SegmentLog
    let path: String
    /// What has been read of blocks.
    let cache: MetricPageCache
    let state: Mutex<State>
    let workshop: Mutex<Workshop>

    init(
        options: MetricStoreOptions, fileSystem: any FileSystem, time: any TimeSource, log: SegmentLog, path: String,
        cache: MetricPageCache, state: sending State, nextBlockID: UInt64
    ) {
        self.options = options
        self.fileSystem = fileSystem
        self.time = time
        self.log = log
        self.path = path
        self.cache = cache
        self.state = Mutex(state)
        workshop = Mutex(Workshop(nextBlockID: nextBlockID))
    }

    var blocksPath: String { "\(path)/\(Self.blocksName)" }

    static func requireOpen(_ state: State) throws(StorageError) {
        if state.isClosed { throw StorageError(.closed, "The store is shutting down.") }
    }

    /// Names a damaged block in the status and takes it out of use.
    static func setAside(_ damage: MetricBlockDamage, _ state: inout State) {
        state.replace([damage.id], by: nil)
        if state.damages.count < damageLimit { state.damages.append(damage.message) }
    }

    /// What callers are told of an error from below.
    static func storageError(_ error: any Error) -> any Error {
        switch error {
        case let error as FileError where error.kind == .noSpace:
            StorageError(.unavailable, "The disk is full: \(error) Nothing is taken in until there is room.")
        case let error as FileError: StorageError(.unavailable, "The disk is failing: \(error)")
        case let error as MetricBlockDamage: StorageError(.corrupt, error.message)
        default: error
        }
    }
}
