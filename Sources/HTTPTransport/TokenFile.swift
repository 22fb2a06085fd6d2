import Foundation
import Platform

/// A file that holds one bearer token, as `--token-file` names it.
public enum TokenFile {
    /// How large such a file may be.
    static let byteLimit = 64 << 10

    /// Reads the token: the first line, without the space around it. Blocks; for start-up.
    public static func read(_ path: String, files: some FileSystem) throws -> String {
        let text = String(decoding: try files.readAll(path, limit: byteLimit), as: UTF8.self)
        let token = (text.split(whereSeparator: \.isNewline).first ?? "").trimmingCharacters(in: .whitespaces)
        guard !token.isEmpty, token.allSatisfy({ $0.isASCII && $0 > " " && $0 < "\u{7F}" }) else {
            throw HTTPTransportError.unusableFile(path: path, reason: "its first line is no token of printable ASCII characters")
        }
        return token
    }
}
