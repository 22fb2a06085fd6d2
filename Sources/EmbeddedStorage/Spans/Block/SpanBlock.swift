import ByteCoding
import Platform
import Storage
import TelemetryModel

/// A block turned out to be damaged while it was read.
struct SpanBlockDamage: Error, CustomStringConvertible {
    /// The block.
    var block: UInt64
    /// What is wrong with it, without the block's name.
    var message: String

    /// A sentence. What files say of themselves is one already.
    var description: String {
        "Block of spans \(SpanBlockDirectory.name(block)) is damaged: \(message)\(message.hasSuffix(".") ? "" : ".")"
    }
}

/// A block open for reading. What says where things are is in memory; pages, chunks of the index and rollups are read by
/// position when they are asked for, checked, and kept in the cache for a while.
final class SpanBlock: TraceSource {
    /// What the block says of itself.
    let meta: SpanBlockMeta
    /// What is known of its pages.
    let zones: [PageZone]
    /// The services and operations that the zones number.
    let names: [String]
    /// The traces that have parts elsewhere, or on several pages.
    let parted: Set<TraceID>
    /// Whether that list could be read, which it need not when damage is expected.
    let knowsParted: Bool

    /// Whether its spans are held back, and what it was thinned to; without the traces that chance kept.
    let sampling: SamplingSection
    /// Whether its spans are not to be seen.
    var isHeld: Bool { sampling.heldUntil > 0 }

    private let filter: TraceFilter
    /// The first hash of each chunk of the trace index.
    private let fences: [UInt64]
    private let entryCount: Int
    private let file: any ReadableFile
    let cache: SpanPageCache

    /// Opens the block in a directory; throws ``SpanBlockDamage`` or ``FileError``. `isLenient`: it is enough that pages can be
    /// found, for whoever saves what is left of a damaged block.
    init(directory: String, fileSystem: any FileSystem, cache: SpanPageCache, isLenient: Bool = false) throws {
        let metaPath = directory + "/" + SpanBlockFormat.metaName
        let meta = try SpanBlockMeta(try fileSystem.readAll(metaPath, limit: SpanBlockFormat.metaByteLimit))
        self.meta = meta
        self.cache = cache
        let file = try fileSystem.openForReading(directory + "/" + SpanBlockFormat.dataName)
        self.file = file
        do {
            if file.byteCount != meta.dataByteCount, !isLenient {
                throw ByteCodingError(.truncated, "its data file has \(file.byteCount) bytes instead of \(meta.dataByteCount)")
            }
            let head = try Self.section(.zones, meta, file).withUnsafeBytes { try ZoneSection($0) }
            (names, zones, fences, entryCount) = (head.names, head.zones, head.fences, head.entryCount)
            if isLenient {
                filter = TraceFilter(expecting: 0)
                let known = try? Self.section(.parted, meta, file).withUnsafeBytes { try Self.traceIDs($0) }
                (parted, knowsParted) = (known ?? [], known != nil)
                sampling = (try? SamplingSection(try Self.section(.sampling, meta, file))) ?? SamplingSection()
            } else {
                filter = try Self.section(.filter, meta, file).withUnsafeBytes { try TraceFilter($0) }
                parted = try Self.section(.parted, meta, file).withUnsafeBytes { try Self.traceIDs($0) }
                knowsParted = true
                var sampling = try SamplingSection(try Self.section(.sampling, meta, file))
                sampling.hashes = [:]
                self.sampling = sampling
            }
        } catch {
            file.close()
            throw error
        }
    }

    deinit { file.close() }

    // MARK: - Reading

    var pageCount: Int { zones.count }

    func page(_ number: Int, overlapsFrom from: UInt64, through: UInt64) -> Bool {
        zones[number].overlaps(from: from, through: through)
    }

    func mayContain(_ hash: UInt64) -> Bool { filter.mayContain(hash) }

    func isParted(_ id: TraceID) -> Bool { parted.contains(id) }

    func page(_ number: Int, _ projection: SpanProjection) throws -> SharedSpanBatch {
        let key = SpanPageCache.Key(block: meta.id, part: .page(number))
        if projection != .everything, meta.version > 1 {
            // Part of a page is read more quickly than it is worth keeping.
            if let whole = knownPage(number) { return whole }
            return SharedSpanBatch(try readPage(number, projection))
        }
        let item = try cache.item(
            key, byteCount: { $0.memoryByteCount }, read: { .page(SharedSpanBatch(try readPage(number, .everything))) })
        guard case .page(let batch) = item else { return .empty }
        return batch
    }

    /// Reads a page past the cache. Blocks of version 1 give everything.
    private func readPage(_ number: Int, _ projection: SpanProjection) throws -> SpanBatch {
        let zone = zones[number]
        let (tables, catalog) = (try tables(), try catalog(projection))
        return try withPage(number) { bytes in
            if meta.version > 1 {
                let page = try SpanPageDecoder(bytes, tables, catalog, projection, rowCount: zone.rowCount)
                return try page.decode()
            }
            let batch = try SpanBatchCodec.decode(try Zstd.decompress(bytes, limit: zone.byteCount))
            if batch.count != zone.rowCount { throw ByteCodingError(.malformed, "page \(number) has \(batch.count) rows") }
            return batch
        }
    }

    /// Lends the stored bytes of a page.
    func withPage<Result>(_ number: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
        let zone = zones[number]
        return try checked {
            let stored = try Self.read(file, zone.offset, zone.storedByteCount, zone.checksum, "page \(number)")
            return try stored.withUnsafeBytes(body)
        }
    }

    /// The bytes of each column of all pages together.
    func columnByteCounts() throws -> [String: Int] {
        if meta.version == 1 { return [:] }
        var counts: [String: Int] = [:]
        let (tables, catalog) = (try tables(), try catalog(.everything))
        for (number, zone) in zones.enumerated() {
            try withPage(number) { bytes in
                let page = try SpanPageDecoder(bytes, tables, catalog, .everything, rowCount: zone.rowCount)
                for (name, count) in try page.columnByteCounts() { counts[name, default: 0] += count }
            }
        }
        return counts
    }

    /// What the pages share.
    func tables() throws -> SpanTables {
        if meta[.tables].storedByteCount == 0 { return SpanTables() }
        let item = try cache.item(
            SpanPageCache.Key(block: meta.id, part: .tables), byteCount: { $0.memoryByteCount },
            read: {
                .tables(try checked { try Self.section(.tables, meta, file).withUnsafeBytes { try SpanTables($0) } })
            })
        guard case .tables(let tables) = item else { return SpanTables() }
        return tables
    }

    func runs(of id: TraceID, _ projection: SpanProjection) throws -> [TraceRun] {
        var runs: [TraceRun] = []
        for number in try pages(ofHash: TraceFilter.hash(id)) {
            if let run = try run(number, of: id, projection) { runs.append(run) }
        }
        return runs
    }

    /// The rows of a trace in a page: of the whole page when that is at hand, else read alone.
    private func run(_ number: Int, of id: TraceID, _ projection: SpanProjection) throws -> TraceRun? {
        if meta.version == 1 { return Self.run(try page(number), of: id) }
        if let whole = knownPage(number) { return Self.run(whole, of: id) }
        if let trace = knownTrace(id, page: number) { return TraceRun(batch: trace, rows: trace.spans.rows.indices) }
        let (tables, catalog) = (try tables(), try catalog(projection))
        let found: SpanBatch? = try withPage(number) { bytes in
            let page = try SpanPageDecoder(bytes, tables, catalog, projection, rowCount: zones[number].rowCount)
            guard let rows = try page.rows(of: id) else { return nil }
            page.restrict(to: rows)
            return try page.decode()
        }
        return found.map { TraceRun(batch: SharedSpanBatch($0), rows: $0.rows.indices) }
    }

    private static func run(_ batch: SharedSpanBatch, of id: TraceID) -> TraceRun? {
        let rows = batch.spans.rows
        guard let first = rows.firstIndex(where: { $0.traceID == id }) else { return nil }
        let end = rows[first...].firstIndex { $0.traceID != id } ?? rows.count
        return TraceRun(batch: batch, rows: first..<end)
    }

    /// The pages that the index names for the hash of a trace id.
    func pages(ofHash hash: UInt64) throws -> [Int] {
        var pages: [Int] = []
        for entry in try entries(hash) {
            guard Int(entry.page) < pageCount else { throw damage("its trace index points to a page that is not there") }
            if !pages.contains(Int(entry.page)) { pages.append(Int(entry.page)) }
        }
        return pages
    }

    /// What is known of the pages beyond their zones; nil when the block was written before that was kept.
    func digests() throws -> PageDigests? {
        if meta[.digests].storedByteCount == 0 { return nil }
        let item = try cache.item(
            SpanPageCache.Key(block: meta.id, part: .digests), byteCount: { $0.memoryByteCount },
            read: { .digests(try checked { try readDigests() }) })
        guard case .digests(let digests) = item else { return nil }
        return digests
    }

    private func readDigests() throws -> PageDigests {
        try Self.section(.digests, meta, file).withUnsafeBytes { try PageDigests($0, pageCount: pageCount) }
    }

    /// The names of the operations in the block, those of traces that were sampled out included.
    func operationNames() throws -> Set<OperationName> {
        if meta[.sampling].storedByteCount == 0, let digests = try digests(), digests.hasAllOperations {
            return Set(digests.operations)
        }
        guard let minutes = meta.rollupMinutes else { return [] }
        return Set(try rollups().sums(minutes: minutes, parts: .operations).operations.keys.map(OperationName.init))
    }

    /// The rollups of the block: of its spans, and what they change about the traces that have parts elsewhere.
    func rollups() throws -> RollupSection {
        let item = try cache.item(
            SpanPageCache.Key(block: meta.id, part: .rollups), byteCount: { $0.memoryByteCount },
            read: { .rollups(try checked { try readRollups() }) })
        guard case .rollups(let section) = item else { return try RollupSection(RollupSectionWriter.encode(RollupTable()).bytes) }
        return section
    }

    /// What the block says about sampling, with the traces that chance kept.
    func readSampling() throws -> SamplingSection { try checked { try SamplingSection(try Self.section(.sampling, meta, file)) } }

    /// With what probability the trace of a hash was kept.
    func samplingProbability(ofHash hash: UInt64) throws -> Double {
        meta[.sampling].storedByteCount == 0 ? 1 : try readSampling().probability(ofHash: hash)
    }

    private func readRollups() throws -> RollupSection {
        let bytes = try Self.section(.rollups, meta, file)
        if meta.version > 1 { return try RollupSection(bytes) }
        return try RollupSection(RollupSectionWriter.encode(try RollupSectionVersion1.decode(bytes)).bytes)
    }

    /// Reads everything and compares what the parts say of each other. Throws ``SpanBlockDamage``.
    func verify() throws {
        let magic = try checked { try Self.read(file, 0, SpanBlockFormat.dataMagic.count) }
        if magic != SpanBlockFormat.dataMagic { throw damage("its data file does not begin as one") }
        var rowCount = 0
        for number in zones.indices {
            let page = try readPage(number, .everything)
            rowCount += page.count
            for row in page.rows where !filter.mayContain(TraceFilter.hash(row.traceID)) {
                throw damage("its trace filter does not know trace \(row.traceID)")
            }
        }
        if rowCount != meta.rowCount { throw damage("it has \(rowCount) spans instead of \(meta.rowCount)") }
        for chunk in fences.indices { _ = try indexChunk(chunk) }
        try checked { try readRollups().verify() }
        if meta[.digests].storedByteCount > 0 { _ = try checked { try readDigests() } }
    }

    /// The columns and classes that the pages share, as a projection wants them.
    func catalog(_ projection: SpanProjection) throws -> ClassCatalog {
        let item = try cache.item(
            SpanPageCache.Key(block: meta.id, part: .catalog(projection)), byteCount: { $0.memoryByteCount },
            read: { .catalog(try checked { try ClassCatalog(try tables(), projection) }) })
        guard case .catalog(let catalog) = item else { return try ClassCatalog(SpanTables(), projection) }
        return catalog
    }

    // MARK: - The trace index

    private func entries(_ hash: UInt64) throws -> [TraceIndex.Entry] {
        let hash = TraceIndex.key(hash, version: meta.version)
        var found: [TraceIndex.Entry] = []
        // The last chunk whose first hash is smaller may hold the hash at its end; from there on while they fit.
        var chunk = max(0, Search.lowerBound(fences.count) { fences[$0] < hash } - 1)
        while chunk < fences.count, fences[chunk] <= hash {
            found.append(contentsOf: try indexChunk(chunk).filter { $0.hash == hash })
            chunk += 1
        }
        return found
    }

    private func indexChunk(_ number: Int) throws -> [TraceIndex.Entry] {
        let item = try cache.item(
            SpanPageCache.Key(block: meta.id, part: .indexChunk(number)), byteCount: { $0.memoryByteCount },
            read: { .indexChunk(try readIndexChunk(number)) })
        guard case .indexChunk(let entries) = item else { return [] }
        return entries
    }

    private func readIndexChunk(_ number: Int) throws -> [TraceIndex.Entry] {
        let place = meta[.traceIndex]
        let entryByteCount = TraceIndex.entryByteCount(version: meta.version)
        let first = number * TraceIndex.chunkEntryCount
        let byteCount = min(TraceIndex.chunkEntryCount, entryCount - first) * entryByteCount
        let offset = number * (TraceIndex.chunkEntryCount * entryByteCount + 4)
        return try checked {
            guard byteCount > 0, offset + byteCount + 4 <= place.storedByteCount else {
                throw ByteCodingError(.truncated, "its trace index ends too early")
            }
            let bytes = try Self.read(file, place.offset + offset, byteCount + 4)
            return try bytes.withUnsafeBytes { raw in
                let body = UnsafeRawBufferPointer(rebasing: raw[..<byteCount])
                var tail = ByteReader(UnsafeRawBufferPointer(rebasing: raw[byteCount...]))
                if try tail.readInteger(UInt32.self) != CRC32C.checksum(body) {
                    throw ByteCodingError(.malformed, "the checksum of chunk \(number) of its trace index does not fit")
                }
                return try TraceIndex.decode(body, version: meta.version)
            }
        }
    }

    // MARK: - Bytes

    private func damage(_ message: String) -> SpanBlockDamage { SpanBlockDamage(block: meta.id, message: message) }

    /// Turns what bytes say wrongly into damage of this block; failures of the disk stay what they are.
    private func checked<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as ByteCodingError {
            throw damage(error.message)
        } catch let error as FileError where error.kind == .truncated {
            throw damage(error.message)
        }
    }

    private static func read(_ file: any ReadableFile, _ offset: Int, _ count: Int) throws -> [UInt8] {
        if count > file.byteCount || offset > file.byteCount - count {
            throw ByteCodingError(.truncated, "its data file ends before byte \(offset) and \(count) more")
        }
        var bytes = [UInt8](repeating: 0, count: count)
        try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: offset) }
        return bytes
    }

    private static func read(
        _ file: any ReadableFile, _ offset: Int, _ count: Int, _ checksum: UInt32, _ what: String
    ) throws -> [UInt8] {
        let bytes = try read(file, offset, count)
        if CRC32C.checksum(bytes) != checksum { throw ByteCodingError(.malformed, "the checksum of \(what) does not fit") }
        return bytes
    }

    private static func section(
        _ section: SpanBlockFormat.Section, _ meta: SpanBlockMeta, _ file: any ReadableFile
    ) throws -> [UInt8] {
        let place = meta[section]
        if place.storedByteCount == 0 { return [] }
        let stored = try read(file, place.offset, place.storedByteCount, place.checksum, "section \(section)")
        return try Zstd.decompress(stored, limit: place.byteCount)
    }

    private static func traceIDs(_ bytes: UnsafeRawBufferPointer) throws -> Set<TraceID> {
        var reader = ByteReader(bytes)
        var ids: Set<TraceID> = []
        while !reader.isAtEnd { ids.insert(TraceID(high: try reader.readInteger(), low: try reader.readInteger())) }
        return ids
    }
}

/// The section that is in memory while a block is open.
private struct ZoneSection {
    var names: [String] = []
    var zones: [PageZone] = []
    var fences: [UInt64] = []
    var entryCount = 0

    init(_ bytes: UnsafeRawBufferPointer) throws {
        var reader = ByteReader(bytes)
        for _ in 0..<(try reader.readCount(limit: reader.remaining)) { names.append(try reader.readString()) }
        for _ in 0..<(try reader.readCount(limit: reader.remaining)) {
            zones.append(try PageZone(&reader, nameCount: names.count))
        }
        entryCount = try reader.readCount(limit: SpanBlockFormat.dataByteLimit)
        let chunkCount = (entryCount + TraceIndex.chunkEntryCount - 1) / TraceIndex.chunkEntryCount
        try reader.require(chunkCount * 8)
        for _ in 0..<chunkCount { fences.append(try reader.readInteger()) }
        if !reader.isAtEnd { throw ByteCodingError.malformed(at: reader.position, "bytes behind the end of the zones") }
    }
}

extension SpanPageCache.Item {
    /// About how much memory the item takes.
    var memoryByteCount: Int {
        switch self {
        case .page(let batch): batch.byteCount
        case .tables(let tables): tables.byteCount
        case .catalog(let catalog): catalog.byteCount
        case .indexChunk(let entries): entries.count * MemoryLayout<TraceIndex.Entry>.stride
        case .rollups(let section): section.memoryByteCount
        case .digests(let digests): digests.memoryByteCount
        }
    }
}
