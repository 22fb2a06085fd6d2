import ByteCoding
import Foundation
import Platform
import SegmentLog
import Synchronization
import Testing

@Suite("Segment log under faults")
struct FaultTests {
    @Test("whatever was synced survives a loss of power, in order and without gaps", arguments: 0..<150)
    func powerLoss(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let system = FaultFileSystem(seed: UInt64(seed))
        var written: [UInt64: [UInt8]] = [:]
        for _ in 0..<4 {
            let (log, _, records) = try openLog(system, segmentByteLimit: 200)
            for record in records { #expect(written[record.sequence] == record.payload, "seed \(seed)") }
            written = written.filter { key, _ in records.contains { $0.sequence == key } }
            var synced = log.syncedSequence
            for index in 0..<Int.random(in: 0..<20, using: &random) {
                let bytes = payload(index, &random)
                let sequence = try log.append(type: 1, payload: bytes)
                written[sequence] = bytes
                if Int.random(in: 0..<4, using: &random) == 0 {
                    if Int.random(in: 0..<3, using: &random) == 0 { system.failSyncs(1) }
                    try log.sync()
                    system.failSyncs(0)
                    synced = log.syncedSequence
                    #expect(synced == sequence)
                }
            }
            system.powerLoss()
            let survivors = Set(try openLog(system, segmentByteLimit: 200).records.map(\.sequence))
            for sequence in written.keys where sequence <= synced { #expect(survivors.contains(sequence), "seed \(seed)") }
        }
    }

    @Test("a full disk refuses the record, keeps the others, and takes records again when there is room")
    func fullDisk() throws {
        let system = FaultFileSystem(seed: 1)
        let (log, _, _) = try openLog(system)
        _ = try log.append(type: 1, payload: [1])
        system.setCapacity(system.byteCount + 30)
        let error = #expect(throws: FileError.self) { try log.append(type: 1, payload: [UInt8](repeating: 2, count: 20)) }
        #expect(error?.kind == .noSpace)
        #expect(try log.append(type: 1, payload: [3]) == 2)
        system.setCapacity(0)
        #expect(throws: FileError.self) { try log.append(type: 1, payload: [4]) }
        system.setCapacity(nil)
        #expect(try log.append(type: 1, payload: [5]) == 3)
        let (_, report, records) = try openLog(system)
        #expect(records.map(\.payload) == [[1], [3], [5]] && report.damages.isEmpty)
    }

    @Test("a log opens on a full disk and appends when there is room")
    func openingOnFullDisk() throws {
        let system = FaultFileSystem(seed: 1)
        _ = try openLog(system).log.append(type: 1, payload: [1])
        system.setCapacity(0)
        let (log, _, records) = try openLog(system)
        #expect(records.count == 1)
        #expect(throws: FileError.self) { try log.append(type: 1, payload: [2]) }
        system.setCapacity(nil)
        #expect(try log.append(type: 1, payload: [2]) == 2)
    }

    @Test("a failed sync writes the segment anew; what was synced and what was not are both there after a loss of power")
    func failedSync() throws {
        for seed in 0..<20 {
            let system = FaultFileSystem(seed: UInt64(seed))
            let (log, _, _) = try openLog(system)
            _ = try log.append(type: 1, payload: [1])
            try log.sync()
            _ = try log.append(type: 1, payload: [2])
            system.failSyncs(1)
            try log.sync()
            #expect(log.failure == nil && log.lastRewrite != nil)
            #expect(try system.list("/log") == ["0000000002.log"])
            system.powerLoss()
            #expect(try openLog(system).records.map(\.payload) == [[1], [2]])
        }
    }

    @Test("while syncs go on failing nothing is appended, and the next good sync repairs it")
    func failingSyncs() throws {
        let system = FaultFileSystem(seed: 1)
        let (log, _, _) = try openLog(system)
        _ = try log.append(type: 1, payload: [1])
        system.failSyncs(2)
        #expect(throws: FileError.self) { try log.sync() }
        #expect(log.failure != nil && log.syncedSequence == 0)
        #expect(throws: FileError.self) { try log.append(type: 1, payload: [2]) }
        try log.sync()
        #expect(log.failure == nil && log.syncedSequence == 1)
        #expect(try log.append(type: 1, payload: [2]) == 2)
        #expect(try openLog(system).records.map(\.payload) == [[1], [2]])
    }

    @Test("rolling over a failed sync loses nothing")
    func rolling() throws {
        let system = FaultFileSystem(seed: 3)
        let (log, _, _) = try openLog(system)
        _ = try log.append(type: 1, payload: [1])
        system.failSyncs(1)
        try log.roll()
        system.powerLoss()
        #expect(try openLog(system).records.map(\.payload) == [[1]])
    }

    @Test("those who wait while a sync is under way share the next one")
    func groupCommit() throws {
        let system = GatedFileSystem()
        let log = try SegmentLog.open(directory: "/log", fileSystem: system) { _ in }.log
        let first = try log.append(type: 1, payload: [1])
        let done = DispatchSemaphore(value: 0)
        let failures = Mutex(0)
        func sync(_ sequence: UInt64) {
            Thread {
                do { try log.sync(through: sequence) } catch { failures.withLock { $0 += 1 } }
                done.signal()
            }.start()
        }
        system.close()
        sync(first)
        system.awaitSync()
        let others = try (0..<8).map { try log.append(type: 1, payload: [UInt8($0)]) }
        for sequence in others { sync(sequence) }
        system.open()
        for _ in 0..<9 { done.wait() }
        #expect(system.syncCount == 2 && failures.withLock { $0 } == 0)
        #expect(log.syncedSequence == others.last)
    }

    @Test("threads that append and sync at once lose nothing")
    func threads() async throws {
        let system = FaultFileSystem(seed: 1)
        let (log, _, _) = try openLog(system, segmentByteLimit: 2_000)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for thread in 0..<4 {
                group.addTask {
                    for index in 0..<100 {
                        _ = try log.append(type: UInt8(thread), payload: [UInt8(index)])
                        if index % 10 == 0 { try log.sync() }
                    }
                }
            }
            try await group.waitForAll()
        }
        let (_, report, records) = try openLog(system)
        #expect(report.damages.isEmpty && records.map(\.sequence) == Array(1...400))
        for thread in 0..<4 { #expect(records.filter { $0.type == thread }.map { $0.payload[0] } == Array(0..<100)) }
    }
}

@Suite("Format page of the segment log")
struct SegmentFormatPageTests {
    @Test("the page gives the constants of the code")
    func constants() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(contentsOf: folder.appendingPathComponent("Schemas/format/segment-log.md"), encoding: .utf8)
        #expect(page.contains("magic `HRLG` (0x\(String(SegmentFormat.magic, radix: 16, uppercase: true)))"))
        #expect(page.contains("version, \(SegmentFormat.version) |"))
        #expect(page.contains("| \(SegmentFormat.fileHeaderByteCount) | | records"))
        #expect(page.contains("| \(SegmentFormat.recordChecksumOffset) | 4 | CRC-32C"))
        #expect(page.contains("| \(SegmentFormat.recordHeaderByteCount) | | payload"))
        #expect(page.contains("at most \(SegmentFormat.payloadByteLimit) |"))
        #expect(page.contains("reached \(SegmentLogOptions().segmentByteLimit) bytes"))
        #expect(page.contains("above \(SegmentFormat.fileByteLimit) bytes"))
    }
}
