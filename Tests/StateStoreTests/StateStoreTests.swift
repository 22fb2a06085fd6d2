import Foundation
import GRDB
import StateStore
import Testing

@Suite("State store")
struct StateStoreTests {
    struct Note: Codable, Equatable {
        var text: String
    }

    static func message(_ key: String, url: String = "http://127.0.0.1/hook") -> OutboxMessage {
        OutboxMessage(key: key, url: url, headers: ["Content-Type": "application/json"], body: Array("{}".utf8))
    }

    static func withFile<Result>(_ body: (String) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("headrope-state-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder.appendingPathComponent("state.sqlite").path)
    }

    @Test("A transaction that throws leaves neither the document nor the message behind")
    func transactionsAreAllOrNothing() throws {
        struct Stop: Error {}
        let store = try StateStore()
        #expect(throws: Stop.self) {
            try store.transaction { transaction in
                try transaction.save(Note(text: "a"), kind: "note", key: "1")
                try transaction.enqueue(Self.message("k"), now: 0)
                throw Stop()
            }
        }
        #expect(try store.transaction { try $0.document(Note.self, kind: "note", key: "1") } == nil)
        #expect(try store.outboxCounts() == OutboxCounts())
    }

    @Test("Documents and messages survive closing and opening")
    func contentIsKept() throws {
        try Self.withFile { path in
            let store = try StateStore(path: path)
            try store.transaction { transaction in
                try transaction.save(Note(text: "kept"), kind: "note", key: "1")
                try transaction.enqueue(Self.message("k"), now: 5)
            }
            try store.close()
            let again = try StateStore(path: path)
            #expect(try again.transaction { try $0.documents(Note.self, kind: "note") } == ["1": Note(text: "kept")])
            #expect(try again.dueMessages(now: 4, limit: 10).isEmpty)
            #expect(try again.dueMessages(now: 5, limit: 10).map(\.message) == [Self.message("k")])
        }
    }

    @Test("A key that is known is not taken again, delivered or not")
    func keysAreTakenOnce() throws {
        let store = try StateStore()
        try store.transaction { try $0.enqueue(Self.message("k"), now: 0) }
        try store.transaction { try $0.enqueue(Self.message("k"), now: 0) }
        let due = try store.dueMessages(now: 0, limit: 10)
        #expect(due.count == 1)
        try store.markDelivered(try #require(due.first).id)
        try store.transaction { try $0.enqueue(Self.message("k"), now: 0) }
        let counts = try store.outboxCounts()
        #expect(counts.pending == 0 && counts.delivered == 1)
    }

    @Test("A message that failed holds back later ones to the same URL only")
    func orderIsKeptByURL() throws {
        let store = try StateStore()
        try store.transaction { transaction in
            try transaction.enqueue(Self.message("a1"), now: 0)
            try transaction.enqueue(Self.message("a2"), now: 0)
            try transaction.enqueue(Self.message("b1", url: "http://127.0.0.1/other"), now: 0)
        }
        let first = try #require(try store.dueMessages(now: 0, limit: 10).first)
        try store.markFailed(first.id, error: "refused", retryAt: 1_000)
        #expect(try store.dueMessages(now: 0, limit: 10).map(\.message.key) == ["b1"])
        #expect(try store.dueMessages(now: 1_000, limit: 10).map(\.message.key) == ["a1", "b1"])
        try store.markFailed(first.id, error: "gone", retryAt: nil)
        #expect(try store.dueMessages(now: 1_000, limit: 10).map(\.message.key) == ["a2", "b1"])
    }

    @Test("A database of a newer version is refused with a sentence")
    func newerVersionsAreRefused() throws {
        try Self.withFile { path in
            try StateStore(path: path).close()
            try DatabaseQueue(path: path).write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('v9')") }
            let error = #expect(throws: StateStoreError.self) { try StateStore(path: path) }
            #expect(error?.message.contains("newer version") == true)
        }
    }

    @Test("A file that is no database is refused with its path")
    func foreignFilesAreRefused() throws {
        try Self.withFile { path in
            try Data("this is not SQLite, but long enough to be looked at as if it were".utf8).write(to: URL(fileURLWithPath: path))
            let error = #expect(throws: StateStoreError.self) { try StateStore(path: path) }
            #expect(error?.message.contains(path) == true)
        }
    }

    @Test("The page in Schemas/sql shows the tables that the code makes")
    func schemaPageIsTrue() throws {
        let project = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(contentsOf: project.appendingPathComponent("Schemas/sql/state.sql"), encoding: .utf8)
        let fromPage = try DatabaseQueue()
        try fromPage.write { try $0.execute(sql: page) }
        try Self.withFile { path in
            try StateStore(path: path).close()
            let query =
                "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'grdb%' AND name NOT LIKE 'sqlite%' ORDER BY name"
            let made = try DatabaseQueue(path: path).read { try String.fetchAll($0, sql: query) }
            #expect(try fromPage.read { try String.fetchAll($0, sql: query) } == made)
            #expect(made.count == 3)
        }
    }
}
