import ByteCoding
import Storage
import TelemetryModel

/// Adds up pages of blocks and batches by the value of an attribute. Of pages only the columns are read that this needs, and
/// no rows are made of them.
final class ValueScan {
    private let query: SpanValueQuery
    private let projection: SpanProjection
    private let unpacker: ZstdUnpacker
    private var blocks: [UInt64: BlockValues] = [:]
    private(set) var tallies: SpanValueTallies

    init(_ query: SpanValueQuery) throws {
        self.query = query
        projection = SpanProjection(query.looksAtSpans ? [.kinds, .attributes] : .kinds, attributeKeys: query.keys)
        unpacker = try ZstdUnpacker()
        tallies = SpanValueTallies(query)
    }

    /// Adds spans that start in the range.
    func add(_ batch: SpanBatch) throws {
        try query.checkpoint()
        tallies.add(batch, query)
    }

    /// Adds the spans of a page that start in the range.
    func add(_ page: Int, of block: SpanBlock) throws {
        try query.checkpoint()
        let zone = block.zones[page]
        let isInside = zone.minimumStart >= query.from && zone.maximumStart <= query.through
        try block.withPage(page) { bytes in
            var values: BlockValues
            if let known = blocks.removeValue(forKey: block.meta.id) {
                values = known
            } else {
                values = try BlockValues(try block.tables(), try block.catalog(projection), query)
            }
            let decoder = try SpanPageDecoder(
                bytes, values.tables, values.catalog, projection, rowCount: zone.rowCount, unpacker: unpacker)
            try values.add(decoder, isInside: isInside, to: &tallies)
            blocks[block.meta.id] = values
        }
    }
}
