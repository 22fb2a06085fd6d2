import Storage
import TelemetryModel

extension MetricStore: SeriesInspector {
    /// What each series costs, over head and blocks: its own values, and an equal share of what a block's series have in
    /// common. What is in the head only has no bytes yet.
    public func inspectSeries(_ body: (SeriesFootprint) throws -> Void) throws {
        let (blocks, heads) = try state.withLock { state in
            try Self.requireOpen(state)
            let heads = [state.frozen?.head, state.head].compactMap { $0 }
            return (state.blocks, heads.map { $0.copies(Array(0..<UInt32($0.seriesCount))) })
        }
        do {
            var sources = try blocks.map { try BlockFootprints($0) }
            var head = heads.flatMap(\.inOrder).compactMap(Self.footprint).sorted { $0.labels < $1.labels }[...]
            while let lowest = (sources.compactMap { $0.present?.labels } + (head.first.map { [$0.labels] } ?? [])).min() {
                var sum: SeriesFootprint?
                for index in sources.indices where sources[index].present?.labels == lowest {
                    Self.add(sources[index].present, to: &sum)
                    try sources[index].advance()
                }
                while let first = head.first, first.labels == lowest { Self.add(head.removeFirst(), to: &sum) }
                if let sum, sum.sampleCount > 0 { try body(sum) }
            }
        } catch let damage as MetricBlockDamage {
            // It is named and out of use from here on; whoever asks again gets the rest.
            state.withLock { Self.setAside(damage, &$0) }
            throw Self.storageError(damage)
        }
    }

    private static func add(_ footprint: SeriesFootprint?, to sum: inout SeriesFootprint?) {
        guard let footprint else { return }
        if sum == nil { sum = footprint } else { sum?.add(footprint) }
    }

    private static func footprint(_ snapshot: HeadSnapshot) -> SeriesFootprint? {
        let times = snapshot.samples().timestamps
        guard let first = times.first, let last = times.last else { return nil }
        return SeriesFootprint(labels: snapshot.labels, sampleCount: times.count, byteCount: 0, first: first, last: last)
    }
}

/// The series of one block, one after the other.
private struct BlockFootprints {
    private let block: MetricBlock
    private let mask: SampleMask
    private var reader: MetricBlockReader
    private var number: UInt32 = 0
    private let shareByteCount: Int
    private(set) var present: SeriesFootprint?

    init(_ block: MetricBlock) throws {
        self.block = block
        mask = block.deleted.withLock { $0 }
        reader = MetricBlockReader(block)
        shareByteCount = (block.byteCount - block.meta.byteCounts.values) / max(1, block.meta.seriesCount)
        try load()
    }

    mutating func advance() throws {
        number += 1
        try load()
    }

    private mutating func load() throws {
        present = nil
        if Int(number) >= block.meta.seriesCount { return }
        present = try block.checked {
            try reader.move(to: number)
            let start = try reader.chunk(0).data
            var found = SeriesFootprint(labels: try reader.labels(), sampleCount: 0, byteCount: 0, first: .max, last: .min)
            for chunkNumber in 0..<reader.chunkCount {
                let chunk = try reader.chunk(chunkNumber)
                var (first, last, count) = (chunk.first, chunk.last, chunk.count)
                if !mask.ranges(of: number).isEmpty {
                    let left = mask.apply(try reader.samples(chunk), of: number).timestamps
                    (first, last, count) = (left.first ?? .max, left.last ?? .min, left.count)
                }
                found.sampleCount += count
                found.first = min(found.first, first)
                found.last = max(found.last, last)
            }
            var end = block.meta.byteCounts.values
            if Int(number) + 1 < block.meta.seriesCount {
                try reader.move(to: number + 1)
                end = try reader.chunk(0).data
            }
            found.byteCount = shareByteCount + max(0, end - start)
            return found
        }
    }
}
