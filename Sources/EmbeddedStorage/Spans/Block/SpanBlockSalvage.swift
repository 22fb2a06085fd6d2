import ByteCoding
import Platform
import TelemetryModel
import TraceAnalysis

/// Saves what can be read of a damaged block into a new one, so that readers need not know of damage. The old files are set
/// aside for whoever wants to look at them.
struct SpanBlockSalvage: Sendable {
    /// What became of a block.
    struct Outcome {
        /// What takes its place; nil when nothing could be saved.
        var block: SpanBlock?
        /// What was wrong, and what was done.
        var sentence: String
    }

    /// Memory for what all pages share, bytes.
    private static let cacheByteLimit = 8 << 20

    let directory: SpanBlockDirectory
    let fileSystem: any FileSystem
    let cache: SpanPageCache

    /// Puts a new block, number `id`, in the place of a damaged one. `isPresent` says which blocks there are.
    ///
    /// Throws what the disk says when the damaged block cannot be set aside, and then changes nothing.
    func save(_ damage: SpanBlockDamage, as id: UInt64, isPresent: (UInt64) -> Bool) throws -> Outcome {
        let saved = try? write(damage.block, as: id, isPresent)
        do {
            // The new block replaces the old one already, so that a start in between finds one of them.
            try directory.setAside(damage.block)
        } catch {
            if saved != nil { try? directory.remove(id) }
            throw error
        }
        let fate =
            saved.map { "\($0.block.meta.rowCount) of its \($0.spanCount) spans were saved" } ?? "Nothing of it could be saved"
        return Outcome(block: saved?.block, sentence: "\(damage.description) It was set aside. \(fate).")
    }

    /// Writes the pages that can be read; nil when there are none or they are not needed.
    private func write(
        _ old: UInt64, as id: UInt64, _ isPresent: (UInt64) -> Bool
    ) throws -> (block: SpanBlock, spanCount: Int)? {
        // Not the cache of readers: what is read here is read once.
        let source = try SpanBlock(
            directory: directory.path(of: old), fileSystem: fileSystem, cache: SpanPageCache(byteLimit: Self.cacheByteLimit),
            isLenient: true)
        // Blocks that it was made of and that are all there still make it superfluous.
        let isNeeded = source.meta.replaces.isEmpty || !source.meta.replaces.allSatisfy(isPresent)
        guard source.meta.id == old, isNeeded else { return nil }
        let path = directory.temporaryPath(of: id)
        var writer = try SpanBlockWriter(id: id, directory: path, fileSystem: fileSystem)
        let block: SpanBlock
        do {
            let counted = try copyPages(of: source, to: &writer)
            if writer.rowCount == 0, source.meta.rowCount > 0 {
                writer.discard()
                return nil
            }
            writer.cover(from: source.meta.minimumStart, through: source.meta.maximumStart)
            // What was counted of spans that are lost stays counted.
            let rollups = (try? RollupSectionWriter.merged([source.rollups()])) ?? RollupSectionWriter.encode(counted)
            try writer.finish(
                rollups: rollups, sampling: (try? source.readSampling().bytes) ?? [], logThrough: source.meta.logThrough,
                replaces: [old] + source.meta.replaces)
            block = try SpanBlock(directory: path, fileSystem: fileSystem, cache: cache)
        } catch {
            writer.discard()
            throw error
        }
        do {
            try directory.publish(id)
        } catch {
            try? directory.remove(id)
            throw error
        }
        return (block, source.meta.rowCount)
    }

    /// Copies page by page. Returns what the spans add up to.
    private func copyPages(of source: SpanBlock, to writer: inout SpanBlockWriter) throws -> RollupTable {
        var builder = RollupBuilder()
        for number in 0..<source.pageCount {
            guard let page = try? source.page(number).spans else { continue }
            builder.add(page)
            try writer.add(page)
            // Without the list every trace may have parts elsewhere.
            if !source.knowsParted { for row in page.rows { writer.markParted(row.traceID) } }
        }
        for id in source.parted { writer.markParted(id) }
        return builder.table()
    }
}
