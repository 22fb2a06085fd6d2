import Platform
import Testing

@testable import TraceAnalysis

@Suite("Statement fingerprints")
struct StatementFingerprintTests {
    private func sql(_ text: String, _ dialect: StatementFingerprint.Dialect = .generic) -> String {
        StatementFingerprint.fingerprint(text, dialect)
    }

    @Test(
        "literals and placeholders print as a question mark",
        arguments: [
            ("SELECT * FROM t WHERE a = 5 AND b = 'x'", "SELECT * FROM t WHERE a = ? AND b = ?"),
            ("select a1, b2 from t3 where c=-1.5e-3 or d=0xFF or e=.5", "select a1, b2 from t3 where c=? or d=? or e=?"),
            ("SELECT 'it''s', 'b'", "SELECT ?, ?"),
            ("SELECT ?, :name, @p1, $1, %s, %(id)s", "SELECT ?, ?, ?, ?, ?, ?"),
            ("SELECT a - 5, a -5, (-5), a*-5", "SELECT a - ?, a -?, (?), a*?"),
            ("SELECT TRUE, x IS NULL", "SELECT ?, x IS NULL"),
            ("SELECT \"Name 1\" FROM \"T\"", "SELECT \"Name 1\" FROM \"T\""),
            ("SELECT x::int, t.a1 % s FROM t", "SELECT x::int, t.a1 % s FROM t"),
            ("SELECT N'x', X'0F', B'01'", "SELECT ?, ?, ?"),
            ("SELECT 1;  ", "SELECT ?"),
            ("SELECT größe FROM übung WHERE ä = 'ö'", "SELECT größe FROM übung WHERE ä = ?"),
        ])
    func literals(text: String, print: String) { #expect(sql(text) == print) }

    @Test(
        "comments are dropped and white space is one blank",
        arguments: [
            ("  SELECT\n\t1 -- one\n, 2 /* two */ FROM t", "SELECT ? , ? FROM t"),
            ("SELECT/**/1", "SELECT ?"),
            ("SELECT 1 /* open", "SELECT ?"),
            ("-- all of it", ""),
        ])
    func comments(text: String, print: String) { #expect(sql(text) == print) }

    @Test(
        "the values of IN and the rows of VALUES print once",
        arguments: [
            ("SELECT a FROM t WHERE b IN (1, 2, 3)", "SELECT a FROM t WHERE b IN (?)"),
            ("SELECT a FROM t WHERE b in ( 'x' )", "SELECT a FROM t WHERE b in (?)"),
            ("SELECT a FROM t WHERE (b, c) IN ((1,2), (3,4))", "SELECT a FROM t WHERE (b, c) IN ((?))"),
            (
                "SELECT a FROM t WHERE b NOT IN (SELECT c FROM u WHERE d IN (1,2))",
                "SELECT a FROM t WHERE b NOT IN (SELECT c FROM u WHERE d IN (?))"
            ),
            ("INSERT INTO t (a, b) VALUES (1, 'x'), (2, NULL), (3, 'z')", "INSERT INTO t (a, b) VALUES (?, ?)"),
            (
                "INSERT INTO t VALUES (1,now()) , (2,now()) ON CONFLICT DO NOTHING",
                "INSERT INTO t VALUES (?,now()) ON CONFLICT DO NOTHING"
            ),
            (
                "INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = VALUES(a), b = VALUES(b)",
                "INSERT INTO t VALUES (?) ON DUPLICATE KEY UPDATE a = VALUES(a), b = VALUES(b)"
            ),
        ])
    func lists(text: String, print: String) { #expect(sql(text) == print) }

    @Test("statements that differ in literals only, print alike, others do not")
    func equality() {
        #expect(sql("SELECT a FROM t WHERE b IN (1)") == sql("SELECT a FROM t WHERE b IN (7, 8, 9, 10)"))
        #expect(sql("INSERT INTO t VALUES (1, 'a')") == sql("INSERT INTO t VALUES (2, 'b'), (3, NULL)"))
        #expect(sql("SELECT a FROM t WHERE b = 1") != sql("SELECT a FROM t WHERE c = 1"))
        #expect(sql("SELECT a FROM t WHERE b = 1") != sql("SELECT a FROM t WHERE b = 1 AND c = 2"))
        #expect(sql("select a") != sql("SELECT a"))
    }

    @Test("MySQL: double quotes are strings, a backslash escapes, # begins a comment, dashes need white space")
    func mysql() {
        #expect(sql("SELECT `a b` FROM t WHERE x = \"y\" # rest", .mysql) == "SELECT `a b` FROM t WHERE x = ?")
        #expect(sql(#"SELECT 'it\'s', 1"#, .mysql) == "SELECT ?, ?")
        #expect(sql("SELECT 5--3", .mysql) == "SELECT ?-?")
        #expect(sql("SELECT @row", .mysql) == "SELECT @row")
    }

    @Test("PostgreSQL: dollar quotes, nested comments, escapes in E strings, question marks as operators")
    func postgresql() {
        #expect(sql("SELECT $$it's$$, $a$ $$ $a$, $1", .postgresql) == "SELECT ?, ?, ?")
        #expect(sql("SELECT /* a /* b */ c */ 1", .postgresql) == "SELECT ?")
        #expect(sql(#"SELECT E'it\'s', 'a\', 2"#, .postgresql) == "SELECT ?, ?, ?")
        #expect(sql("SELECT a FROM t WHERE b @> '{}' AND c::jsonb", .postgresql) == "SELECT a FROM t WHERE b @> ? AND c::jsonb")
    }

    @Test("SQLite: numbered and named placeholders, names in brackets")
    func sqlite() {
        #expect(sql("SELECT [a 1] FROM t WHERE b = ?1 AND c = $c", .sqlite) == "SELECT [a 1] FROM t WHERE b = ? AND c = ?")
    }

    @Test(
        "Redis: keys keep their words and lose their ids",
        arguments: [
            ("GET session:8f3a", "GET session:?"), ("GET session:?", "GET session:?"),
            ("SET cart:42:items abc EX 60", "SET cart:?:items ?"), ("HGET user_42 name", "HGET user_? ?"),
            ("MGET a:1 a:2 a:3", "MGET a:?"), ("PING", "PING"), ("CONFIG GET maxmemory", "CONFIG GET ?"),
            ("GET 3f2504e0-4f89-11d3-9a0c-0305e82c3301", "GET ?"), ("GET \"order:7 x\"", "GET order:?"),
            ("EVALSHA abc 1 key:9", "EVALSHA ?"), ("GET a:1\nGET a:2\nDEL a:3", "GET a:?; DEL a:?"),
            ("GET v2:user:77", "GET v2:user:?"),
        ])
    func redis(text: String, print: String) { #expect(StatementFingerprint.fingerprint(text, .command) == print) }

    @Test(
        "MongoDB: keys stay, values go, arrays print their first elements",
        arguments: [
            (
                #"{"find": "users", "filter": {"_id": 5, "tag": {"$in": ["a", "b"]}}}"#,
                #"{"find": "users", "filter": {"_id": ?, "tag": {"$in": [?]}}}"#
            ),
            (
                #"{"insert": "t", "documents": [{"a": 1}, {"a": 2}, {"b": true}]}"#,
                #"{"insert": "t", "documents": [{"a": ?}, {"b": ?}]}"#
            ),
            (#"db.users.find({_id: ObjectId("5f"), n: -1.5})"#, "db.users.find({_id: ObjectId(?), n: ?})"),
            (#"{"a": "unfinished"#, #"{"a": ?"#),
        ])
    func mongo(text: String, print: String) { #expect(StatementFingerprint.fingerprint(text, .json) == print) }

    @Test("what stands behind 64 KiB makes no difference")
    func long() {
        let head = "SELECT a FROM t WHERE b = '" + String(repeating: "x", count: StatementFingerprint.byteLimit)
        #expect(sql(head + "' AND c = 1") == "SELECT a FROM t WHERE b = ?")
    }

    @Test(
        "any bytes have a fingerprint, no longer than twice the text", arguments: [11, 12, 13] as [UInt64])
    func anyBytes(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let alphabet = Array("abE1.0 -+'\"`$[](){},;:?%@#/*\\\n\u{80}IN VALUES null".utf8)
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            }
            for dialect in [StatementFingerprint.Dialect.mysql, .postgresql, .sqlite, .generic, .command, .json] {
                var output: [UInt8] = []
                bytes.withUnsafeBytes { StatementFingerprint.fingerprint($0, dialect, into: &output) }
                #expect(output.count <= 2 * bytes.count, "seed \(seed)")
            }
        }
    }

    @Test("brackets nested ten thousand deep are read without recursion")
    func deep() {
        let text = "SELECT " + String(repeating: "(", count: 10_000) + "1" + String(repeating: ")", count: 10_000)
        #expect(sql(text).utf8.count == text.utf8.count)
        let array = String(repeating: "[", count: 10_000) + "1"
        #expect(StatementFingerprint.fingerprint(array, .json).utf8.count == array.utf8.count)
    }
}
