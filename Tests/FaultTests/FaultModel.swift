import FaultLoad
import Platform
import Storage
import TestSupport
import Testing

/// What must be there of one writer: its acknowledged actions, done to the reference.
struct FaultModel<Subject: FaultSubject> {
    private let subject: Subject
    private let reference: InMemoryStore
    /// The first action that has not been acknowledged.
    private(set) var next = 0
    /// Whether what the store counts in receipts must be what the reference counts.
    private let comparesReceipts: Bool

    init(seed: UInt64, writer: Int, isSteady: Bool = false) {
        subject = Subject(seed: seed, writer: writer, isSteady: isSteady)
        let future: Int64 = isSteady ? 1 << 40 : 600_000
        reference = InMemoryStore(time: ManualTime(now: FaultClock.now), futureLimit: future)
        comparesReceipts = !isSteady
    }

    /// Does the next action, which the store has acknowledged with these counts.
    mutating func acknowledge(counts: [Int], _ place: String) throws {
        let expected = try advance()
        if comparesReceipts { #expect(counts == expected, "\(place), action \(next - 1)") }
    }

    private mutating func advance() throws -> [Int] {
        defer { next += 1 }
        return try subject.perform(next, on: reference)
    }

    /// Compares a snapshot with what was there between two actions.
    /// Returns what was there.
    static func check(
        _ store: any Store, seed: UInt64, writer: Int, from: Int, through: Int, _ place: String
    ) throws -> Subject.Content {
        var model = FaultModel(seed: seed, writer: writer)
        while model.next < from { _ = try model.advance() }
        let found = try model.subject.content(of: store)
        while let objection = try model.subject.objection(
            to: found, of: model.subject.content(of: model.reference), in: store, now: model.now)
        {
            try #require(
                model.next < through, "\(place): the snapshot is that of no moment between \(from) and \(through): \(objection)")
            _ = try model.advance()
        }
        return try model.accepted
    }

    private var now: Int64 { Int64(FaultClock.now / 1_000_000) }

    /// What must be there, or what it is judged by.
    var accepted: Subject.Content { get throws { try subject.content(of: reference) } }

    /// Compares what a store has with what must be there, bit by bit. The action that was under way when the process ended
    /// may have been done or not, but as a whole. Below `expired` items may be gone, but none may be new.
    mutating func check(_ store: any Store, expired: Int64 = 0, now: Int64, _ place: String) throws {
        let kept = try subject.content(of: store, from: expired, through: .max)
        func objection() throws -> String? {
            try subject.objection(
                to: kept, of: subject.content(of: reference, from: expired, through: .max), in: store, now: now)
        }
        if let first = try objection() {
            _ = try advance()
            if let second = try objection() {
                Issue.record("\(place), before action \(next - 1): \(first); after it: \(second)")
            }
            // It was done, but nobody was told: who does it once more must get no second one of anything.
            if Subject.retries { next -= 1 }
        }
        if expired == 0 { return }
        let old = try subject.content(of: store, from: 0, through: expired - 1)
        let known = try subject.content(of: reference, from: 0, through: expired - 1)
        #expect(Subject.strangers(old, known: known).isEmpty, "\(place)")
    }
}
