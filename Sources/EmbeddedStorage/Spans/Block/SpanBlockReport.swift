import ByteCoding
import Platform
import Storage
import TelemetryModel

/// What stands in a block of spans, in bytes.
public struct SpanBlockReport: Encodable, Sendable, Equatable {
    /// A part of the block: a section, or a column of all pages together.
    public struct Part: Encodable, Sendable, Equatable {
        /// What it holds.
        public var name: String
        /// Its bytes on disk.
        public var byteCount: Int
    }

    /// Where the block is.
    public var path = ""
    /// The version of its format.
    public var version: UInt32 = 0
    /// The earliest and the latest start of a span, nanoseconds since 1970.
    public var first: UInt64 = 0
    /// The latest start of a span.
    public var last: UInt64 = 0
    /// How many spans, traces and pages it has.
    public var spanCount = 0
    /// How many traces.
    public var traceCount = 0
    /// How many pages.
    public var pageCount = 0
    /// The blocks that it was made of.
    public var replaced: [UInt64] = []
    /// Pages as a whole, and the sections.
    public var parts: [Part] = []
    /// What the pages consist of, the largest first; those of version 1 cannot be told apart.
    public var columns: [Part] = []

    /// The bytes of all parts.
    public var byteCount: Int { parts.reduce(0) { $0 + $1.byteCount } }
}

/// Reads a block of spans and changes nothing.
public enum SpanBlockInspector {
    /// Whether a folder's name is that of a block of spans: 16 hexadecimal digits.
    public static func isBlock(_ path: String) -> Bool {
        guard let name = path.split(separator: "/").last, name.utf8.count == 16 else { return false }
        return UInt64(name, radix: 16) != nil
    }

    /// Looks at the block in a folder. Throws ``StorageError`` of kind `unusable` when there is none, of kind `corrupt` when it
    /// is damaged.
    public static func inspect(_ path: String, fileSystem: any FileSystem = PosixFileSystem()) throws -> SpanBlockReport {
        do {
            let block = try SpanBlock(directory: path, fileSystem: fileSystem, cache: SpanPageCache(byteLimit: 64 << 20))
            var report = SpanBlockReport()
            let meta = block.meta
            let named = path.split(separator: "/").last.flatMap { UInt64($0, radix: 16) }
            if isBlock(path), named != meta.id {
                throw ByteCodingError(.malformed, "its files are those of block \(SpanBlockDirectory.name(meta.id))")
            }
            (report.path, report.version, report.replaced) = (path, meta.version, meta.replaces)
            (report.first, report.last) = (meta.minimumStart, meta.maximumStart)
            (report.spanCount, report.traceCount, report.pageCount) = (meta.rowCount, meta.traceCount, block.pageCount)
            report.parts.append(.init(name: "pages", byteCount: block.zones.reduce(0) { $0 + $1.storedByteCount }))
            for section in SpanBlockFormat.Section.allCases where meta[section].storedByteCount > 0 {
                report.parts.append(.init(name: "\(section)", byteCount: meta[section].storedByteCount))
            }
            report.parts.append(
                .init(name: "description", byteCount: meta.bytes.count + SpanBlockFormat.dataMagic.count))
            report.columns = try block.columnByteCounts().map { .init(name: $0.key, byteCount: $0.value) }
                .sorted { ($0.byteCount, $1.name) > ($1.byteCount, $0.name) }
            return report
        } catch let error as FileError {
            throw StorageError(.unusable, "\(path) cannot be read: \(error)")
        } catch let damage as SpanBlockDamage {
            throw StorageError(.corrupt, damage.description)
        } catch let error as ByteCodingError {
            throw StorageError(.corrupt, "\(path) is damaged: \(error)")
        }
    }
}
