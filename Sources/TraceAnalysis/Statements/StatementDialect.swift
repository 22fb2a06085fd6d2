extension StatementFingerprint {
    /// The rules by which a statement is read.
    public enum Dialect: UInt8, Sendable, Hashable, CaseIterable {
        /// MySQL and its relatives: `"…"` is a string, `#` begins a comment, `/*!…*/` is read, a backslash escapes.
        case mysql
        /// PostgreSQL: dollar quotes, nested comments, a backslash escapes in `E'…'` only.
        case postgresql
        /// SQLite: `"…"` and `[…]` are names.
        case sqlite
        /// SQL Server and Sybase: `"…"` and `[…]` are names, comments nest.
        case mssql
        /// SQL of anything else: `"…"` is a name, `[…]` where no array can stand.
        case generic
        /// Redis and its relatives: a command, keys, values.
        case command
        /// MongoDB and others that are asked in JSON.
        case json

        /// The dialect of a `db.system.name` or, in older telemetry, `db.system`; the names that drivers and other
        /// tracers use are known too.
        public init(system: String) {
            switch system.lowercased() {
            case "mysql", "mysql2", "mysqli", "mariadb", "tidb", "percona", "vitess", "oceanbase", "singlestore", "memsql",
                "aurora-mysql", "doris", "starrocks", "hive", "spark", "databricks", "gcp.bigquery", "bigquery", "couchbase",
                "cosmosdb", "azure.cosmosdb":
                // The last ones are no relatives, but quote as MySQL does.
                self = .mysql
            case "postgresql", "postgres", "pg", "pgx", "psycopg", "psycopg2", "asyncpg", "npgsql", "cockroachdb", "cockroach",
                "redshift", "aws.redshift", "edb", "greenplum", "timescaledb", "yugabytedb", "alloydb", "aurora-postgresql",
                "materialize", "duckdb":
                self = .postgresql
            case "sqlite", "sqlite3", "libsql", "turso", "d1": self = .sqlite
            case "mssql", "mssqlcompact", "sqlserver", "sql_server", "microsoft.sql_server", "azure.sql", "sybase", "tds":
                self = .mssql
            case "redis", "rediscluster", "valkey", "keydb", "dragonfly", "memcached", "memcache": self = .command
            case "mongodb", "mongo", "mongoose", "documentdb", "aws.documentdb", "ferretdb", "couchdb", "elasticsearch", "elastic",
                "opensearch", "solr", "dynamodb", "aws.dynamodb":
                self = .json
            default: self = .generic
            }
        }
    }
}
