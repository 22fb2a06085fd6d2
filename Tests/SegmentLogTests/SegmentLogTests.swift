import ByteCoding
import Foundation
import Platform
import SegmentLog
import Testing

/// A record as a test remembers it.
struct KeptRecord: Equatable {
    var sequence: UInt64
    var type: UInt8
    var payload: [UInt8]
}

/// Opens a log and returns what was replayed.
func openLog(
    _ system: any FileSystem, _ directory: String = "/log", segmentByteLimit: Int = 32 << 20, floor: UInt64 = 0
) throws -> (log: SegmentLog, report: RecoveryReport, records: [KeptRecord]) {
    var options = SegmentLogOptions()
    options.segmentByteLimit = segmentByteLimit
    options.sequenceFloor = floor
    var records: [KeptRecord] = []
    let (log, report) = try SegmentLog.open(directory: directory, fileSystem: system, options: options) {
        records.append(KeptRecord(sequence: $0.sequence, type: $0.type, payload: Array($0.payload)))
    }
    return (log, report, records)
}

func payload(_ number: Int, _ random: inout SeededRandom) -> [UInt8] {
    (0..<Int.random(in: 0..<60, using: &random)).map { UInt8(truncatingIfNeeded: $0 &+ number) }
}

@Suite("Segment log")
struct SegmentLogTests {
    @Test("records come back in order with their types, also on a real disk")
    func roundTrip() throws {
        let root = FileManager.default.temporaryDirectory.path + "/headrope-\(UUID().uuidString)"
        let system = PosixFileSystem()
        try system.makeDirectory(root)
        defer { try? system.remove(root) }
        let (log, report, records) = try openLog(system, "\(root)/log")
        #expect(report == RecoveryReport() && records.isEmpty)
        #expect(try log.append(type: 3, payload: [1, 2]) == 1)
        #expect(try log.append(type: 4, payload: []) == 2)
        try log.sync()
        #expect(log.syncedSequence == 2)
        let again = try openLog(system, "\(root)/log")
        #expect(
            again.records == [KeptRecord(sequence: 1, type: 3, payload: [1, 2]), KeptRecord(sequence: 2, type: 4, payload: [])])
        #expect(again.report.damages.isEmpty)
        #expect(try again.log.append(type: 5, payload: [9]) == 3)
        #expect(try system.list("\(root)/log") == ["0000000001.log", "0000000002.log"])
    }

    @Test("full segments are followed by new ones, and deleted up to a sequence")
    func segments() throws {
        let system = FaultFileSystem(seed: 1)
        let (log, _, _) = try openLog(system, segmentByteLimit: 100)
        for index in 0..<10 { _ = try log.append(type: 1, payload: [UInt8](repeating: UInt8(index), count: 30)) }
        let names = try system.list("/log")
        #expect(names.count == 5)
        try log.deleteSegments(through: 5)
        #expect(try system.list("/log") == Array(names.dropFirst(2)))
        #expect(try openLog(system).records.map(\.sequence) == Array(5...10))
        try log.roll()
        try log.deleteSegments(through: 10)
        #expect(try system.list("/log").isEmpty)
        #expect(log.byteCount == 0)
        #expect(try openLog(system, floor: 10).log.append(type: 1, payload: []) == 11)
    }

    @Test("reading from a sequence sees what has been appended so far and can stop")
    func reading() throws {
        let (log, _, _) = try openLog(FaultFileSystem(seed: 1), segmentByteLimit: 100)
        for index in 0..<10 { _ = try log.append(type: 1, payload: [UInt8](repeating: UInt8(index), count: 30)) }
        var seen: [UInt64] = []
        try log.read(after: 3) { record in
            seen.append(record.sequence)
            return record.sequence < 8
        }
        #expect(seen == [4, 5, 6, 7, 8])
    }

    @Test("a log cut at any byte gives the records that are whole, says what is lost, and goes on")
    func cutAnywhere() throws {
        var random = SeededRandom(seed: 7)
        let payloads = (0..<6).map { payload($0, &random) }
        let original = FaultFileSystem(seed: 1)
        let (log, _, _) = try openLog(original)
        var ends = [28]
        for payload in payloads {
            _ = try log.append(type: 1, payload: payload)
            ends.append(log.byteCount)
        }
        let bytes = try original.readAll("/log/0000000001.log", limit: 1 << 20)
        for length in 0...bytes.count {
            let system = FaultFileSystem(seed: 1)
            try system.makeDirectory("/log")
            try system.writeAtomically(Array(bytes[..<length]), to: "/log/0000000001.log")
            let whole = max(0, ends.count { $0 <= length } - 1)
            let (log, report, records) = try openLog(system)
            #expect(records.map(\.payload) == Array(payloads.prefix(whole)))
            #expect(report.damages.isEmpty == ends.contains(length))
            #expect(try log.append(type: 2, payload: [1]) == UInt64(whole + 1))
            let again = try openLog(system)
            #expect(again.records.count == whole + 1 && again.report.damages.isEmpty)
        }
    }

    @Test("a flipped bit anywhere costs at most the record that it is in, and is named")
    func flippedBits() throws {
        var random = SeededRandom(seed: 8)
        let payloads = (0..<8).map { _ in (0..<30).map { _ in UInt8.random(in: 0...255, using: &random) } }
        let original = FaultFileSystem(seed: 1)
        let (log, _, _) = try openLog(original, segmentByteLimit: 150)
        for payload in payloads { _ = try log.append(type: 1, payload: payload) }
        let first = try original.readAll("/log/0000000001.log", limit: 1 << 20)
        let second = try original.readAll("/log/0000000002.log", limit: 1 << 20)
        for bit in 0..<(first.count * 8) {
            let system = FaultFileSystem(seed: 1)
            try system.makeDirectory("/log")
            var damaged = first
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            try system.writeAtomically(damaged, to: "/log/0000000001.log")
            try system.writeAtomically(second, to: "/log/0000000002.log")
            let (_, report, records) = try openLog(system)
            #expect(records.allSatisfy { payloads[Int($0.sequence) - 1] == $0.payload })
            // 28 bytes of header, 22 and 30 of each record.
            let lost = bit / 8 < 28 ? nil : UInt64((bit / 8 - 28) / 52 + 1)
            #expect(records.map(\.sequence) == (1...6).filter { $0 != lost })
            #expect(report.damages.count == 1 && report.damages[0].contains("/log/0000000001.log"))
        }
    }

    @Test("a record behind a damaged one says that some are missing before it")
    func gaps() throws {
        let system = FaultFileSystem(seed: 1)
        let (log, _, _) = try openLog(system)
        for number in 1...5 { _ = try log.append(type: 1, payload: [UInt8(number)]) }
        try system.corrupt("/log/0000000001.log") { $0[28 + 23 + 22] ^= 1 }
        var flags: [UInt64: Bool] = [:]
        let (_, report) = try SegmentLog.open(directory: "/log", fileSystem: system) { flags[$0.sequence] = $0.followsGap }
        #expect(flags == [1: false, 3: true, 4: false, 5: false])
        #expect(report.damages.count == 1)
    }

    @Test("a damaged segment that is done with is set aside and named, and only so many are kept")
    func setAside() throws {
        let system = FaultFileSystem(seed: 1)
        for round in 1...6 as ClosedRange<UInt64> {
            let (log, _, _) = try openLog(system)
            for number in 1...3 { _ = try log.append(type: 1, payload: [UInt8(number)]) }
            let name = try #require(try system.list("/log").last { !$0.hasPrefix("damaged") })
            try system.corrupt("/log/\(name)") { $0[28 + 22] ^= 1 }
            let (again, report, records) = try openLog(system)
            #expect(records.count == 2 && report.damages.count == Int(min(round - 1, 4)) + 1)
            try again.deleteSegments(through: again.lastSequence)
            #expect(again.setAside.count == Int(min(round, 4)) && again.byteCount == 0)
        }
        #expect(try system.list("/log").count == 4)
        #expect(try openLog(system).report.damages.allSatisfy { $0.contains("set aside") })
    }

    @Test("what a sender made look like records costs a bounded search")
    func inventedRecords() throws {
        let system = FaultFileSystem(seed: 1)
        let (log, _, _) = try openLog(system, segmentByteLimit: 64 << 20)
        // A payload of headers, each of which would be a record of all that follows.
        var invented: [UInt8] = []
        while invented.count < 2 << 20 {
            var writer = ByteWriter()
            for field in [UInt32(1 << 20), 0] { writer.writeInteger(field) }
            writer.writeInteger(UInt16(0))
            writer.writeInteger(UInt64(2))
            writer.writeInteger(UInt32(0))
            invented += writer.bytes
        }
        _ = try log.append(type: 1, payload: [1])
        _ = try log.append(type: 1, payload: invented)
        _ = try log.append(type: 1, payload: [3])
        try system.corrupt("/log/0000000001.log") { $0[28 + 23 + 18] ^= 1 }
        let (_, report, records) = try openLog(system)
        #expect(records.map(\.sequence) == [1] && report.damages.count == 1)
    }

    @Test("looking at a log changes nothing")
    func verify() throws {
        let system = FaultFileSystem(seed: 1)
        let (log, _, _) = try openLog(system)
        _ = try log.append(type: 1, payload: [1, 2, 3])
        _ = try log.append(type: 1, payload: [4, 5, 6])
        try system.corrupt("/log/0000000001.log") { $0[$0.count - 1] ^= 1 }
        let before = try system.readAll("/log/0000000001.log", limit: 1_000)
        let scans = try SegmentLog.verify(directory: "/log", fileSystem: system)
        #expect(scans.count == 1 && scans[0].recordCount == 1 && scans[0].damages.count == 1)
        #expect(try system.readAll("/log/0000000001.log", limit: 1_000) == before)
    }

    @Test("mutated segments are refused or read in part, and never trap")
    func mutations() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        let original = FaultFileSystem(seed: 1)
        let (log, _, _) = try openLog(original)
        for index in 0..<5 { _ = try log.append(type: 1, payload: payload(index, &random)) }
        let bytes = try original.readAll("/log/0000000001.log", limit: 1 << 20)
        for _ in 0..<500 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) { damaged.append(contentsOf: damaged.prefix(Int.random(in: 0..<90, using: &random))) }
            let system = FaultFileSystem(seed: 1)
            try system.makeDirectory("/log")
            try system.writeAtomically(damaged, to: "/log/0000000001.log")
            #expect(try openLog(system).records.count <= 5, "seed \(seed)")
        }
    }
}
