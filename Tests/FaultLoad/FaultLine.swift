import Storage

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What the process under test says, a line each, written at once so that no line of a killed process is lost.
public enum FaultLine: Equatable, Sendable {
    /// A writer's action has been acknowledged; with what the receipt counts.
    case done(writer: Int, index: Int, counts: [Int])
    /// A snapshot has been made. Of each writer it has the actions that were acknowledged when it began, and perhaps some of
    /// those acknowledged when it was there.
    case snapshot(path: String, from: [Int], through: [Int])
    /// The process kills itself now.
    case killedAt(String)
    /// Something failed that must not.
    case failed(String)

    /// Says at what operation the process is killed.
    static func killed(_ operation: FileOperation, _ moment: KillingFileSystem.Moment) -> FaultLine {
        .killedAt("\(moment.rawValue) \(operation.kind.rawValue)")
    }

    /// What a receipt counts.
    public static func counts(_ receipt: WriteReceipt) -> [Int] {
        [receipt.stored, receipt.duplicates, receipt.conflicts, receipt.refusedCount]
    }

    /// Reads a line; nil for others.
    public init?(_ line: Substring) {
        let words = line.split(separator: " ", maxSplits: 1)
        guard let first = words.first, words.count == 2 else { return nil }
        switch first {
        case "done":
            let numbers = words[1].split(separator: " ").compactMap { Int($0) }
            if numbers.count < 2 { return nil }
            self = .done(writer: numbers[0], index: numbers[1], counts: Array(numbers[2...]))
        case "snapshot":
            let parts = words[1].split(separator: " ")
            let numbers = parts.dropFirst().compactMap { Int($0) }
            guard let path = parts.first, numbers.count.isMultiple(of: 2) else { return nil }
            self = .snapshot(
                path: String(path), from: Array(numbers[..<(numbers.count / 2)]), through: Array(numbers[(numbers.count / 2)...]))
        case "killed": self = .killedAt(String(words[1]))
        case "failed": self = .failed(String(words[1]))
        default: return nil
        }
    }

    /// Writes it to the standard output.
    public func print() {
        let text =
            switch self {
            case .done(let writer, let index, let counts):
                "done \(([writer, index] + counts).map(String.init).joined(separator: " "))\n"
            case .snapshot(let path, let from, let through):
                "snapshot \(path) \((from + through).map(String.init).joined(separator: " "))\n"
            case .killedAt(let place): "killed \(place)\n"
            case .failed(let sentence): "failed \(sentence)\n"
            }
        _ = Array(text.utf8).withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    }
}
