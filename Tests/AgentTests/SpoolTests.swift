import ByteCoding
import Forwarding
import Platform
import SegmentLog
import Testing

@Suite struct SpoolTests {
    private func spool(_ files: FaultFileSystem, byteLimit: Int = 256 << 20) throws -> Spool {
        var options = Spool.Options()
        options.byteLimit = byteLimit
        return try Spool(directory: "/spool", files: files, options: options)
    }

    private func drain(_ spool: Spool) throws -> [String] {
        var names: [String] = []
        while let batch = try spool.next(byteLimit: 1 << 20) {
            names += OTLPNames.metrics(batch.body)
            try spool.markDelivered(batch)
        }
        return names
    }

    @Test("requests come out in order, joined up to the limit, and never twice")
    func order() throws {
        let spool = try spool(FaultFileSystem(seed: 1))
        for index in 0..<100 { try spool.append(.metrics, metric("m\(index)")) }
        let single = metric("m0").count
        #expect(try spool.next(byteLimit: single * 3)?.requests.count == 3)
        #expect(try spool.next(byteLimit: 1)?.requests.count == 1)
        #expect(try drain(spool) == (0..<100).map { "m\($0)" })
        #expect(spool.status.requestCount == 0)
    }

    @Test("when the spool is full the oldest requests make room, and are counted")
    func overflow() throws {
        let limit = 1 << 20
        let spool = try spool(FaultFileSystem(seed: 1), byteLimit: limit)
        for index in 0..<400 {
            try spool.append(.metrics, metric("m\(index)", padding: 10_000))
            #expect(spool.status.byteCount <= limit)
        }
        let status = spool.status
        #expect(status.droppedCount > 100)
        #expect(status.requestCount + Int(status.droppedCount) == 400)
        let names = try drain(spool)
        // What is left is the newest without a gap.
        #expect(names == (Int(status.droppedCount)..<400).map { "m\($0)" })
    }

    @Test("delivered requests leave the disk")
    func deletion() throws {
        let files = FaultFileSystem(seed: 1)
        let spool = try spool(files, byteLimit: 4 << 20)
        for _ in 0..<20 {
            for index in 0..<50 { try spool.append(.metrics, metric("m\(index)", padding: 10_000)) }
            #expect(try drain(spool).count == 50)
        }
        #expect(spool.status.byteCount < 128 << 10)
        #expect(spool.status.droppedCount == 0)
    }

    @Test("after the loss of power everything that was synced is there, and nothing delivered comes back")
    func powerLoss() throws {
        let files = FaultFileSystem(seed: 7)
        do {
            let spool = try spool(files)
            for index in 0..<10 { try spool.append(.metrics, metric("m\(index)")) }
            let batch = try #require(try spool.next(byteLimit: metric("m0").count * 4))
            try spool.markDelivered(batch)
            try spool.sync()
            try spool.append(.metrics, metric("lost, perhaps"))
        }
        files.powerLoss()
        let names = try drain(spool(files))
        #expect(Array(names.prefix(6)) == (4..<10).map { "m\($0)" })
        #expect(names.count <= 7)
    }

    @Test("a full disk is an error, and requests are taken again when there is room")
    func fullDisk() throws {
        let files = FaultFileSystem(seed: 1)
        let spool = try spool(files)
        try spool.append(.metrics, metric("m0"))
        files.setCapacity(files.byteCount + 10)
        #expect(throws: FileError.self) { try spool.append(.metrics, metric("m1", padding: 1000)) }
        files.setCapacity(nil)
        try spool.append(.metrics, metric("m2"))
        #expect(try drain(spool) == ["m0", "m2"])
    }

    @Test("a request larger than the spool is refused with a sentence")
    func tooLarge() throws {
        let spool = try spool(FaultFileSystem(seed: 1), byteLimit: 1 << 20)
        let error = #expect(throws: FileError.self) { try spool.append(.traces, [UInt8](repeating: 0, count: 2 << 20)) }
        #expect(error?.kind == .tooLarge)
    }

    @Test("damaged records are passed over and counted, the others arrive")
    func damage() throws {
        let files = FaultFileSystem(seed: 1)
        let log = try SegmentLog.open(directory: "/spool", fileSystem: files) { _ in }.log
        _ = try log.append(type: 2, payload: Array("no zstd frame".utf8))
        _ = try log.append(type: 2, version: 9, payload: try Zstd.compress(metric("newer")))
        _ = try log.append(type: 2, payload: try Zstd.compress(metric("good")))
        _ = try log.append(type: 77, payload: [1])
        try log.sync()
        let spool = try spool(files)
        #expect(try drain(spool) == ["good"])
        #expect(spool.status.damagedCount == 2)
        #expect(spool.status.requestCount == 0)
    }
}
