import ByteCoding
import TelemetryModel

/// Columns of a page as they are, for whoever makes no rows of them.
extension SpanPageDecoder {
    /// Whether the page adds to what the pages of its block share.
    var hasOwnEntries: Bool { own.contains { $0.count > 1 } }

    /// The catalog with the page's own columns and classes behind the block's.
    func extendedCatalog(_ catalog: ClassCatalog) throws(ByteCodingError) -> ClassCatalog {
        var catalog = catalog
        try catalog.append(
            own[SpanTable.columns.rawValue], own[SpanTable.classes.rawValue],
            sharedColumnCount: sharedCounts[SpanTable.columns.rawValue])
        return catalog
    }

    /// The row of each row's parent when it is one before it, else a negative number.
    func parentRows() throws(ByteCodingError) -> [Int32] {
        var reader = reader(.parents)
        let codes = try NumberColumn.decode(rowCount, from: &reader, unpacker)
        var parents = [Int32](repeating: -1, count: rowCount)
        for (index, code) in codes.enumerated() where code >= SpanBatchCodec.ParentCode.firstDistance {
            let distance = ColumnCoding.unzigzag(code &- SpanBatchCodec.ParentCode.firstDistance)
            if distance > Int64(index) || distance <= Int64(index) &- Int64(rowCount) {
                throw .malformed(at: reader.position, "a parent outside of its page")
            }
            if distance > 0 { parents[index] = Int32(truncatingIfNeeded: Int64(index) &- distance) }
        }
        return parents
    }

    /// The place of each row's resource in a list of so many, in which the page's own stand behind all of the block's.
    func resourcesOfRows(_ parents: [Int32], count: Int) throws(ByteCodingError) -> [UInt32] {
        var reader = reader(.resources)
        let codes = try NumberColumn.decode(rowCount, from: &reader, unpacker)
        let sharedCount = sharedCounts[SpanTable.resources.rawValue]
        let shift = tables[.resources].count - sharedCount
        let limit = UInt64(min(limit(.resources), count - shift))
        var places = [UInt32](repeating: 0, count: rowCount)
        for (index, code) in codes.enumerated() {
            if code == 0, parents[index] >= 0 {
                places[index] = places[Int(parents[index])]
            } else if code > 1, code &- 1 < limit {
                let number = Int(code &- 1)
                places[index] = UInt32(truncatingIfNeeded: number < sharedCount ? number : number &+ shift)
            } else {
                throw .malformed(at: reader.position, "a resource that is not there")
            }
        }
        return places
    }

    /// The start of each row.
    func starts(_ durations: [UInt64], _ parents: [Int32]) throws(ByteCodingError) -> [UInt64] {
        var traceStarts = [Bool](repeating: false, count: rowCount)
        var row = 0
        for end in try traces().ends {
            traceStarts[row] = true
            row = end
        }
        var reader = reader(.starts)
        if rowCount == 0 { return [] }
        guard let base = StartPredictor.Base(rawValue: try reader.readByte()) else {
            throw ByteCodingError(.malformed, "starts in an unknown form")
        }
        var starts = try NumberColumn.decode(rowCount, from: &reader, unpacker)
        var predictor = StartPredictor(base, traceStarts: traceStarts)
        for index in starts.indices {
            let parent = Int(parents[index])
            let start = predictor.expectation(parent: parent) &+ UInt64(bitPattern: ColumnCoding.unzigzag(starts[index]))
            let end = start &+ UInt64(bitPattern: ColumnCoding.unzigzag(durations[index]))
            predictor.add(start: start, end: end, parent: parent)
            starts[index] = start
        }
        return starts
    }

    /// Where the traces are.
    func traces() throws(ByteCodingError) -> PageTraces {
        var reader = reader(.traces)
        var ends: [Int] = []
        ends.reserveCapacity(traceCount)
        var row = 0
        for length in try NumberColumn.decode(traceCount, from: &reader, unpacker) {
            if length == 0 || length > UInt64(rowCount - row) { throw .malformed(at: reader.position, "a trace of \(length) rows") }
            row += Int(length)
            ends.append(row)
        }
        if row != rowCount { throw .malformed(at: reader.position, "rows that belong to no trace") }
        return PageTraces(ends: ends, ids: ByteReader(try reader.readBytes(traceCount * 16)))
    }
}

/// The traces of a page.
struct PageTraces {
    /// One more than the last row of each trace.
    let ends: [Int]
    fileprivate var ids: ByteReader
    private var next = 0

    fileprivate init(ends: [Int], ids: ByteReader) {
        self.ends = ends
        self.ids = ids
    }

    /// The trace of a row of the page, no row before the one of the last call.
    mutating func id(ofRow row: Int) throws(ByteCodingError) -> TraceID {
        while row >= ends[next] { next += 1 }
        ids.position = next * 16
        return TraceID(high: try ids.readInteger(), low: try ids.readInteger())
    }
}
