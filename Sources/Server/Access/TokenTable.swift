import Crypto
import Foundation
import StrictYAML

/// Who may do what: the tokens of the file that `--token-file` names, as SHA-256 hashes.
///
/// The file has one of two forms. YAML: a list under `tokens`, each with `name`, `scopes` (`ingest`, `query`, `admin`) and
/// either `sha256` (64 hexadecimal digits) or `token` (the plain token, hashed when it is read). Lines: `NAME SCOPE[,SCOPE]
/// TOKEN`, or a token alone, which then has every scope; the token may be `sha256:` with the digits; `#` begins a comment.
struct TokenTable: Sendable {
    /// A token without the token.
    struct Entry: Sendable, Equatable {
        var name: String
        var scopes: Set<RouteScope>
        var digest: [UInt8]
    }

    /// How large the file may be.
    static let byteLimit = 1 << 20

    /// The tokens.
    let entries: [Entry]

    /// Reads the file; throws ``ConfigurationError`` or ``YAMLProblem`` with file, line and a sentence.
    init(file: String) throws {
        guard let data = FileManager.default.contents(atPath: file), data.count <= Self.byteLimit,
            let text = String(data: data, encoding: .utf8)
        else {
            throw ConfigurationError(
                "The token file \(file) cannot be read: is it there, may this user read it, is it text of at most 1 MiB?")
        }
        try self.init(text: text, file: file)
    }

    /// Reads the text of such a file.
    init(text: String, file: String) throws {
        let isYAML = text.split(whereSeparator: \.isNewline).contains { $0.hasPrefix("tokens:") }
        entries = isYAML ? try Self.yaml(text, file) : try Self.lines(text, file)
        if entries.isEmpty { throw ConfigurationError("The token file \(file) holds no token.") }
    }

    private static func yaml(_ text: String, _ file: String) throws -> [Entry] {
        var root = try YAMLValue.parse(text, file: file).mapping()
        let list = try root.require("tokens").list()
        try root.finish()
        return try list.map { value in
            var mapping = try value.mapping()
            let name = try mapping.require("name").string()
            let scopes = try Set(mapping.require("scopes").list().map { try scope($0.string(), at: $0.problem) })
            let hash = try mapping.take("sha256")?.string()
            let plain = try mapping.take("token")?.string()
            try mapping.finish()
            switch (hash, plain) {
            case (let hash?, nil): return Entry(name: name, scopes: scopes, digest: try digest(hash, at: value.problem))
            case (nil, let plain?) where !plain.isEmpty: return Entry(name: name, scopes: scopes, digest: sha256(plain))
            default: throw value.problem("The token '\(name)' needs either 'sha256' or 'token'.")
            }
        }
    }

    private static func lines(_ text: String, _ file: String) throws -> [Entry] {
        var entries: [Entry] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let problem = { (message: String) in YAMLProblem(file: file, line: index + 1, message: message) }
            let words = line.split(separator: " ").filter { !$0.isEmpty }.map(String.init)
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            switch words.count {
            case 1:
                entries.append(
                    Entry(name: "line \(index + 1)", scopes: [.ingest, .query, .admin], digest: try secret(first, at: problem)))
            case 3:
                let scopes = try Set(words[1].split(separator: ",").map { try scope(String($0), at: problem) })
                entries.append(Entry(name: first, scopes: scopes, digest: try secret(words[2], at: problem)))
            default:
                throw problem("A line is a token, or a name, scopes with commas between them, and a token.")
            }
        }
        return entries
    }

    private static func secret(_ text: String, at problem: (String) -> YAMLProblem) throws -> [UInt8] {
        text.hasPrefix("sha256:") ? try digest(String(text.dropFirst(7)), at: problem) : sha256(text)
    }

    private static func scope(_ text: String, at problem: (String) -> YAMLProblem) throws -> RouteScope {
        guard let scope = RouteScope(rawValue: text), scope != .open else {
            throw problem("'\(text)' is no scope; there are ingest, query and admin.")
        }
        return scope
    }

    private static func digest(_ hex: String, at problem: (String) -> YAMLProblem) throws -> [UInt8] {
        let digits = hex.compactMap(\.hexDigitValue)
        guard digits.count == 64, hex.count == 64 else { throw problem("A SHA-256 hash has 64 hexadecimal digits.") }
        return stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    private static func sha256(_ token: String) -> [UInt8] { Array(SHA256.hash(data: Data(token.utf8))) }

    /// What a token may do; nil when nobody knows it. Takes the same time whatever the token is.
    func scopes(of token: String) -> Set<RouteScope>? {
        let presented = Self.sha256(token)
        var found: Set<RouteScope>?
        for entry in entries where Self.equal(entry.digest, presented) { found = (found ?? []).union(entry.scopes) }
        return found
    }

    /// Compares every byte, wherever the first difference lies.
    private static func equal(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        a.count == b.count && zip(a, b).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
