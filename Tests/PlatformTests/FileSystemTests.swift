import Foundation
import Platform
import Testing

/// A file system under test with an empty directory of its own.
struct FileSystemCase: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let make: @Sendable () throws -> (system: any FileSystem, root: String)

    static let all = [
        FileSystemCase(testDescription: "Posix") {
            let root = FileManager.default.temporaryDirectory.path + "/headrope-\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
            return (PosixFileSystem(), root)
        },
        FileSystemCase(testDescription: "Fault") {
            let system = FaultFileSystem(seed: 1)
            try system.makeDirectory("/data")
            return (system, "/data")
        },
    ]

    func run(_ body: (any FileSystem, String) throws -> Void) throws {
        let (system, root) = try make()
        defer { try? system.remove(root) }
        try body(system, root)
    }
}

@Suite("File systems")
struct FileSystemTests {
    @Test("what is appended is read back, from any position", arguments: FileSystemCase.all)
    func appendAndRead(system: FileSystemCase) throws {
        try system.run { system, root in
            let file = try system.create("\(root)/a")
            try file.append([1, 2, 3])
            try file.append([4, 5])
            try file.sync()
            #expect(file.byteCount == 5)
            file.close()
            #expect(try system.readAll("\(root)/a", limit: 5) == [1, 2, 3, 4, 5])
            let readable = try system.openForReading("\(root)/a")
            #expect(readable.byteCount == 5)
            var part = [UInt8](repeating: 0, count: 2)
            try part.withUnsafeMutableBytes { try readable.read(into: $0, at: 3) }
            #expect(part == [4, 5])
            let error = #expect(throws: FileError.self) { try part.withUnsafeMutableBytes { try readable.read(into: $0, at: 4) } }
            #expect(error?.kind == .truncated)
            #expect(throws: FileError.self) { try system.readAll("\(root)/a", limit: 4) }
        }
    }

    @Test("a file opened for appending is cut first and goes on from there", arguments: FileSystemCase.all)
    func truncation(system: FileSystemCase) throws {
        try system.run { system, root in
            try system.writeAtomically([1, 2, 3, 4], to: "\(root)/a")
            let file = try system.openForAppending("\(root)/a", truncatingTo: 2)
            #expect(file.byteCount == 2)
            try file.append([9])
            try file.truncate(to: 1)
            try file.append([8])
            #expect(try system.readAll("\(root)/a", limit: 10) == [1, 8])
        }
    }

    @Test("directories are made with their parents, listed in order, renamed and removed whole", arguments: FileSystemCase.all)
    func directories(system: FileSystemCase) throws {
        try system.run { system, root in
            try system.makeDirectory("\(root)/x/y")
            try system.makeDirectory("\(root)/x/y")
            try system.writeAtomically([1], to: "\(root)/x/y/b")
            try system.writeAtomically([2], to: "\(root)/x/y/a")
            #expect(try system.list("\(root)/x/y") == ["a", "b"])
            try system.rename("\(root)/x/y", to: "\(root)/x/z")
            try system.syncDirectory("\(root)/x")
            #expect(try system.list("\(root)/x") == ["z"])
            #expect(try system.status("\(root)/x/z")?.isDirectory == true)
            #expect(try system.status("\(root)/x/z/b")?.byteCount == 1)
            #expect(try system.status("\(root)/x/y") == nil)
            try system.remove("\(root)/x")
            try system.remove("\(root)/x")
            #expect(try system.list(root) == [])
        }
    }

    @Test("a pipe in the place of a file keeps nobody waiting")
    func pipe() throws {
        let path = FileManager.default.temporaryDirectory.path + "/headrope-\(UUID().uuidString)"
        #expect(mkfifo(path, 0o600) == 0)
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(try PosixFileSystem().openForReading(path).byteCount == 0)
    }

    @Test("what is missing is said to be missing, with its path", arguments: FileSystemCase.all)
    func missing(system: FileSystemCase) throws {
        try system.run { system, root in
            for action: () throws -> Void in [
                { _ = try system.openForReading("\(root)/none") },
                { _ = try system.openForAppending("\(root)/none", truncatingTo: 0) },
                { _ = try system.list("\(root)/none") }, { _ = try system.create("\(root)/none/file") },
            ] {
                let error = #expect(throws: FileError.self) { try action() }
                #expect(error?.kind == .notFound)
                #expect(error?.message.contains("\(root)/none") == true)
            }
        }
    }

    @Test("a directory is locked by one at a time", arguments: FileSystemCase.all)
    func locking(system: FileSystemCase) throws {
        try system.run { system, root in
            let lock = try system.lock(root)
            let error = #expect(throws: FileError.self) { try system.lock(root) }
            #expect(error?.kind == .locked)
            lock.unlock()
            try system.lock(root).unlock()
        }
    }
}

@Suite("Faults of the file system in memory")
struct FaultFileSystemTests {
    @Test("what was synced survives a loss of power; of the rest at most a beginning, in some seeds torn")
    func powerLoss() throws {
        var lengths: Set<Int> = []
        var tornCount = 0
        for seed in 0..<60 {
            let system = FaultFileSystem(seed: UInt64(seed))
            let file = try system.create("/a")
            try file.append([1, 2, 3])
            try file.sync()
            try system.syncDirectory("/")
            try file.append([4, 5, 6, 7])
            system.powerLoss()
            #expect(throws: FileError.self) { try file.append([8]) }
            let bytes = try system.readAll("/a", limit: 10)
            #expect(bytes.starts(with: [1, 2, 3]))
            lengths.insert(bytes.count)
            if ![1, 2, 3, 4, 5, 6, 7].starts(with: bytes) { tornCount += 1 }
        }
        #expect(lengths == [3, 4, 5, 6, 7])
        #expect(tornCount > 0)
    }

    @Test("an entry that was not synced is lost in some seeds and kept in others")
    func entries() throws {
        let kept = try (0..<40).filter { seed in
            let system = FaultFileSystem(seed: UInt64(seed))
            let file = try system.create("/a")
            try file.append([1])
            try file.sync()
            system.powerLoss()
            return try system.status("/a") != nil
        }
        #expect(!kept.isEmpty && kept.count < 40)
    }

    @Test("after a failed sync the file never becomes durable, though later syncs succeed")
    func failedSync() throws {
        let survived = try (0..<40).filter { seed in
            let system = FaultFileSystem(seed: UInt64(seed))
            let file = try system.create("/a")
            try system.syncDirectory("/")
            try file.append([1, 2, 3, 4])
            system.failSyncs(1)
            #expect(throws: FileError.self) { try file.sync() }
            try file.sync()
            system.powerLoss()
            return try system.readAll("/a", limit: 10) == [1, 2, 3, 4]
        }
        #expect(survived.count < 40)
    }

    @Test("a full disk takes a part of what is written and says so")
    func fullDisk() throws {
        let system = FaultFileSystem(seed: 1)
        system.setCapacity(5)
        let file = try system.create("/a")
        try file.append([1, 2, 3])
        let error = #expect(throws: FileError.self) { try file.append([4, 5, 6]) }
        #expect(error?.kind == .noSpace)
        #expect(file.byteCount == 5)
        system.setCapacity(nil)
        try file.append([6])
        #expect(try system.readAll("/a", limit: 10) == [1, 2, 3, 4, 5, 6])
    }
}
