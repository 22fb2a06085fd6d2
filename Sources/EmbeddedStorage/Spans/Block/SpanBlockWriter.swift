import ByteCoding
import Platform
import TelemetryModel

/// Writes a new block into a directory of its own: pages as they come, then the sections, then `meta`. Nothing counts
/// before the directory has got its final name, which ``SpanBlockDirectory`` gives it.
struct SpanBlockWriter {
    private let fileSystem: any FileSystem
    private let directory: String
    private let file: any AppendableFile
    private var meta: SpanBlockMeta
    private var zones: [PageZone] = []
    private var digests = PageDigestWriter()
    private var pages: SpanPageEncoder
    private var names = NameList()
    private var entries: [TraceIndex.Entry] = []
    private var hashes: [UInt64] = []
    private var parted: Set<TraceID> = []
    private var lastTrace: TraceID?

    /// Makes the directory and begins the data file. Pages are compressed so hard (zstd level).
    init(
        id: UInt64, directory: String, fileSystem: any FileSystem, compressionLevel: Int32 = SpanBlockFormat.compressionLevel
    ) throws {
        self.fileSystem = fileSystem
        self.directory = directory
        meta = SpanBlockMeta(id: id)
        pages = try SpanPageEncoder(compressionLevel: compressionLevel)
        try fileSystem.makeDirectory(directory)
        file = try fileSystem.create(directory + "/" + SpanBlockFormat.dataName)
        try SpanBlockFormat.dataMagic.withUnsafeBytes { try file.append($0) }
    }

    /// How many spans have been written.
    var rowCount: Int { meta.rowCount }

    /// Adds whole traces, the rows of each together and by rising start, the traces by rising start.
    mutating func add(_ batch: SpanBatch) throws {
        if batch.count <= SpanBlockFormat.pageRowLimit { return try addPage(batch) }
        for start in stride(from: 0, to: batch.count, by: SpanBlockFormat.pageRowLimit) {
            let end = min(start + SpanBlockFormat.pageRowLimit, batch.count)
            if end < batch.count, batch.rows[end - 1].traceID == batch.rows[end].traceID { parted.insert(batch.rows[end].traceID) }
            var page = SpanBatch()
            page.append(rows: start..<end, of: batch)
            try addPage(page)
        }
    }

    /// Notes that spans start, or started, in the closed range.
    mutating func cover(from: UInt64, through: UInt64) {
        meta.minimumStart = min(meta.minimumStart, from)
        meta.maximumStart = max(meta.maximumStart, through)
    }

    /// Notes that a trace of this block has spans in others too.
    mutating func markParted(_ id: TraceID) { parted.insert(id) }

    private mutating func addPage(_ page: SpanBatch) throws {
        if page.isEmpty { return }
        if zones.count == TraceIndex.pageLimit {
            throw ByteCodingError(.tooLarge, "a block of more than \(TraceIndex.pageLimit) pages")
        }
        var zone = PageZone()
        zone.rowCount = page.count
        index(page, &zone)
        names.list(page, &zone)
        digests.add(page)
        let stored = try pages.encode(page)
        zone.byteCount = stored.count
        zone.storedByteCount = stored.count
        zone.checksum = CRC32C.checksum(stored)
        zone.offset = file.byteCount
        try stored.withUnsafeBytes { try file.append($0) }
        zones.append(zone)
        meta.rowCount += page.count
        meta.minimumStart = min(meta.minimumStart, zone.minimumStart)
        meta.maximumStart = max(meta.maximumStart, zone.maximumStart)
    }

    /// Enters the traces of a page and takes its extremes.
    private mutating func index(_ page: SpanBatch, _ zone: inout PageZone) {
        let number = UInt32(zones.count)
        var first = 0
        zone.hasError = page.symbols.find("error") != nil
        for (row, span) in page.rows.enumerated() {
            zone.minimumStart = min(zone.minimumStart, span.start)
            zone.maximumStart = max(zone.maximumStart, span.start)
            zone.maximumDuration = max(zone.maximumDuration, span.duration)
            if span.status == .error { zone.hasError = true }
            let isLast = row + 1 == page.count || page.rows[row + 1].traceID != span.traceID
            if !isLast { continue }
            zone.maximumTraceStart = max(zone.maximumTraceStart, page.rows[first].start)
            let hash = TraceFilter.hash(span.traceID)
            hashes.append(hash)
            entries.append(TraceIndex.Entry(hash: TraceIndex.key(hash, version: meta.version), page: number))
            if lastTrace != span.traceID { meta.traceCount += 1 }
            lastTrace = span.traceID
            first = row + 1
        }
    }

    /// Writes the sections and `meta`, everything synced; the directory may then be renamed.
    ///
    /// `sampling` is the content of its section.
    mutating func finish(rollups: EncodedRollups, sampling: [UInt8] = [], logThrough: UInt64, replaces: [UInt64]) throws {
        meta.rollupMinutes = rollups.minutes
        meta.logThrough = logThrough
        meta.replaces = replaces
        entries.sort(by: TraceIndex.precedes)
        var filter = TraceFilter(expecting: meta.traceCount)
        for hash in hashes { filter.insert(hash) }
        try add(.zones, zoneBytes())
        try add(.filter, filter.bytes)
        try addTraceIndex()
        try add(.parted, partedBytes())
        try add(.rollups, rollups.bytes)
        if !sampling.isEmpty { try add(.sampling, sampling) }
        try add(.digests, digests.finish())
        try add(.tables, pages.tables())
        meta.dataByteCount = file.byteCount
        try file.sync()
        file.close()
        let metaFile = try fileSystem.create(directory + "/" + SpanBlockFormat.metaName)
        defer { metaFile.close() }
        try meta.bytes.withUnsafeBytes { try metaFile.append($0) }
        try metaFile.sync()
        try fileSystem.syncDirectory(directory)
    }

    /// Gives up: closes the file and removes what was written.
    func discard() {
        file.close()
        // What cannot be removed now goes at the next start, as everything under a temporary name does.
        try? fileSystem.remove(directory)
    }

    private mutating func add(_ section: SpanBlockFormat.Section, _ bytes: [UInt8]) throws {
        let stored = try Zstd.compress(bytes, level: SpanBlockFormat.compressionLevel)
        try append(section, stored, byteCount: bytes.count)
    }

    private mutating func append(_ section: SpanBlockFormat.Section, _ stored: [UInt8], byteCount: Int) throws {
        meta.sections[section] = SpanBlockMeta.SectionPlace(
            offset: file.byteCount, storedByteCount: stored.count, byteCount: byteCount, checksum: CRC32C.checksum(stored))
        try stored.withUnsafeBytes { try file.append($0) }
    }

    /// The index is not compressed, and each chunk has a checksum of its own, so that a chunk is read alone.
    private mutating func addTraceIndex() throws {
        var writer = ByteWriter()
        for start in stride(from: 0, to: entries.count, by: TraceIndex.chunkEntryCount) {
            let chunk = TraceIndex.encode(entries[start..<min(start + TraceIndex.chunkEntryCount, entries.count)])
            writer.writeBytes(chunk)
            writer.writeInteger(CRC32C.checksum(chunk))
        }
        try append(.traceIndex, writer.bytes, byteCount: entries.count * TraceIndex.entryByteCount(version: meta.version))
    }

    private func zoneBytes() -> [UInt8] {
        var writer = ByteWriter()
        names.write(&writer)
        writer.writeVarint(UInt64(zones.count))
        for zone in zones { zone.write(&writer) }
        writer.writeVarint(UInt64(entries.count))
        for start in stride(from: 0, to: entries.count, by: TraceIndex.chunkEntryCount) { writer.writeInteger(entries[start].hash) }
        return writer.bytes
    }

    private func partedBytes() -> [UInt8] {
        var writer = ByteWriter()
        for id in parted.sorted() {
            writer.writeInteger(id.high)
            writer.writeInteger(id.low)
        }
        return writer.bytes
    }
}

/// The services and operations of a block, each once; pages list their numbers.
private struct NameList {
    private var names: [String] = []
    private var numbers: [String: UInt32] = [:]

    /// Lists the services and operations of a page.
    mutating func list(_ page: SpanBatch, _ zone: inout PageZone) {
        zone.services = numbers(of: page.resources.map(\.serviceName), page)
        zone.operations = numbers(of: page.rows.map(\.name), page)
    }

    private mutating func numbers(of symbols: [UInt32], _ page: SpanBatch) -> [UInt32]? {
        var isListed = [Bool](repeating: false, count: page.symbols.count)
        var distinct: [UInt32] = []
        for symbol in symbols where !isListed[Int(symbol)] {
            isListed[Int(symbol)] = true
            distinct.append(symbol)
        }
        if distinct.count > PageZone.nameLimit { return nil }
        return distinct.sorted().map { number(page.symbols.string($0)) }.sorted()
    }

    private mutating func number(_ name: String) -> UInt32 {
        if let known = numbers[name] { return known }
        let new = UInt32(names.count)
        names.append(name)
        numbers[name] = new
        return new
    }

    func write(_ writer: inout ByteWriter) {
        writer.writeVarint(UInt64(names.count))
        for name in names { writer.writeString(name) }
    }
}
