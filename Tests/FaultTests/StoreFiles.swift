import Platform

/// The files of a store, to be laid out again with some of them damaged.
struct StoreFiles {
    private let files: [String: [UInt8]]

    /// Reads everything below a directory.
    init(_ system: FaultFileSystem, _ directory: String) throws { files = try Self.read(system, directory) }

    /// Their paths, in order.
    var paths: [String] { files.keys.sorted() }

    /// The bytes of a file.
    subscript(path: String) -> [UInt8] { files[path] ?? [] }

    private static func read(_ system: FaultFileSystem, _ directory: String) throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for name in try system.list(directory) {
            let path = "\(directory)/\(name)"
            if try system.status(path)?.isDirectory == true {
                files.merge(try read(system, path)) { $1 }
            } else {
                files[path] = try system.readAll(path, limit: 1 << 24)
            }
        }
        return files
    }

    /// The files with other bytes in some; without those for which there are none.
    func system(_ changes: [String: [UInt8]?]) throws -> FaultFileSystem {
        let system = FaultFileSystem(seed: 0)
        for (path, bytes) in files.mapValues(Optional.some).merging(changes, uniquingKeysWith: { $1 }) {
            guard let bytes else { continue }
            try system.makeDirectory(FaultFileSystem.parent(of: path))
            try system.create(path).append(bytes)
        }
        return system
    }

    /// Whole bytes with a few of them changed; nil when the file is gone.
    static func mutated(_ whole: [UInt8], _ random: inout SeededRandom) -> [UInt8]? {
        var bytes = whole
        switch Int.random(in: 0..<16, using: &random) {
        case 0: return nil
        case 1, 2, 3: bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
        case 4: bytes += (0..<Int.random(in: 1...50, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        case 5, 6:
            let start = Int.random(in: 0..<bytes.count, using: &random)
            for index in start..<min(bytes.count, start + 64) { bytes[index] = 0 }
        default:
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= UInt8(1) << UInt8.random(in: 0..<8, using: &random)
            }
        }
        return bytes
    }
}
