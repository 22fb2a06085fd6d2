import GRDB

/// The tables, version by version. `Schemas/sql/state.sql` shows them to people.
enum StateSchema {
    /// The statements that lead from one version to the next; a version that has been released never changes.
    static let versions: [(name: String, statements: [String])] = [
        (
            "v1",
            [
                """
                CREATE TABLE documents (
                    kind TEXT NOT NULL,
                    key TEXT NOT NULL,
                    body BLOB NOT NULL,
                    PRIMARY KEY (kind, key)
                ) WITHOUT ROWID
                """,
                """
                CREATE TABLE outbox (
                    id INTEGER PRIMARY KEY AUTOINCREMENT,
                    key TEXT NOT NULL UNIQUE,
                    url TEXT NOT NULL,
                    headers BLOB NOT NULL,
                    body BLOB NOT NULL,
                    state TEXT NOT NULL DEFAULT 'pending',
                    attempts INTEGER NOT NULL DEFAULT 0,
                    not_before INTEGER NOT NULL,
                    last_error TEXT
                )
                """,
                "CREATE INDEX outbox_pending ON outbox (state, not_before)",
            ]
        )
    ]

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        for version in versions {
            migrator.registerMigration(version.name) { database in
                for statement in version.statements { try database.execute(sql: statement) }
            }
        }
        return migrator
    }
}
