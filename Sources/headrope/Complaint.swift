import Foundation

/// How a command says that it cannot go on.
enum Complaint {
    /// Writes the error's sentence to the standard error.
    static func print(_ error: any Error) { FileHandle.standardError.write(Data("headrope: \(error)\n".utf8)) }
}
