import Platform
import Testing

@testable import TraceAnalysis

@Suite("Statement fingerprints by seeds")
struct StatementPropertyTests {
    private typealias Dialect = StatementFingerprint.Dialect

    /// A statement of words, and of places where a literal or a list of them stands.
    private enum Piece { case text(String), literal, list, rows }

    private static let sql: [[Piece]] = [
        [.text("SELECT a, b1 FROM t WHERE c = "), .literal, .text(" AND d > "), .literal, .text(" ORDER BY e")],
        [.text("SELECT a FROM t WHERE b IN "), .list, .text(" LIMIT "), .literal],
        [.text("INSERT INTO t (a, b) VALUES "), .rows, .text(" ON CONFLICT DO NOTHING")],
        [
            .text("UPDATE t SET a = "), .literal, .text(", b = b + "), .literal, .text(" WHERE c BETWEEN "), .literal,
            .text(" AND "), .literal,
        ],
        [.text("SELECT CASE WHEN a = "), .literal, .text(" THEN "), .literal, .text(" ELSE f("), .literal, .text(", x) END")],
        [.text("DELETE FROM t WHERE (a, b) NOT IN "), .list, .text(" OR c LIKE "), .literal],
    ]

    private static func literals(_ dialect: Dialect) -> [String] {
        let shared = [
            "1", "-2", "3.5e-7", "0xFF", "'x'", "'it''s'", "''", "NULL", "?", "'-- no comment'", "'/*'", "'?'", "'(1, 2)'", "'é'",
        ]
        return switch dialect {
        case .mysql: shared + [#"'it\'s'"#, "\"x'y\"", "b'01'", "N'x'", ":name", "'#'"]
        case .postgresql: shared + ["$1", "$$it's$$", "$q$a$$b$q$", #"E'\''"#, "U&'d'", ":name", "@p", "%s", "%(name)s"]
        case .sqlite: shared + ["?1", ":a", "@b", "$c", "x'00'"]
        case .mssql: shared + ["@p1", "N'x'"]
        default: shared + [":1", "q'[it's]'", "%s"]
        }
    }

    private static func render(_ pieces: [Piece], _ dialect: Dialect, _ random: inout SeededRandom) -> String {
        let literals = literals(dialect)
        func one(_ random: inout SeededRandom) -> String { literals[Int.random(in: 0..<literals.count, using: &random)] }
        var text = ""
        for piece in pieces {
            switch piece {
            case .text(let words):
                // White space and comments may stand wherever a blank does.
                let blanks = [" ", "  ", "\n\t", " /* c 'x' */ ", " -- d\n"]
                for byte in words { text += byte == " " ? blanks[Int.random(in: 0..<blanks.count, using: &random)] : String(byte) }
            case .literal: text += one(&random)
            case .list:
                text += "(" + (0..<Int.random(in: 1...5, using: &random)).map { _ in one(&random) }.joined(separator: ", ") + ")"
            case .rows:
                text += (0..<Int.random(in: 1...4, using: &random)).map { _ in "(\(one(&random)), \(one(&random)))" }
                    .joined(separator: ", ")
            }
        }
        return text
    }

    @Test("other literals, blanks and comments print alike, other structures do not", arguments: [31, 32, 33] as [UInt64])
    func structure(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for dialect in [Dialect.mysql, .postgresql, .sqlite, .mssql, .generic] {
            var prints: Set<String> = []
            for pieces in Self.sql {
                let first = StatementFingerprint.fingerprint(Self.render(pieces, dialect, &random), dialect)
                #expect(prints.insert(first).inserted, "seed \(seed)")
                for _ in 0..<60 {
                    let text = Self.render(pieces, dialect, &random)
                    #expect(StatementFingerprint.fingerprint(text, dialect) == first, "seed \(seed), \(dialect): \(text)")
                }
                let changed = StatementFingerprint.fingerprint(
                    Self.render(pieces + [.text(" AND z = "), .literal], dialect, &random), dialect)
                #expect(prints.insert(changed).inserted, "seed \(seed)")
            }
        }
    }

    @Test("other ids in keys and other values print alike", arguments: [41, 42] as [UInt64])
    func commands(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        func id() -> String {
            let ids = [
                "7", "4711", "8f3a", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "?", "deadbeefdead",
            ]
            return ids[Int.random(in: 0..<ids.count, using: &random)]
        }
        func value() -> String { ["x", "5", "\"a b\"", "'GET x'", "{}", "\u{7}\u{1}"][Int.random(in: 0..<6, using: &random)] }
        for _ in 0..<500 {
            let text =
                "MULTI\nSET user:\(id()):name \(value()) EX 5\nMGET a:\(id()) a:\(id())\nHSET cart_\(id()) f \(value())\nEXEC"
            let print = StatementFingerprint.fingerprint(text, .command)
            #expect(print == "MULTI; SET user:?:name ?; MGET a:?; HSET cart_? ?; EXEC", "seed \(seed): \(text)")
        }
    }

    @Test("other values in documents print alike", arguments: [51, 52] as [UInt64])
    func documents(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        func value() -> String {
            ["1", "-2.5e3", "\"x\"", #""a\"b""#, "true", "null", "\"{}\"", "\"$city\""][Int.random(in: 0..<8, using: &random)]
        }
        for _ in 0..<500 {
            let list = (0..<Int.random(in: 1...5, using: &random)).map { _ in value() }.joined(separator: ", ")
            let text = #"{"find": "users", "filter": {"a": \#(value()), "b": {"$in": [\#(list)]}}, "limit": \#(value())}"#
            let print = StatementFingerprint.fingerprint(text, .json)
            #expect(print == #"{"find": "users", "filter": {"a": ?, "b": {"$in": [?]}}, "limit": ?}"#, "seed \(seed): \(text)")
        }
    }

    @Test("the print of a print is itself, whatever the bytes", arguments: [61, 62, 63, 64] as [UInt64])
    func idempotent(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let words = [
            "a", "b.c", "SELECT ", "FROM ", "IN ", "IN(", "VALUES ", "VALUES(1,2)", "NULL", "TRUE", "IS ", "NOT ", "'x'", "\"q r\"",
            "`n`",
            "[z]", "5", "-5", "1.5e3", "1abc", "$1", "$t$", "$$", ":p", "::", "@p", "@@v", "%s", "%(n)s", "?", "?1", "(", ")", "[",
            "]", "{",
            "}", ",", ";", "; ", "--", "-", "+", "/*", "*/", "/*!50000", "#", "\n", " ", "E'", "U&'", "q'[", "\\", "'", "\"", ".",
            ".5", "*",
            "/", "=", "<", "->>", "|", "MGET ", "GET ", "EVAL ", "user:1", "a-1", "\"find\":", "\"$match\"", "\"$oid\"", "true",
            "\"k\":",
            "/re/i", "ARRAY[", "ROW", "WITH ", "é", "\u{0}", "XREAD ", "STREAMS ", "0-0", "MULTI", "2", "BLPOP ", "MSET ",
        ].map { Array($0.utf8) }
        for _ in 0..<1_500 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 1...14, using: &random) {
                bytes += words[Int.random(in: 0..<words.count, using: &random)]
                if Int.random(in: 0..<4, using: &random) == 0 { bytes.append(UInt8.random(in: 0...255, using: &random)) }
            }
            for dialect in Dialect.allCases {
                var once: [UInt8] = []
                var twice: [UInt8] = []
                bytes.withUnsafeBytes { StatementFingerprint.fingerprint($0, dialect, into: &once) }
                once.withUnsafeBytes { StatementFingerprint.fingerprint($0, dialect, into: &twice) }
                #expect(once == twice, "seed \(seed), \(dialect): \(bytes)")
            }
        }
    }

    @Test("texts made to be slow have a print too")
    func linear() {
        let hard = [
            "$a", "%(a", "[a", "/*", "'", "((", "IN ((", "\"a\" ", "{\"", "[[1,", "/", "a:", "GET a\n", "`", ":", "$$",
            "VALUES ((1)),",
        ]
        for piece in hard {
            let text = String(repeating: piece, count: (16 << 10) / piece.utf8.count)
            for dialect in Dialect.allCases {
                #expect(StatementFingerprint.fingerprint(text, dialect).utf8.count <= 2 * text.utf8.count)
            }
        }
    }
}
