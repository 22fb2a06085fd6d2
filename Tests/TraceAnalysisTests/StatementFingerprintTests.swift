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

    @Test(
        "what stands in brackets prints by one rule: neighbours that print alike are one",
        arguments: [
            ("a IN ('x'::text, 'y'::text)", "a IN (?::text)"), ("a IN (1, b, 2, 3)", "a IN (?, b, ?)"),
            ("a IN (1 , 2 , 3 )", "a IN (?)"), ("a IN (lower('x'), lower('y'))", "a IN (lower(?))"),
            ("a IN (SELECT 1, 1, 1)", "a IN (SELECT ?, ?, ?)"), ("a = ANY(ARRAY[1, 2])", "a = ANY(ARRAY[?])"),
            ("a = [1, 2, 3]", "a = [?]"), ("a[1]", "a[?]"), ("f(1, 1)", "f(?, ?)"), ("VALUES (1, 1), (2, 3)", "VALUES (?, ?)"),
            ("VALUES ROW(1, 1), ROW(2, 3)", "VALUES ROW(?, ?)"), ("VALUES (1), (2) + 1", "VALUES (?) + ?"),
            ("VALUES ((VALUES (1), (2))), (3)", "VALUES ((VALUES (?)))"), ("a IN ()", "a IN ()"),
        ])
    func brackets(text: String, print: String) { #expect(sql(text) == print) }

    @Test(
        "signs belong to literals where a value is expected, TRUE, FALSE and NULL are literals there",
        arguments: [
            ("a = -5", "a = ?"), ("a = - :b", "a = ?"), ("a - -5", "a - ?"), ("a-5", "a-?"), ("f(-1, +2)", "f(?, ?)"),
            ("THEN -1 ELSE - +1", "THEN ? ELSE ?"), ("a->-1", "a->?"), ("(1)-1", "(?)-?"), ("a = -b", "a = -b"),
            ("a = NULL, b = TRUE", "a = ?, b = ?"), ("a IS NOT NULL AND b IS TRUE", "a IS NOT NULL AND b IS TRUE"),
            ("a int NOT NULL DEFAULT NULL", "a int NOT NULL DEFAULT ?"), ("ON DELETE SET NULL", "ON DELETE SET NULL"),
            ("t.null, t.in (1, 1)", "t.null, t.in (?, ?)"), ("DATE '2026-11-21' + 5", "DATE ? + ?"),
            ("INTERVAL '1' DAY", "INTERVAL ? DAY"),
        ])
    func signs(text: String, print: String) { #expect(sql(text) == print) }

    @Test(
        "numbers in all notations are literals, names with digits are none",
        arguments: [
            ("1", "?"), ("1.5", "?"), ("1.", "?"), (".5", "?"), ("1e5", "?"), ("1.5E-10", "?"), ("0xFF", "?"), ("0b01", "?"),
            ("0o17", "?"), ("1_000_000", "?"), ("a1", "a1"), ("1abc", "1abc"), ("t1.c2", "t1.c2"), ("t.1a", "t.1a"),
        ])
    func numbers(text: String, print: String) { #expect(sql(text) == print) }

    @Test(
        "strings of every kind are literals",
        arguments: [
            (.postgresql, #"E'a\'b', U&'\0041', 'c\'"#, "?, ?, ?"), (.postgresql, "$tag$ $$ ' $tag$, $$$$", "?, ?"),
            (.mysql, #"'a\'b', "c\"d", n'x', x'0F', _utf8'y'"#, "?, ?, ?, ?, _utf8?"),
            (.generic, "q'[it's]', nq'{a}b}', Q'!c!', N'd'", "?, ?, ?, ?"), (.mssql, "N'a''b', 0xAB", "?, ?"),
            (.sqlite, "x'0f', 'a''b'", "?, ?"), (.generic, "'open", "?"),
        ] as [(StatementFingerprint.Dialect, String, String)])
    func strings(dialect: StatementFingerprint.Dialect, text: String, print: String) { #expect(sql(text, dialect) == print) }

    @Test(
        "placeholders are literals, operators that look like them are none",
        arguments: [
            (.postgresql, "a = $1 AND b ? 'k' AND c ?| ARRAY['x'] AND d ?& $2", "a = ? AND b ? ? AND c ?| ARRAY[?] AND d ?& ?"),
            (
                .postgresql, "a->>'k', b #>> '{}', c @> $1, d <@ $2, e::int[], f @@ g",
                "a->>?, b #>> ?, c @> ?, d <@ ?, e::int[], f @@ g"
            ),
            (.postgresql, "a[1:2], b[c:d], e = :f, g = @h", "a[?:?], b[c:d], e = ?, g = ?"),
            (.postgresql, "a % b, c = %s, d = %(e)s, f LIKE %s", "a % b, c = ?, d = ?, f LIKE ?"),
            (.mysql, "@a := 5, @@global.b, :c, ?", "@a := ?, @@global.b, ?, ?"),
            (.mssql, "[dbo].[my table], @p1, @@ROWCOUNT, #tmp", "[dbo].[my table], ?, @@ROWCOUNT, #tmp"),
            (.sqlite, "?1, :a, @b, $c", "?, ?, ?, ?"), (.generic, "v$session, t@link, a:b", "v$session, t@link, a:b"),
        ] as [(StatementFingerprint.Dialect, String, String)])
    func placeholders(dialect: StatementFingerprint.Dialect, text: String, print: String) { #expect(sql(text, dialect) == print) }

    @Test(
        "what MySQL executes of a comment is read; hints and nested comments are dropped",
        arguments: [
            (.mysql, "SELECT /*!50000 a = 5 */ FROM t", "SELECT a = ? FROM t"),
            (.mysql, "SELECT /*M!100100 a */, /*+ HINT(t) */ b", "SELECT a , b"), (.mysql, "a -- b\n- c", "a - c"),
            (.mysql, "a--b", "a- -b"), (.mssql, "a /* b /* c */ d */ e", "a e"), (.generic, "a /* b /* c */ e", "a e"),
            (.generic, "SELECT /*+ PARALLEL */ a", "SELECT a"), (.generic, "a /*!50000 b */ c", "a c"),
        ] as [(StatementFingerprint.Dialect, String, String)])
    func executed(dialect: StatementFingerprint.Dialect, text: String, print: String) { #expect(sql(text, dialect) == print) }

    @Test("every spelling of a database's name finds its dialect")
    func dialects() {
        for name in ["mysql", "MariaDB", "mysql2", "tidb"] { #expect(StatementFingerprint.Dialect(system: name) == .mysql) }
        for name in ["postgresql", "postgres", "cockroachdb", "aws.redshift"] {
            #expect(StatementFingerprint.Dialect(system: name) == .postgresql)
        }
        for name in ["mssql", "microsoft.sql_server", "sqlserver"] { #expect(StatementFingerprint.Dialect(system: name) == .mssql) }
        for name in ["redis", "valkey", "memcached"] { #expect(StatementFingerprint.Dialect(system: name) == .command) }
        for name in ["mongodb", "elasticsearch", "aws.dynamodb"] { #expect(StatementFingerprint.Dialect(system: name) == .json) }
        for name in ["sqlite", "sqlite3"] { #expect(StatementFingerprint.Dialect(system: name) == .sqlite) }
        for name in ["oracle.db", "db2", "other_sql", ""] { #expect(StatementFingerprint.Dialect(system: name) == .generic) }
    }

    @Test("no two commands of Redis share a place in the table")
    func commandNames() {
        var seen: Set<String> = []
        for (_, names) in CommandRule.rules {
            for name in names.split(separator: " ") {
                #expect(seen.insert(String(name)).inserted, "\(name) stands twice")
                let found = Array(name.uppercased().utf8).withUnsafeBytes { CommandRule.of($0, 0..<$0.count) }
                #expect(found != nil, "\(name)")
            }
        }
        #expect(CommandRule.nameCount == seen.count)
    }

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
            ("EVALSHA abc 1 key:9", "EVALSHA ? key:?"),
            ("EVAL \"return redis.call('get', KEYS[1])\" 2 a:1 b:2 5 six", "EVAL ? a:? b:? ?"), ("EVAL \"x\" 0", "EVAL ?"),
            ("GET a:1\nGET a:2\nDEL a:3", "GET a:?; DEL a:?"),
            ("GET v2:user:77", "GET v2:user:?"), ("MSET a:1 x a:2 y b 3", "MSET a:? ? b ?"),
            ("BLPOP jobs:1 jobs:2 5", "BLPOP jobs:? ?"), ("RENAME user:1 account:1", "RENAME user:? account:?"),
            ("BITOP AND out:1 in:1 in:2", "BITOP AND out:? in:?"), ("OBJECT ENCODING a:1", "OBJECT ENCODING a:?"),
            ("XREAD COUNT 5 STREAMS events:1 audit 0-0 7-1", "XREAD ? STREAMS events:? audit ?"),
            ("ZUNIONSTORE out 2 a:1 b:1 WEIGHTS 1 2", "ZUNIONSTORE out a:? b:? ?"),
            ("MULTI\nSET a:1 x\nINCR n\nEXEC", "MULTI; SET a:? ?; INCR n; EXEC"), ("GET a:1; GET a:2; PING", "GET a:?; PING"),
            ("SET a:1 two\nlines and more", "SET a:? ?"), (#"GET "user:\xff\x00""#, "GET user:?"),
            ("GET {user:42}:cart", "GET {user:?}:cart"), ("GET deadbeefcafe", "GET ?"), ("get k:1 k:2", "get k:?"),
            ("\u{0}\u{1}\u{2} x", "? x"), ("GET \"\"", "GET ?"), ("GET day:2026-11-21", "GET day:?"),
            ("GET straße:5", "GET straße:?"), ("SUBSCRIBE news:5", "SUBSCRIBE news:?"),
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
            (
                #"{"aggregate": "orders", "pipeline": [{"$match": {"a": 1}}, {"$match": {"a": 2}}, {"$limit": 5}]}"#,
                #"{"aggregate": "orders", "pipeline": [{"$match": {"a": ?}}, {"$match": {"a": ?}}, {"$limit": ?}]}"#
            ),
            (#"{"_id": {"$in": [{"$oid": "1"}, {"$oid": "2"}]}}"#, #"{"_id": {"$in": [{"$oid": ?}]}}"#),
            (#"db.a.find({n: /^x/i, m: /y\/z/, o: null, p: NaN})"#, #"db.a.find({n: ?, m: ?, o: ?, p: ?})"#),
            ("SELECT * FROM music WHERE artist = 'x'", "SELECT * FROM music WHERE artist = ?"),
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
            for dialect in StatementFingerprint.Dialect.allCases {
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
