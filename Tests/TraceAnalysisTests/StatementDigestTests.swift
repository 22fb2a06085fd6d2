@testable import TraceAnalysis
import Testing

/// Which statements MariaDB 10.11.19 (Debian 12) counts together: `DIGEST` of performance_schema's
/// `events_statements_summary_by_digest`, asked after each statement and numbered in the order of appearance.
@Suite("Statements that MariaDB counts together")
struct StatementDigestTests {
    private static let digests: [(Int, String)] = [
        (1, #"SELECT a FROM t WHERE b = 1"#),
        (1, #"SELECT a FROM t WHERE b = 'x'"#),
        (2, #"SELECT a FROM t WHERE b = -1"#),
        (1, #"SELECT a FROM t WHERE b = 1.5e3"#),
        (1, #"SELECT a FROM t WHERE b = 0xFF"#),
        (3, #"SELECT a FROM t WHERE b = X'FF'"#),
        (1, #"SELECT a FROM t WHERE b = b'01'"#),
        (1, #"SELECT a FROM t WHERE b = N'x'"#),
        (1, #"SELECT a FROM t WHERE b = "x""y""#),
        (1, #"SELECT a FROM t WHERE b = 'it\'s'"#),
        (1, #"SELECT a FROM t WHERE b = 'it''s'"#),
        (1, #"SELECT a FROM t WHERE b = NULL"#),
        (1, #"SELECT a FROM t WHERE b = 1 -- tail"#),
        (1, #"SELECT a FROM t WHERE b = 1 # tail"#),
        (1, #"SELECT a FROM t /* c */ WHERE b = 2"#),
        (1, #"SELECT a FROM t /*!50000 WHERE b = 2 */"#),
        (4, #"SELECT a FROM t WHERE b = 1 AND c = 2"#),
        (5, #"SELECT a FROM t WHERE c = 1"#),
        (6, #"SELECT a FROM t WHERE b IS NULL"#),
        (7, #"SELECT a FROM t WHERE b IS NOT NULL"#),
        (8, #"SELECT a FROM t WHERE b IN (1)"#),
        (9, #"SELECT a FROM t WHERE b IN (1, 2, 3)"#),
        (9, #"SELECT a FROM t WHERE b IN ('x', 'y')"#),
        (9, #"SELECT a FROM t WHERE b IN (1, -2, NULL)"#),
        (10, #"SELECT a FROM t WHERE b IN (1, c)"#),
        (11, #"SELECT a FROM t WHERE b NOT IN (1, 2)"#),
        (12, #"SELECT a FROM t WHERE (b, c) IN ((1, 2), (3, 4))"#),
        (13, #"SELECT a FROM t WHERE b = c - 5"#),
        (13, #"SELECT a FROM t WHERE b = c - 7"#),
        (14, #"SELECT a FROM t WHERE b = c + 5"#),
        (13, #"SELECT a FROM t WHERE b = c - -5"#),
        (15, #"SELECT a FROM t WHERE b BETWEEN 1 AND 2"#),
        (15, #"SELECT a FROM t WHERE b BETWEEN 7 AND -2"#),
        (16, #"SELECT a FROM t LIMIT 10"#),
        (16, #"SELECT a FROM t LIMIT 20"#),
        (17, #"SELECT a FROM t LIMIT 10, 20"#),
        (18, #"SELECT a FROM t LIMIT 10 OFFSET 20"#),
        (19, #"SELECT a FROM t ORDER BY a DESC"#),
        (20, #"SELECT a FROM t ORDER BY a"#),
        (21, #"INSERT INTO t (a, b) VALUES (1, 2)"#),
        (21, #"INSERT INTO t (a, b) VALUES (3, 'x')"#),
        (21, #"INSERT INTO t (a, b) VALUES (3, NULL)"#),
        (22, #"INSERT INTO t (a, b) VALUES (1, 2), (3, 4)"#),
        (22, #"INSERT INTO t (a, b) VALUES (1, 2), (3, 4), (5, 6)"#),
        (22, #"INSERT INTO t (a, b) VALUES (1, 2), (3, NULL)"#),
        (23, #"INSERT INTO t (a) VALUES (1)"#),
        (24, #"UPDATE t SET b = 1 WHERE a = 2"#),
        (24, #"UPDATE t SET b = 'x' WHERE a = 3"#),
        (24, #"UPDATE t SET b = NULL WHERE a = 3"#),
        (25, #"UPDATE t SET b = b + 1 WHERE a = 3"#),
        (25, #"UPDATE t SET b = b + 9 WHERE a = 4"#),
        (26, #"DELETE FROM t WHERE a = 1"#),
        (26, #"DELETE FROM t WHERE a = 2"#),
        (1, #"SELECT `a` FROM `t` WHERE `b` = 9"#),
        (27, #"SELECT COUNT(*) FROM t"#),
        (28, #"SELECT COALESCE(a, 1) FROM t"#),
        (28, #"SELECT COALESCE(a, 'x') FROM t"#),
        (29, #"SELECT COALESCE(a, 1, 2) FROM t"#),
        (30, #"SELECT DATE '2020-01-01'"#),
        (30, #"SELECT DATE '2021-02-03'"#),
        (31, #"SELECT a FROM t WHERE c > NOW() - INTERVAL 1 DAY"#),
        (31, #"SELECT a FROM t WHERE c > NOW() - INTERVAL 5 DAY"#),
        (32, #"SELECT CASE WHEN b = 1 THEN 2 ELSE 3 END FROM t"#),
        (32, #"SELECT CASE WHEN b = 4 THEN 'a' ELSE 'b' END FROM t"#),
        (33, #"SELECT a FROM t WHERE b = TRUE"#),
        (34, #"SELECT a FROM t WHERE b = FALSE"#),
        (35, #"SELECT @row"#),
        (36, #"SELECT 1 UNION SELECT 2"#),
        (36, #"SELECT 3 UNION SELECT 'b'"#),
        (37, #"SELECT a FROM t WHERE b LIKE 'x%' ESCAPE '!'"#),
        (37, #"SELECT a FROM t WHERE b LIKE 'yy%' ESCAPE '#'"#),
        (38, #"SELECT a FROM t WHERE b IN (SELECT c FROM t WHERE a IN (1, 2))"#),
        (39, #"SELECT a FROM t WHERE b IN (SELECT c FROM t WHERE a IN (5))"#),
    ]

    /// Digests that we count together on purpose: a sign is part of a literal everywhere (1, 2), X'FF' is a literal as any
    /// other (3), so are TRUE and FALSE (33, 34); lists print alike whatever their length (8 and 9, 21 and 22, 38 and 39).
    private static let merged = [2: 1, 3: 1, 33: 1, 34: 1, 9: 8, 22: 21, 39: 38]

    @Test("two statements share a print if, and only if, they share a digest, but for the rules that are ours")
    func classes() {
        // Quotes around a name are left as they are.
        let statements = Self.digests.filter { !$0.1.contains("`") }
        let prints = statements.map { StatementFingerprint.fingerprint($0.1, .mysql) }
        let classes = statements.map { Self.merged[$0.0] ?? $0.0 }
        for a in statements.indices {
            for b in statements.indices where b > a {
                #expect((prints[a] == prints[b]) == (classes[a] == classes[b]), "\(statements[a].1) | \(statements[b].1)")
            }
        }
    }
}
