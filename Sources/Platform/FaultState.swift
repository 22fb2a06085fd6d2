/// A file or directory of a ``FaultFileSystem``: as it is, and as it would be after a loss of power.
// Unchecked: nodes are only reached through the state that the file system's mutex protects.
final class FaultNode: @unchecked Sendable {
    let id: Int
    let isDirectory: Bool
    var bytes: [UInt8] = []
    var durableBytes: [UInt8] = []
    var entries: [String: FaultNode] = [:]
    var durableEntries: [String: FaultNode] = [:]
    var hasFailedSync = false

    init(id: Int, isDirectory: Bool) {
        self.id = id
        self.isDirectory = isDirectory
    }

    var totalByteCount: Int { entries.values.reduce(bytes.count) { $0 + $1.totalByteCount } }
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
    var isReadOnly = false
    var locks: Set<String> = []
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

    func requireWritable(_ path: String) throws(FileError) {
        if isReadOnly { throw FileError(.notPermitted, path: path, "Cannot change \(path): read-only file system.") }
    }

    mutating func powerLoss() {
        epoch += 1
        locks = []
        failingSyncs = 0
        nodes = [:]
        forget(root)
    }

    private mutating func forget(_ node: FaultNode) {
        nodes[node.id] = node
        node.hasFailedSync = false
        guard node.isDirectory else {
            node.bytes = survivingBytes(node)
            node.durableBytes = node.bytes
            return
        }
        if Bool.random(using: &random) { node.entries = node.durableEntries }
        node.durableEntries = node.entries
        // In the order of the names, so that one seed always gives one outcome.
        for (_, child) in node.entries.sorted(by: { $0.key < $1.key }) { forget(child) }
    }

    /// Synced bytes stay. Of what was appended since, a part reaches the disk; its last sectors may hold zeros or rubbish.
    private mutating func survivingBytes(_ node: FaultNode) -> [UInt8] {
        guard node.bytes.starts(with: node.durableBytes) else {
            return Bool.random(using: &random) ? node.durableBytes : node.bytes
        }
        let kept = Int.random(in: node.durableBytes.count...node.bytes.count, using: &random)
        var bytes = Array(node.bytes[..<kept])
        if kept > node.durableBytes.count, Int.random(in: 0..<3, using: &random) == 0 {
            let torn = Int.random(in: node.durableBytes.count..<kept, using: &random)
            let rubbish: UInt8 = Bool.random(using: &random) ? 0 : 0xA5
            for index in torn..<kept { bytes[index] = rubbish }
        }
        return bytes
    }
}
