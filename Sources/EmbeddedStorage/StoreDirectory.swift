import Platform
import Storage

/// The data folder as a whole: whose it is, in which format, and the lock that one process at a time has.
///
/// `HEADROPE` is a small text file that is written when the folder is empty. `Schemas/format/store-directory.md` describes
/// the layout.
public final class StoreDirectory: Sendable {
    /// The file that says whose folder it is.
    public static let markerName = "HEADROPE"
    /// The format that is written, and the newest that is read.
    public static let formatVersion = 1
    /// The first line of the marker.
    static let markerTitle = "Headrope data"
    static let markerByteLimit = 4_096
    /// What may lie in a folder that is taken as empty.
    private static let ignoredNames: Set<String> = [DirectoryLock.fileName, "\(markerName).tmp", "lost+found"]

    /// The folder.
    public let path: String
    /// A random number in hexadecimal that the folder keeps for ever.
    public let storeID: String
    private let held: DirectoryLock
    private let fileSystem: any FileSystem

    /// Where the metrics are.
    var metricsPath: String { Self.metricsPath(path) }
    /// Where the spans are.
    var spansPath: String { Self.spansPath(path) }

    static func metricsPath(_ path: String) -> String { "\(path)/metrics" }
    static func exemplarsPath(_ path: String) -> String { "\(path)/metrics/exemplars" }
    static func metadataPath(_ path: String) -> String { "\(path)/metrics/metadata" }
    static func spansPath(_ path: String) -> String { "\(path)/spans" }

    /// Locks a data folder and makes it ours when it is empty or missing. Throws ``StorageError`` of kind `unusable` when it
    /// belongs to something else, to a newer version or to a running process, or cannot be written.
    public init(_ path: String, fileSystem: any FileSystem) throws {
        self.path = path
        self.fileSystem = fileSystem
        do {
            try Self.prepare(path, fileSystem)
            let marker = try Self.readMarker(path, fileSystem)
            held = try fileSystem.lock(path)
            storeID = try marker ?? Self.writeMarker(path, fileSystem)
            for part in [Self.metricsPath(path), Self.spansPath(path)] { try fileSystem.makeDirectory(part) }
            try fileSystem.syncDirectory(path)
        } catch let error as FileError {
            throw Self.unusable(path, error)
        }
    }

    /// Makes another folder one of the same store.
    func linkMarker(to other: String) throws(FileError) {
        try fileSystem.hardLink("\(path)/\(Self.markerName)", to: "\(other)/\(Self.markerName)")
    }

    /// Gives the lock back.
    public func unlock() { held.unlock() }

    private static func prepare(_ path: String, _ fileSystem: any FileSystem) throws {
        guard let found = try fileSystem.status(path) else {
            try fileSystem.makeDirectory(path)
            return try fileSystem.syncDirectory(PosixFileSystem.parent(of: path))
        }
        if !found.isDirectory { throw StorageError(.unusable, "\(path) is a file; --data needs a folder.") }
    }

    /// The store's id, or nil when the folder is empty. Changes nothing.
    static func readMarker(_ path: String, _ fileSystem: any FileSystem) throws -> String? {
        let names = try fileSystem.list(path).filter { !ignoredNames.contains($0) }
        if names.isEmpty { return nil }
        guard names.contains(markerName) else {
            throw StorageError(
                .unusable,
                "\(path) holds files that are not Headrope's (\(names[0])). Name an empty or new folder with --data.")
        }
        let bytes = try fileSystem.readAll("\(path)/\(markerName)", limit: markerByteLimit)
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        guard lines.count >= 3, lines[0].joined(separator: " ") == markerTitle, lines[1].first == "format", lines[1].count == 2,
            let version = Int(lines[1][1]), version > 0, lines[2].first == "id", lines[2].count == 2
        else {
            throw StorageError(.unusable, "\(path)/\(markerName) is not what Headrope writes; the folder is left alone.")
        }
        if version > formatVersion {
            throw StorageError(
                .unusable,
                "\(path) was written by a newer Headrope (format \(version); this one reads up to \(formatVersion)). Use that version."
            )
        }
        return lines[2][1]
    }

    private static func writeMarker(_ path: String, _ fileSystem: any FileSystem) throws -> String {
        let digits = (0..<2).map { _ in String(UInt64.random(in: 0...UInt64.max), radix: 16) }
        let id = digits.map { String(repeating: "0", count: 16 - $0.count) + $0 }.joined()
        let text = "\(markerTitle)\nformat \(formatVersion)\nid \(id)\n"
        try fileSystem.writeAtomically(Array(text.utf8), to: "\(path)/\(markerName)")
        return id
    }

    private static func unusable(_ path: String, _ error: FileError) -> StorageError {
        switch error.kind {
        case .locked:
            StorageError(.unusable, "\(path) is in use by another Headrope. Stop it first, or name another folder with --data.")
        case .notPermitted:
            StorageError(
                .unusable, "\(path) cannot be written by this user (\(error)) Change its owner, or name another folder with --data."
            )
        case .noSpace: StorageError(.unusable, "The disk of \(path) is full: \(error)")
        default: StorageError(.unusable, "\(path) cannot be used: \(error)")
        }
    }
}
