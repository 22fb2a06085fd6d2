import ByteCoding
import Platform
import SegmentLog
import Storage
import Synchronization
import TelemetryModel
import TraceAnalysis

/// The span half of a store: log → head → blocks → merged blocks → retention.
///
/// A batch is compared with what is there, logged and put into the head; the head is cut into blocks, blocks are merged,
/// old ones deleted. Readers take a snapshot of head and blocks under the lock and work outside of it.
public final class SpanStore: Sendable {
    /// What the lock protects.
    struct State {
        var head = SpanHead()
        /// The blocks whose spans are to be seen.
        var blocks: [SpanBlock] = []
        /// The blocks whose spans sampling holds back, or whose spans are gone: they count in rollups, and replays find them.
        var held: [SpanBlock] = []
        /// Rises with every change of the list of blocks.
        var blocksVersion: UInt64 = 0
        var damages: [String] = []
        var isClosed = false
        /// Why the last write or cut failed, or nil when it did not.
        var refusal: String?

        /// All blocks.
        var stored: [SpanBlock] { blocks + held }

        /// Takes a new block in.
        mutating func add(_ block: SpanBlock) {
            if block.isHeld { held.append(block) } else { blocks.append(block) }
        }
    }

    /// What only one cut or merge at a time uses; taken before the state.
    struct Workshop {
        var nextBlockID: UInt64
        /// Superseded blocks whose directory could not be removed yet; whatever is written next names them again.
        var undeleted: [UInt64] = []
    }

    /// What readers work with.
    struct Snapshot {
        var head: SpanHead
        /// The blocks whose spans are to be seen.
        var blocks: [SpanBlock]
        /// The blocks that only count, see ``State/held``.
        var held: [SpanBlock]
        var blocksVersion: UInt64

        /// All blocks.
        var stored: [SpanBlock] { blocks + held }
    }

    let options: SpanStoreOptions
    let fileSystem: any FileSystem
    let time: any TimeSource
    let log: SegmentLog
    let directory: SpanBlockDirectory
    let cache: SpanPageCache
    let state: Mutex<State>
    let workshop: Mutex<Workshop>
    let headRollups = HeadRollups()
    let headNames = HeadNames()
    /// The names in the list of blocks that was asked last.
    let lastNames = Mutex<(version: UInt64, names: Set<OperationName>)?>(nil)
    /// The parted traces of the list of blocks that was asked last.
    let lastParted = Mutex<(version: UInt64, traces: PartedTraces)?>(nil)
    /// The names that have rows of their own; nil until somebody needs them.
    let vocabulary = Mutex<RollupVocabulary?>(nil)
    /// Whether the pool has been asked to cut the head.
    let isRelieving = Atomic(false)

    init(
        options: SpanStoreOptions, fileSystem: any FileSystem, time: any TimeSource, log: SegmentLog, directory: SpanBlockDirectory,
        cache: SpanPageCache, state: sending State, nextBlockID: UInt64
    ) {
        self.options = options
        self.fileSystem = fileSystem
        self.time = time
        self.log = log
        self.directory = directory
        self.cache = cache
        self.state = Mutex(state)
        workshop = Mutex(Workshop(nextBlockID: nextBlockID))
    }

    // MARK: - Snapshots

    /// Head and blocks as they are now. Throws `closed`.
    func snapshot() throws -> Snapshot {
        try state.withLock { state in
            try Self.requireOpen(state)
            return Snapshot(head: state.head, blocks: state.blocks, held: state.held, blocksVersion: state.blocksVersion)
        }
    }

    /// The blocks as they are now, and which state of their list that is. Throws `closed`.
    ///
    /// Who writes asks for no ``snapshot()``: while one is held, the next write copies the indexes of the head.
    func presentBlocks() throws -> (blocks: [SpanBlock], version: UInt64) {
        try state.withLock { state in
            try Self.requireOpen(state)
            return (state.stored, state.blocksVersion)
        }
    }

    /// Runs `body` over a snapshot.
    func reading<Result>(_ body: (Snapshot) throws -> Result) throws -> Result {
        try withoutDamaged { try body(try snapshot()) }
    }

    /// Runs `body`, which reads blocks. One that turns out to be damaged is set aside, and `body` runs again without it.
    func withoutDamaged<Result>(_ body: () throws -> Result) throws -> Result {
        while true {
            do {
                return try body()
            } catch let damage as SpanBlockDamage {
                setAside(damage)
            } catch {
                throw Self.storageError(error)
            }
        }
    }

    /// Takes a damaged block out of use, puts what can be saved of it in its place, and names it in the status. Must not be
    /// called by who is at work on blocks.
    func setAside(_ damage: SpanBlockDamage) {
        workshop.withLock { workshop in
            guard state.withLock({ $0.stored.contains { $0.meta.id == damage.block } }) else { return }
            let salvage = SpanBlockSalvage(directory: directory, fileSystem: fileSystem, cache: cache)
            let id = workshop.nextBlockID
            workshop.nextBlockID += 1
            var saved: SpanBlock?
            let sentence: String
            do {
                let outcome = try salvage.save(damage, as: id) { _ in false }
                saved = outcome.block
                sentence = outcome.sentence
            } catch {
                sentence = "\(damage.description) It is not used any more, and could not be renamed: \(error)"
            }
            state.withLock { state in
                state.blocks.removeAll { $0.meta.id == damage.block }
                state.held.removeAll { $0.meta.id == damage.block }
                if let saved { state.add(saved) }
                state.blocksVersion += 1
                state.damages.append(sentence)
            }
            cache.forget(block: damage.block)
        }
    }

    static func requireOpen(_ state: borrowing State) throws {
        if state.isClosed { throw StorageError(.closed, "The store of spans is closed.") }
    }

    /// What callers of the storage interface are told about a failure.
    static func storageError(_ error: any Error) -> any Error {
        switch error {
        case let error as FileError: StorageError(.unavailable, error.message)
        case let error as ByteCodingError: StorageError(.corrupt, error.message)
        case let error as SpanBlockDamage: StorageError(.corrupt, error.description)
        default: error
        }
    }
}
