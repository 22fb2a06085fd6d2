import Platform

extension MetricStore {
    /// Rewrites a block of version 1, so that everything else knows one version only. The new block replaces the old one as a
    /// merged block would; an upgrade that is interrupted begins anew with the next start.
    static func upgrade(
        _ path: String, id: UInt64, to newID: UInt64, _ fileSystem: any FileSystem, _ cache: MetricPageCache
    ) throws -> MetricBlock {
        let old = try MetricBlockV1(directory: path, id: id, fileSystem)
        var writer = try MetricBlockWriter(id: newID, in: path, fileSystem)
        do {
            try old.forEach(fileSystem) { labels, samples in try writer.add(labels, samples) }
            _ = try writer.finish(sequences: old.sequences, replaced: old.replaced + [id])
            return try MetricBlock(directory: path, id: newID, fileSystem, cache)
        } catch {
            writer.abandon()
            throw error
        }
    }
}
