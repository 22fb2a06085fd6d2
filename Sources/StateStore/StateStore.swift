import Foundation
import GRDB

/// What alerting and scaling must remember over restarts, in one SQLite file: documents by kind and key, and the outbox.
///
/// Calls block and may come from several threads at once. A state and the messages that follow from it are written in one
/// transaction, so that the end of the process neither loses a message nor sends one for a state that was never kept.
public final class StateStore: Sendable {
    /// Its file in a data folder.
    public static let fileName = "state.sqlite"

    private let queue: DatabaseQueue

    /// Opens or creates the database at `path`. Throws ``StateStoreError`` when it cannot be used.
    public init(path: String) throws(StateStoreError) {
        do {
            var configuration = Configuration()
            configuration.prepareDatabase { database in
                try database.execute(sql: "PRAGMA journal_mode = WAL")
                try database.execute(sql: "PRAGMA synchronous = FULL")
            }
            queue = try DatabaseQueue(path: path, configuration: configuration)
            try Self.migrate(queue, path)
        } catch let error as StateStoreError {
            throw error
        } catch {
            throw StateStoreError(
                "The state database \(path) cannot be opened: \(error). Move it aside to start with an empty one.")
        }
    }

    /// A database that lives as long as this object, for tests and tools.
    public init() throws(StateStoreError) {
        do {
            queue = try DatabaseQueue()
            try Self.migrate(queue, "in memory")
        } catch {
            throw StateStoreError("SQLite cannot make a database in memory: \(error).")
        }
    }

    private static func migrate(_ queue: DatabaseQueue, _ path: String) throws {
        let migrator = StateSchema.migrator
        if try queue.read({ try migrator.hasBeenSuperseded($0) }) {
            throw StateStoreError(
                "The state database \(path) was written by a newer version of Headrope. Use that version, or move it aside.")
        }
        try migrator.migrate(queue)
    }

    /// Does several things at once or not at all.
    public func transaction<Result>(_ body: (StateTransaction) throws -> Result) throws -> Result {
        try queue.write { try body(StateTransaction(database: $0)) }
    }

    /// Writes a consistent copy to a file that does not exist yet, durably, while others go on.
    public func backUp(to path: String) throws(StateStoreError) {
        do {
            let copy = try DatabaseQueue(path: path)
            try queue.backup(to: copy)
            try copy.close()
        } catch {
            throw StateStoreError("The state database cannot be copied to \(path): \(error).")
        }
    }

    /// Closes the file.
    public func close() throws { try queue.close() }

    // MARK: - The outbox as its sender sees it

    /// Messages that may be sent now, oldest first, at most `limit`; of each URL only the oldest, so that order is kept.
    public func dueMessages(now: Int64, limit: Int) throws -> [PendingMessage] {
        try queue.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM outbox WHERE id IN (SELECT MIN(id) FROM outbox WHERE state = 'pending' GROUP BY url)
                    AND not_before <= ? ORDER BY id LIMIT ?
                    """, arguments: [now, limit])
            return try rows.map { row in
                let headers = try JSONDecoder().decode([String: String].self, from: row["headers"])
                let body: Data = row["body"]
                let message = OutboxMessage(key: row["key"], url: row["url"], headers: headers, body: Array(body))
                return PendingMessage(id: row["id"], message: message, attempts: row["attempts"], notBefore: row["not_before"])
            }
        }
    }

    /// Notes that a message arrived.
    public func markDelivered(_ id: Int64) throws {
        try queue.write { database in
            try database.execute(
                sql: "UPDATE outbox SET state = 'delivered', attempts = attempts + 1, last_error = NULL WHERE id = ?",
                arguments: [id])
        }
    }

    /// Notes that a message did not arrive; without `retryAt` (milliseconds since 1970) it is given up.
    public func markFailed(_ id: Int64, error: String, retryAt: Int64?) throws {
        try queue.write { database in
            try database.execute(
                sql: "UPDATE outbox SET state = ?, attempts = attempts + 1, last_error = ?, not_before = ? WHERE id = ?",
                arguments: [retryAt == nil ? "failed" : "pending", error, retryAt ?? 0, id])
        }
    }

    /// How many messages are in which state.
    public func outboxCounts() throws -> OutboxCounts {
        try queue.read { database in
            var counts = OutboxCounts()
            for row in try Row.fetchAll(database, sql: "SELECT state, COUNT(*) AS n FROM outbox GROUP BY state") {
                switch row["state"] as String {
                case "pending": counts.pending = row["n"]
                case "delivered": counts.delivered = row["n"]
                default: counts.failed = row["n"]
                }
            }
            return counts
        }
    }

    /// Forgets all but the newest `keeping` messages that are done with; their keys are forgotten with them.
    public func pruneOutbox(keeping: Int) throws {
        try queue.write { database in
            try database.execute(
                sql: """
                    DELETE FROM outbox WHERE state != 'pending' AND id NOT IN
                    (SELECT id FROM outbox WHERE state != 'pending' ORDER BY id DESC LIMIT ?)
                    """, arguments: [keeping])
        }
    }
}
