import EmbeddedStorage
import Storage

/// What one writer does to one half of a store, action by action; everything follows from the seed, so that whoever knows how
/// many actions were acknowledged knows what must be there. The tests of faults are the same for both halves.
public protocol FaultSubject: Sendable {
    /// What a store holds of a writer.
    associatedtype Content: Equatable

    /// What it is called.
    static var name: String { get }
    /// The name of its folder in a data folder.
    static var folder: String { get }
    /// When processes that work on it are killed.
    static var phases: [KillPhase] { get }
    /// How far each action moves the clock, nanoseconds.
    static var tick: UInt64 { get }
    /// How long a writer of a real process waits between two actions, microseconds.
    static var pause: UInt32 { get }
    /// Whether an action that was not acknowledged is done once more in the next life, as clients do.
    static var retries: Bool { get }
    /// Limits so small that everything happens often.
    static func tune(_ options: inout EmbeddedStoreOptions, seed: UInt64)
    /// What a phase needs beyond that.
    static func tune(_ options: inout EmbeddedStoreOptions, for phase: KillPhase)
    /// Writes what is due to blocks.
    static func cut(_ store: EmbeddedStore) throws
    /// Orders after which everything is durable, unless they throw.
    static var settlingOrders: [@Sendable (EmbeddedStore) throws -> Void] { get }

    /// `isSteady` writers write only ever newer items, a step each, and delete nothing.
    init(seed: UInt64, writer: Int, isSteady: Bool)
    /// Does the action with a number; returns what the receipt counts, nothing for a deletion.
    func perform(_ index: Int, on store: any Store) throws -> [Int]
    /// Whether an action makes everything before it durable.
    func settles(_ index: Int) throws -> Bool
    /// What a store has of this writer in a closed range of milliseconds since 1970.
    func content(of store: any Store, from: Int64, through: Int64) throws -> Content

    /// Why a store must not show `found` of this writer, of whom it has acknowledged `accepted`; nil when it may. `now`: what
    /// the clock of the store says, milliseconds since 1970.
    func objection(to found: Content, of accepted: Content, in store: any Store, now: Int64) throws -> String?

    /// How many items there are.
    static func count(_ content: Content) -> Int
    /// The first place where two contents differ, as a sentence.
    static func difference(_ found: Content, _ expected: Content) -> String
    /// A sentence for each item that is not among those that are known, or comes twice.
    static func strangers(_ found: Content, known: Content) -> [String]
    /// A sentence for each answer of a store that does not fit to what it holds, and to what it has acknowledged to each of its
    /// writers. `isCompacted`: no item has parts anywhere.
    static func contradictions(in store: any Store, accepted: [Content], isCompacted: Bool) throws -> [String]
}

extension FaultSubject {
    /// A writer that does everything.
    public init(seed: UInt64, writer: Int) { self.init(seed: seed, writer: writer, isSteady: false) }

    /// What a store has of this writer.
    public func content(of store: any Store) throws -> Content { try content(of: store, from: 0, through: .max) }

    /// The folder has its name.
    public static var folder: String { name }

    /// No more than for all of them.
    public static func tune(_ options: inout EmbeddedStoreOptions, for phase: KillPhase) {}

    /// Everything must be there, and nothing else.
    public func objection(to found: Content, of accepted: Content, in store: any Store, now: Int64) throws -> String? {
        found == accepted ? nil : Self.difference(found, accepted)
    }

    /// How the store is kept in a phase.
    public static func options(_ phase: KillPhase, seed: UInt64) -> EmbeddedStoreOptions {
        var options = EmbeddedStoreOptions()
        tune(&options, seed: seed)
        if phase == .retention { options.retentionTime = FaultClock.steadyStep * 100 }
        if phase.isSteady {
            // The writers do not go in step with the clock, and no merge may take the old blocks away.
            options.metrics.futureLimit = 1 << 40
            options.metrics.mergeWidth = 1_000_000
            options.spans.mergeWidth = 1_000_000
        }
        tune(&options, for: phase)
        return options
    }
}
