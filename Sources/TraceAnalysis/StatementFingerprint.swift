/// A database statement with its literals taken out, so that executions of one statement count together.
///
/// Literals and placeholders print as `?`, comments are dropped, white space is one blank, letter case stays. The values
/// of `IN (…)` print as one, the rows of `VALUES` too. At most ``byteLimit`` bytes are read; what stands behind them makes
/// no difference.
public enum StatementFingerprint {
    /// The rules by which a statement is read.
    public enum Dialect: Sendable, Hashable {
        /// MySQL and MariaDB: `"…"` is a string, `#` a comment, a backslash escapes.
        case mysql
        /// PostgreSQL: dollar quotes, nested comments, a backslash escapes in `E'…'` only.
        case postgresql
        /// SQLite: `"…"` and `[…]` are names.
        case sqlite
        /// SQL of anything else: `"…"` is a name.
        case generic
        /// Redis and its relatives: a command, keys, values.
        case command
        /// MongoDB and others that are asked in JSON.
        case json

        /// The dialect of a `db.system.name` or, in older telemetry, `db.system`.
        public init(system: String) {
            switch system.lowercased() {
            case "mysql", "mariadb", "tidb": self = .mysql
            case "postgresql", "postgres", "cockroachdb", "redshift", "aws.redshift": self = .postgresql
            case "sqlite": self = .sqlite
            case "redis", "valkey", "keydb", "memcached": self = .command
            case "mongodb", "couchdb", "couchbase", "cosmosdb", "azure.cosmosdb", "elasticsearch", "opensearch", "dynamodb",
                "aws.dynamodb":
                self = .json
            default: self = .generic
            }
        }
    }

    /// How much of a statement is read.
    public static let byteLimit = 64 << 10

    /// The fingerprint of a text.
    public static func fingerprint(_ text: String, _ dialect: Dialect) -> String {
        var text = text
        var output: [UInt8] = []
        text.withUTF8 { fingerprint(UnsafeRawBufferPointer($0), dialect, into: &output) }
        return String(decoding: output, as: UTF8.self)
    }

    /// Puts the fingerprint of a statement in place of what `output` holds.
    public static func fingerprint(_ bytes: UnsafeRawBufferPointer, _ dialect: Dialect, into output: inout [UInt8]) {
        output.removeAll(keepingCapacity: true)
        let head = UnsafeRawBufferPointer(rebasing: bytes.prefix(byteLimit))
        switch dialect {
        case .command: CommandLexer.fingerprint(head, into: &output)
        case .json:
            var lexer = JSONLexer(head)
            lexer.run(into: &output)
        case .mysql, .postgresql, .sqlite, .generic:
            var lexer = SQLLexer(head, dialect)
            lexer.run(into: &output)
        }
    }
}

/// The classes of ASCII that statements are made of; bytes of other characters count as letters.
enum StatementByte {
    static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }
    static func startsWord(_ byte: UInt8) -> Bool {
        (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || byte == 0x5F || byte >= 0x80
    }
    static func isWord(_ byte: UInt8) -> Bool { startsWord(byte) || isDigit(byte) || byte == 0x24 }

    static let question = UInt8(ascii: "?")
    static let blank = UInt8(ascii: " ")
    static let quote = UInt8(ascii: "'")
    static let doubleQuote = UInt8(ascii: "\"")
    static let backslash = UInt8(ascii: "\\")
}
