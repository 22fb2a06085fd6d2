import ByteCoding

/// A number for each distinct run of bytes, in the order of first appearance. Symbol 0 is always the empty run.
///
/// Open addressing over one arena: looking up costs one hash and mostly one comparison, and nothing is allocated for
/// bytes that are there already.
@frozen
public struct SymbolTable: Sendable {
    /// The number of a run of bytes.
    public typealias Symbol = UInt32

    @usableFromInline var arena: [UInt8] = []
    /// Where symbol n ends in the arena; it begins where symbol n - 1 ends.
    @usableFromInline var ends: [UInt32] = [0]
    @usableFromInline var hashes: [UInt32] = [0]
    /// Symbol + 1, or 0 for a free slot; always a power of two.
    @usableFromInline var slots: [UInt32]
    @usableFromInline var mask: Int

    /// Starts with the empty run only.
    public init() {
        slots = [UInt32](repeating: 0, count: 64)
        mask = 63
    }

    /// How many symbols there are, the empty one included.
    @inlinable
    public var count: Int { ends.count }

    /// The bytes of all symbols together.
    @inlinable
    public var byteCount: Int { arena.count }

    /// The number of these bytes, given now if they are new. The arena holds at most 4 GiB; intake's body limit is far below.
    @inlinable
    public mutating func intern(_ bytes: UnsafeRawBufferPointer) -> Symbol {
        if bytes.isEmpty { return 0 }
        return intern(bytes, hash: UInt32(truncatingIfNeeded: SeededHash.memoryHash(bytes) >> 16))
    }

    /// The number of the bytes that have number `symbol` in another table, which knows their hash.
    public mutating func intern(_ symbol: Symbol, of other: SymbolTable) -> Symbol {
        symbol == 0 ? 0 : other.withBytes(symbol) { intern($0, hash: other.hashes[Int(symbol)]) }
    }

    @inlinable
    mutating func intern(_ bytes: UnsafeRawBufferPointer, hash: UInt32) -> Symbol {
        var slot = Int(hash) & mask
        while slots[slot] != 0 {
            let symbol = Int(slots[slot] &- 1)
            if hashes[symbol] == hash, equals(symbol, bytes) { return UInt32(truncatingIfNeeded: symbol) }
            slot = (slot &+ 1) & mask
        }
        return insert(bytes, hash: hash, slot: slot)
    }

    /// The number of this text.
    @inlinable
    public mutating func intern(_ text: String) -> Symbol {
        var text = text
        return text.withUTF8 { intern(UnsafeRawBufferPointer($0)) }
    }

    /// The number of these bytes, or nil if they have none.
    public func find(_ bytes: UnsafeRawBufferPointer) -> Symbol? {
        if bytes.isEmpty { return 0 }
        let hash = UInt32(truncatingIfNeeded: SeededHash.memoryHash(bytes) >> 16)
        var slot = Int(hash) & mask
        while slots[slot] != 0 {
            let symbol = Int(slots[slot] &- 1)
            if hashes[symbol] == hash, equals(symbol, bytes) { return UInt32(symbol) }
            slot = (slot &+ 1) & mask
        }
        return nil
    }

    /// The number of this text, or nil if it has none.
    public func find(_ text: String) -> Symbol? {
        var text = text
        return text.withUTF8 { find(UnsafeRawBufferPointer($0)) }
    }

    /// Lends the bytes of a symbol.
    @inlinable
    public func withBytes<Result>(
        _ symbol: Symbol, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        let range = byteRange(symbol)
        return try arena.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    /// Lends the bytes of all symbols and where each of them ends.
    @inlinable
    public func withArena<Result>(
        _ body: (UnsafeRawBufferPointer, UnsafeBufferPointer<UInt32>) throws -> Result
    ) rethrows -> Result {
        try arena.withUnsafeBytes { arena in try ends.withUnsafeBufferPointer { try body(arena, $0) } }
    }

    /// The bytes of a symbol.
    public func bytes(_ symbol: Symbol) -> ArraySlice<UInt8> { arena[byteRange(symbol)] }

    /// The text of a symbol; bytes that are no UTF-8 are replaced, as intake has checked them already.
    public func string(_ symbol: Symbol) -> String {
        symbol == 0 ? "" : String(decoding: arena[byteRange(symbol)], as: UTF8.self)
    }

    /// The byte range of a symbol in the arena.
    @inlinable
    func byteRange(_ symbol: Symbol) -> Range<Int> {
        let index = Int(symbol)
        return (index == 0 ? 0 : Int(ends[index &- 1]))..<Int(ends[index])
    }

    @inlinable
    func equals(_ symbol: Int, _ bytes: UnsafeRawBufferPointer) -> Bool {
        let range = byteRange(UInt32(truncatingIfNeeded: symbol))
        guard range.count == bytes.count else { return false }
        return arena.withUnsafeBytes { RawBytes.equal(UnsafeRawBufferPointer(rebasing: $0[range]), bytes) }
    }

    @usableFromInline
    mutating func insert(_ bytes: UnsafeRawBufferPointer, hash: UInt32, slot: Int) -> Symbol {
        let symbol = UInt32(ends.count)
        arena.append(contentsOf: bytes)
        ends.append(UInt32(arena.count))
        hashes.append(hash)
        slots[slot] = symbol + 1
        if ends.count * 2 > slots.count { grow() }
        return symbol
    }

    /// Gives back what has been set aside for more symbols.
    mutating func trim() {
        arena = arena.trimmed()
        ends = ends.trimmed()
        hashes = hashes.trimmed()
    }

    private mutating func grow() {
        let size = slots.count * 2
        mask = size - 1
        slots = [UInt32](repeating: 0, count: size)
        for symbol in 1..<ends.count {
            var slot = Int(hashes[symbol]) & mask
            while slots[slot] != 0 { slot = (slot + 1) & mask }
            slots[slot] = UInt32(symbol) + 1
        }
    }
}
