import Foundation
import StateStore
import Testing

@Suite("Copies and checks of the state database")
struct StateCheckTests {
    private struct Note: Codable, Equatable { var text: String }

    @Test("a copy has everything, is sound, and the original is not touched by looking at it")
    func copies() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("headrope-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = try StateStore(path: folder + "/state.sqlite")
        for number in 0..<200 {
            try store.transaction { try $0.save(Note(text: String(repeating: "x", count: 500)), kind: "note", key: "\(number)") }
        }
        try store.backUp(to: folder + "/copy.sqlite")
        #expect(try StateCheck.problems(path: folder + "/copy.sqlite").isEmpty)
        let before = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        // What was written last stands in the write-ahead log only.
        #expect(try StateCheck.problems(path: folder + "/state.sqlite").isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == before)
        try store.close()
        let copy = try StateStore(path: folder + "/copy.sqlite")
        #expect(try copy.transaction { try $0.documents(Note.self, kind: "note") }.count == 200)
        try copy.close()
        var bytes = try Data(contentsOf: URL(fileURLWithPath: folder + "/copy.sqlite"))
        for place in stride(from: 4_100, to: bytes.count, by: 1_000) { bytes[place] ^= 0xFF }
        try bytes.write(to: URL(fileURLWithPath: folder + "/copy.sqlite"))
        #expect(try !StateCheck.problems(path: folder + "/copy.sqlite").isEmpty)
        #expect(throws: StateStoreError.self) { try StateCheck.problems(path: folder + "/nothing.sqlite") }
    }
}
