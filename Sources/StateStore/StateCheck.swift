import Foundation
import GRDB

/// Looks whether a state database can be read.
public enum StateCheck {
    /// What SQLite finds wrong with a database; nothing when it is sound. The file is not touched: a copy is looked at, as
    /// SQLite would write beside the original. Throws ``StateStoreError`` when no copy can be made.
    public static func problems(path: String) throws(StateStoreError) -> [String] {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("headrope-check-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let copy = folder.appendingPathComponent("state.sqlite").path
            try FileManager.default.copyItem(atPath: path, toPath: copy)
            // What was written last may stand in the file beside it only.
            if FileManager.default.fileExists(atPath: path + "-wal") {
                try FileManager.default.copyItem(atPath: path + "-wal", toPath: copy + "-wal")
            }
        } catch {
            throw StateStoreError("\(path) cannot be copied to be checked: \(error.localizedDescription)")
        }
        do {
            let queue = try DatabaseQueue(path: folder.appendingPathComponent("state.sqlite").path)
            let found = try queue.read { try String.fetchAll($0, sql: "PRAGMA integrity_check(20)") }
            try queue.close()
            return found == ["ok"] ? [] : found
        } catch {
            return ["\(error)"]
        }
    }
}
