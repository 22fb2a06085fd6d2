/// A file or directory of a ``FaultFileSystem``: as it is, and as it would be after a loss of power.
// Unchecked: nodes are only reached through the state that the file system's mutex protects.
final class FaultNode: @unchecked Sendable {
    let id: Int
    let isDirectory: Bool
    var bytes: [UInt8] = []
    var durableBytes: [UInt8] = []
    /// So many of the first bytes have not been cut off since the last sync.
    var untouchedCount = 0
    var entries: [String: FaultNode] = [:]
    var durableEntries: [String: FaultNode] = [:]
    var hasFailedSync = false

    init(id: Int, isDirectory: Bool) {
        self.id = id
        self.isDirectory = isDirectory
    }

    func truncate(to length: Int) {
        untouchedCount = min(untouchedCount, length)
        if length < bytes.count { bytes.removeLast(bytes.count - length) }
        if length > bytes.count { bytes.append(contentsOf: [UInt8](repeating: 0, count: length - bytes.count)) }
    }

    func makeDurable() {
        durableBytes = bytes
        untouchedCount = bytes.count
    }
}

/// What a name in a directory comes to stand for; nothing when it is removed.
struct FaultEntry {
    /// Where an entry stands.
    struct Place: Hashable {
        var directory: Int
        var name: String
    }

    var directory: FaultNode
    var name: String
    var node: FaultNode?

    var place: Place { Place(directory: directory.id, name: name) }
}

/// Everything that a ``FaultFileSystem`` knows.
struct FaultState {
    let root = FaultNode(id: 0, isDirectory: true)
    /// All nodes by number; open files name theirs.
    var nodes: [Int: FaultNode] = [:]
    /// Counts losses of power: files opened before the last one are dead.
    var epoch = 0
    var capacity: Int?
    var failingSyncs = 0
    /// After so many more changes nothing can be changed any more; nil for no such limit.
    var changesLeft: Int?
    /// The changes, counted from the next one, that find no room.
    var refusedChanges = 1..<1
    var isReadOnly = false
    var locks: Set<String> = []
    /// Changes of directories that no sync has made durable, oldest first. A rename is one change of two entries.
    private var pending: [[FaultEntry]] = []
    private var nextID = 1
    private var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    mutating func makeNode(isDirectory: Bool) -> FaultNode {
        let node = FaultNode(id: nextID, isDirectory: isDirectory)
        nodes[nextID] = node
        nextID += 1
        return node
    }

    func node(_ path: String) -> FaultNode? {
        var node = root
        for part in FaultFileSystem.parts(path) {
            guard let next = node.entries[part] else { return nil }
            node = next
        }
        return node
    }

    func file(_ path: String) throws(FileError) -> FaultNode {
        guard let found = node(path) else { throw FileError(.notFound, path: path, "Cannot open \(path): no such file.") }
        if found.isDirectory { throw FileError(.other, path: path, "\(path) is a directory, not a file.") }
        return found
    }

    func directory(_ path: String) throws(FileError) -> FaultNode {
        guard let found = node(path), found.isDirectory else {
            throw FileError(.notFound, path: path, "\(path): no such directory.")
        }
        return found
    }

    /// The bytes of all files; one with several names counts once.
    var totalByteCount: Int {
        var counted: Set<Int> = []
        func count(_ node: FaultNode) -> Int {
            counted.insert(node.id).inserted ? node.entries.values.reduce(node.bytes.count) { $0 + count($1) } : 0
        }
        return count(root)
    }

    func requireWritable(_ path: String) throws(FileError) {
        if isReadOnly { throw FileError(.notPermitted, path: path, "Cannot change \(path): read-only file system.") }
    }

    /// Whether the next change finds no room.
    var isNextRefused: Bool { refusedChanges.contains(0) }

    /// Counts a change that begins; throws when the power has failed or there is no room for it.
    mutating func beginChange(_ path: String) throws(FileError) {
        let isRefused = isNextRefused
        if !refusedChanges.isEmpty {
            refusedChanges = (refusedChanges.lowerBound - 1)..<(refusedChanges.upperBound - 1)
        }
        if isRefused { throw FileError(.noSpace, path: path, "Cannot change \(path): no space left on device.") }
        guard let left = changesLeft else { return }
        if left == 0 { throw FileError(.other, path: path, "Cannot change \(path): the power has failed.") }
        changesLeft = left - 1
    }

    /// How many of `count` bytes are appended when the power fails meanwhile.
    mutating func partialCount(_ count: Int) -> Int { Int.random(in: 0...count, using: &random) }

    // MARK: - Directories

    mutating func change(_ entries: [FaultEntry]) {
        for entry in entries { entry.directory.entries[entry.name] = entry.node }
        pending.append(entries)
    }

    /// Removes a file, or a directory name by name.
    mutating func remove(_ name: String, in directory: FaultNode, _ path: String) throws(FileError) {
        guard let node = directory.entries[name] else { return }
        for child in node.entries.keys.sorted() { try remove(child, in: node, "\(path)/\(child)") }
        try beginChange(path)
        change([FaultEntry(directory: directory, name: name, node: nil)])
    }

    /// Makes the changes of a directory durable, and those of others that they follow from.
    mutating func sync(_ directory: FaultNode) {
        var places: Set<FaultEntry.Place> = []
        var isChosen = [Bool](repeating: false, count: pending.count)
        for index in pending.indices.reversed() {
            let entries = pending[index]
            guard entries.contains(where: { $0.directory === directory || places.contains($0.place) }) else { continue }
            places.formUnion(entries.map(\.place))
            isChosen[index] = true
        }
        for index in pending.indices where isChosen[index] { Self.settle(pending[index]) }
        pending = pending.indices.filter { !isChosen[$0] }.map { pending[$0] }
    }

    private static func settle(_ entries: [FaultEntry]) {
        for entry in entries { entry.directory.durableEntries[entry.name] = entry.node }
    }

    // MARK: - Loss of power

    mutating func endProcess() {
        epoch += 1
        locks = []
        failingSyncs = 0
        changesLeft = nil
    }

    mutating func powerLoss() {
        endProcess()
        nodes = [:]
        settleSome()
        forget(root)
    }

    /// Some of the pending changes have reached the disk: as chance has it those up to some moment, as with a journal, or
    /// any that do not follow from one that has not.
    private mutating func settleSome() {
        let isJournal = Bool.random(using: &random)
        let end = Int.random(in: 0...pending.count, using: &random)
        var missed: Set<FaultEntry.Place> = []
        for (index, entries) in pending.enumerated() {
            let isKept = isJournal ? index < end : Bool.random(using: &random)
            if isKept, missed.isDisjoint(with: entries.map(\.place)) {
                Self.settle(entries)
            } else {
                missed.formUnion(entries.map(\.place))
            }
        }
        pending = []
    }

    private mutating func forget(_ node: FaultNode) {
        // A file with several names is met several times.
        if nodes.updateValue(node, forKey: node.id) != nil { return }
        node.hasFailedSync = false
        guard node.isDirectory else {
            node.bytes = survivingBytes(node)
            node.makeDurable()
            return
        }
        node.entries = node.durableEntries
        // In the order of the names, so that one seed always gives one outcome.
        for (_, child) in node.entries.sorted(by: { $0.key < $1.key }) { forget(child) }
    }

    /// Synced bytes stay. Of what was appended since, a part reaches the disk, where some of it may be zeros or rubbish.
    private mutating func survivingBytes(_ node: FaultNode) -> [UInt8] {
        let start = node.untouchedCount
        // Cutting a file is a change that may be lost, too.
        if start < node.durableBytes.count, Bool.random(using: &random) { return node.durableBytes }
        let kept = Int.random(in: start...node.bytes.count, using: &random)
        var bytes = Array(node.bytes[..<kept])
        if kept > start, Int.random(in: 0..<3, using: &random) == 0 {
            let torn = Int.random(in: start..<kept, using: &random)
            // Pages are not written in the order of the file.
            let tornEnd = Bool.random(using: &random) ? kept : Int.random(in: torn..<kept, using: &random) + 1
            let rubbish: UInt8 = Bool.random(using: &random) ? 0 : 0xA5
            for index in torn..<tornEnd { bytes[index] = rubbish }
        }
        return bytes
    }
}
