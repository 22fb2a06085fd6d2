import Platform
import Storage
import TelemetryModel

extension EmbeddedStore {
    /// Makes a snapshot below the data folder: files that never change get a second name there, nothing is copied.
    public func snapshot(includingHead: Bool, adding: (String) throws -> Void) throws -> SnapshotInfo {
        do {
            return try snapshotFolder.make(Self.snapshotName(time.now())) { folder in
                // Before the metrics, which make their common folder durable.
                try exemplars.log.link(to: StoreDirectory.exemplarsPath(folder))
                try metadata.log.link(to: StoreDirectory.metadataPath(folder))
                try metrics.link(to: StoreDirectory.metricsPath(folder), includingHead: includingHead)
                try spans.link(to: StoreDirectory.spansPath(folder), includingHead: includingHead)
                try adding(folder)
                // Last, as a folder without it is not taken for a store.
                try directory.linkMarker(to: folder)
            }
        } catch { throw MetricStore.storageError(error) }
    }

    /// The snapshots that are kept.
    public func snapshots() throws -> [SnapshotInfo] {
        do { return try snapshotFolder.list() } catch { throw MetricStore.storageError(error) }
    }

    /// As Prometheus names them: `20261121T053000Z-` and 16 hexadecimal digits.
    private static func snapshotName(_ nanoseconds: UInt64) -> String {
        let whole = nanoseconds / 1_000_000_000 * 1_000_000_000
        let digits = String(UInt64.random(in: 0...UInt64.max), radix: 16)
        let time = RFC3339.text(nanoseconds: whole).filter { $0.isNumber || $0.isLetter }
        return "\(time)-\(String(repeating: "0", count: 16 - digits.count))\(digits)"
    }
}

extension MetricStore {
    /// Makes another directory a store of the same metrics. Flushes, merges and deletions wait meanwhile.
    func link(to other: String, includingHead: Bool) throws {
        try workshop.withLock { _ in
            let blocks = try state.withLock { state in
                try Self.requireOpen(state)
                return state.blocks + state.downsampled.blocks
            }
            let otherBlocks = "\(other)/\(Self.blocksName)"
            try fileSystem.makeDirectory(otherBlocks)
            for block in blocks {
                let name = MetricBlockFormat.directoryName(block.meta.id)
                try fileSystem.linkFiles(of: "\(blocksPath)/\(name)", to: "\(otherBlocks)/\(name)")
            }
            try fileSystem.syncDirectory(otherBlocks)
            for name in [MetricDeletionFile.name, MetricHorizonsFile.name] where try fileSystem.status("\(path)/\(name)") != nil {
                try fileSystem.hardLink("\(path)/\(name)", to: "\(other)/\(name)")
            }
            if includingHead { try log.link(to: "\(other)/\(Self.logName)") }
            try fileSystem.syncDirectory(other)
        }
    }
}

extension SpanStore {
    /// Makes another directory a store of the same spans. Cuts and merges wait meanwhile.
    func link(to other: String, includingHead: Bool) throws {
        try workshop.withLock { _ in
            try directory.link(try snapshot().stored, to: "\(other)/\(Self.blocksName)")
            if includingHead { try log.link(to: "\(other)/\(Self.logName)") }
            try fileSystem.syncDirectory(other)
        }
    }
}
