import ByteCoding
import Platform

/// Up to which times something has been let go, milliseconds since 1970. Both only rise.
struct MetricHorizons: Equatable, Sendable {
    /// Samples up to here may be gone; later ones are all there. A multiple of the widest bucket, so that no bucket has
    /// samples on both sides.
    var samples = Int64.min
    /// Aggregates of five minutes up to here may be gone, or were never made.
    var fiveMinutes = Int64.min

    /// Lets samples up to a moment go.
    mutating func passSamples(_ timestamp: Int64) { samples = max(samples, MetricResolution.oneHour.end(of: timestamp)) }

    /// Does without aggregates of five minutes up to a moment.
    mutating func passFiveMinutes(_ timestamp: Int64) {
        fiveMinutes = max(fiveMinutes, MetricResolution.oneHour.end(of: timestamp))
    }
}

/// The horizons on disk, as `Schemas/format/metric-horizons.md` describes them.
enum MetricHorizonsFile {
    static let name = "horizons"
    /// What a file that cannot be read is renamed to.
    static let damagedName = "damaged-horizons"
    /// "HRMZ" in the order of the file.
    static let magic: UInt32 = 0x5A4D_5248
    /// The version that is written, and the newest that is read.
    static let version: UInt32 = 1
    static let byteCount = 28

    /// Replaces the file, durably.
    static func write(_ horizons: MetricHorizons, in directory: String, _ fileSystem: any FileSystem) throws(FileError) {
        try fileSystem.writeAtomically(encode(horizons), to: "\(directory)/\(name)")
    }

    /// The horizons; those of a store that has let nothing go when there is no file. Throws `ByteCodingError` for a damaged
    /// file, and `FileError`.
    static func read(in directory: String, _ fileSystem: any FileSystem) throws -> MetricHorizons {
        let path = "\(directory)/\(name)"
        if try fileSystem.status(path) == nil { return MetricHorizons() }
        return try decode(try fileSystem.readAll(path, limit: 1 << 10))
    }

    static func encode(_ horizons: MetricHorizons) -> [UInt8] {
        var writer = ByteWriter()
        writer.writeInteger(magic)
        writer.writeInteger(version)
        writer.writeInteger(horizons.samples)
        writer.writeInteger(horizons.fiveMinutes)
        writer.writeInteger(CRC32C.checksum(writer.bytes))
        return writer.bytes
    }

    static func decode(_ bytes: [UInt8]) throws(ByteCodingError) -> MetricHorizons {
        if bytes.count != byteCount { throw ByteCodingError(.malformed, "\(bytes.count) bytes stand instead of \(byteCount)") }
        let checksum = CRC32C.checksum(Array(bytes.dropLast(4)))
        let result = bytes.withUnsafeBytes { raw in
            Result<MetricHorizons, ByteCodingError> { () throws(ByteCodingError) in
                var reader = ByteReader(raw)
                if try reader.readInteger(UInt32.self) != magic { throw .malformed(at: 0, "no horizons start") }
                let found = try reader.readInteger(UInt32.self)
                if found > version { throw .malformed(at: 4, "format version \(found) of a newer Headrope stands") }
                let horizons = MetricHorizons(samples: try reader.readInteger(), fiveMinutes: try reader.readInteger())
                if try reader.readInteger(UInt32.self) != checksum { throw .malformed(at: 0, "a wrong checksum") }
                return horizons
            }
        }
        return try result.get()
    }
}

extension MetricStore {
    /// Reads how far retention has gone. When the file is damaged, what is before the oldest blocks counts as gone.
    static func openHorizons(_ path: String, _ fileSystem: any FileSystem, _ state: inout State) throws {
        do {
            state.downsampled.horizons = try MetricHorizonsFile.read(in: path, fileSystem)
        } catch let error as ByteCodingError {
            state.damages.append(
                "\(path)/\(MetricHorizonsFile.name) is damaged (\(error)): samples before the oldest block count as gone.")
            var horizons = MetricHorizons()
            horizons.passSamples(beginning(state.blocks) ?? state.downsampled.blocks.map(\.meta.last).max() ?? .min)
            horizons.passFiveMinutes(beginning(state.downsampled.blocks(.fiveMinutes)) ?? horizons.samples)
            try fileSystem.rename("\(path)/\(MetricHorizonsFile.name)", to: "\(path)/\(MetricHorizonsFile.damagedName)")
            try MetricHorizonsFile.write(horizons, in: path, fileSystem)
            state.downsampled.horizons = horizons
        }
    }

    /// The last moment before the first of blocks begins.
    private static func beginning(_ blocks: [MetricBlock]) -> Int64? {
        blocks.map(\.meta.first).min().map { $0 == .min ? $0 : $0 - 1 }
    }
}
