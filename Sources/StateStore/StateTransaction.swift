import Foundation
import GRDB

/// What can be done together in a ``StateStore/transaction(_:)``.
public struct StateTransaction {
    let database: Database

    /// Keeps a document, replacing the one of that kind and key.
    public func save<Document: Encodable>(_ document: Document, kind: String, key: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        try database.execute(
            sql: "INSERT OR REPLACE INTO documents (kind, key, body) VALUES (?, ?, ?)",
            arguments: [kind, key, try encoder.encode(document)])
    }

    /// A document, or nil when there is none.
    public func document<Document: Decodable>(_ type: Document.Type, kind: String, key: String) throws -> Document? {
        let body = try Data.fetchOne(
            database, sql: "SELECT body FROM documents WHERE kind = ? AND key = ?", arguments: [kind, key])
        return try body.map { try JSONDecoder().decode(type, from: $0) }
    }

    /// All documents of a kind by their keys.
    public func documents<Document: Decodable>(_ type: Document.Type, kind: String) throws -> [String: Document] {
        let rows = try Row.fetchAll(database, sql: "SELECT key, body FROM documents WHERE kind = ?", arguments: [kind])
        var found: [String: Document] = [:]
        for row in rows { found[row["key"]] = try JSONDecoder().decode(type, from: row["body"]) }
        return found
    }

    /// Removes a document; what is not there is no error.
    public func remove(kind: String, key: String) throws {
        try database.execute(sql: "DELETE FROM documents WHERE kind = ? AND key = ?", arguments: [kind, key])
    }

    /// Puts a message into the outbox, to be sent at once; one whose key is known already is not taken again.
    public func enqueue(_ message: OutboxMessage, now: Int64) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        try database.execute(
            sql: "INSERT OR IGNORE INTO outbox (key, url, headers, body, not_before) VALUES (?, ?, ?, ?, ?)",
            arguments: [message.key, message.url, try encoder.encode(message.headers), Data(message.body), now])
    }
}
