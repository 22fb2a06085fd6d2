import ByteCoding
import Platform

/// The directory that holds the blocks of spans, each a directory of its own named by its number. Names that begin
/// otherwise: `new-` for what is being written, `old-` for what is being removed, `damaged-` for what was set aside.
struct SpanBlockDirectory: Sendable {
    /// Its path.
    let path: String
    private let fileSystem: any FileSystem

    private static let newPrefix = "new-"
    private static let oldPrefix = "old-"
    private static let damagedPrefix = "damaged-"

    init(path: String, fileSystem: any FileSystem) {
        self.path = path
        self.fileSystem = fileSystem
    }

    /// The name of a block: 16 hexadecimal digits.
    static func name(_ id: UInt64) -> String {
        let digits = String(id, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Where a block is.
    func path(of id: UInt64) -> String { path + "/" + Self.name(id) }

    /// Where a block is written.
    func temporaryPath(of id: UInt64) -> String { path + "/" + Self.newPrefix + Self.name(id) }

    /// Gives a written block its name, durably. From here on it counts.
    func publish(_ id: UInt64) throws {
        try fileSystem.rename(temporaryPath(of: id), to: path(of: id))
        try fileSystem.syncDirectory(path)
    }

    /// Removes a block: away with its name first, so that half of it is never taken for a block. One that has lost its name
    /// already, or never had it, is as good as removed.
    func remove(_ id: UInt64) throws {
        let old = path + "/" + Self.oldPrefix + Self.name(id)
        do {
            try fileSystem.rename(path(of: id), to: old)
        } catch  where error.kind == .notFound {
        }
        try fileSystem.syncDirectory(path)
        try fileSystem.remove(old)
    }

    /// Gives the files of blocks second names in another directory, which is made.
    func link(_ blocks: [SpanBlock], to other: String) throws {
        try fileSystem.makeDirectory(other)
        for block in blocks { try fileSystem.linkFiles(of: path(of: block.meta.id), to: other + "/" + Self.name(block.meta.id)) }
        try fileSystem.syncDirectory(other)
    }

    /// Sets a damaged block aside.
    func setAside(_ id: UInt64) throws {
        try fileSystem.rename(path(of: id), to: path + "/" + Self.damagedPrefix + Self.name(id))
        try fileSystem.syncDirectory(path)
    }

    /// What a start finds.
    struct Contents {
        /// The blocks that count, by rising number.
        var blocks: [SpanBlock] = []
        /// The blocks that cannot be opened and that no other one replaces.
        var damaged: [SpanBlockDamage] = []
        /// A sentence for each block that was set aside earlier.
        var damages: [String] = []
        /// One more than the highest number ever used, as far as names tell.
        var nextID: UInt64 = 1
    }

    /// Opens the blocks: removes what was being written or removed, finds damaged ones, removes superseded ones.
    func open(cache: SpanPageCache) throws -> Contents {
        try fileSystem.makeDirectory(path)
        // A process that was killed may not have synced the name of a block, and what it replaces is removed below.
        try fileSystem.syncDirectory(path)
        var contents = Contents()
        for name in try fileSystem.list(path) {
            if name.hasPrefix(Self.newPrefix) || name.hasPrefix(Self.oldPrefix) {
                try fileSystem.remove(path + "/" + name)
            } else if name.hasPrefix(Self.damagedPrefix) {
                contents.damages.append("Block of spans \(name.dropFirst(Self.damagedPrefix.count)) was set aside as damaged.")
                contents.use(name.dropFirst(Self.damagedPrefix.count))
            } else if contents.use(name), let id = UInt64(name, radix: 16) {
                try openBlock(id, cache, &contents)
            }
        }
        // A block that is replaced itself may never have been in use: only what takes its place says what else is replaced.
        var superseded: Set<UInt64> = []
        for block in contents.blocks.sorted(by: { $0.meta.id > $1.meta.id }) where !superseded.contains(block.meta.id) {
            superseded.formUnion(block.meta.replaces)
        }
        for id in contents.blocks.map(\.meta.id) + contents.damaged.map(\.block) where superseded.contains(id) { try remove(id) }
        contents.blocks.removeAll { superseded.contains($0.meta.id) }
        contents.damaged.removeAll { superseded.contains($0.block) }
        return contents
    }

    /// The blocks as they are, nothing changed; for a check of a store that is not running.
    func inspect(cache: SpanPageCache) throws -> (blocks: [SpanBlock], damages: [String]) {
        var contents = Contents()
        if try fileSystem.status(path) == nil { return ([], []) }
        for name in try fileSystem.list(path) {
            if name.hasPrefix(Self.damagedPrefix) {
                contents.damages.append("Block of spans \(name.dropFirst(Self.damagedPrefix.count)) was set aside as damaged.")
            }
            guard name.utf8.count == 16, let id = UInt64(name, radix: 16) else { continue }
            do {
                contents.blocks.append(try block(id, cache))
            } catch {
                contents.damages.append(SpanBlockDamage(block: id, message: "\(error)").description)
            }
        }
        return (contents.blocks, contents.damages)
    }

    /// Opens a block. Its files must be its own: names decide about order and replacement.
    private func block(_ id: UInt64, _ cache: SpanPageCache) throws -> SpanBlock {
        let block = try SpanBlock(directory: path(of: id), fileSystem: fileSystem, cache: cache)
        if block.meta.id != id {
            throw ByteCodingError(.malformed, "its files are those of block \(Self.name(block.meta.id))")
        }
        return block
    }

    private func openBlock(_ id: UInt64, _ cache: SpanPageCache, _ contents: inout Contents) throws {
        do {
            contents.blocks.append(try block(id, cache))
        } catch let error as FileError where error.kind != .notFound && error.kind != .truncated && error.kind != .tooLarge {
            // The disk or its permissions: nothing is known about the block, so it is not called damaged.
            throw error
        } catch {
            contents.damaged.append(SpanBlockDamage(block: id, message: "\(error)"))
        }
    }
}

extension SpanBlockDirectory.Contents {
    /// Notes that a number is in use; false when the text is no number.
    @discardableResult
    fileprivate mutating func use(_ name: some StringProtocol) -> Bool {
        guard name.utf8.count == 16, let id = UInt64(name, radix: 16), id < .max else { return false }
        nextID = max(nextID, id + 1)
        return true
    }
}
