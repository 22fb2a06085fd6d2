import CollectorKit
import TelemetryModel

/// What Redis answers to `INFO all`: lines of `field:value` in sections (redis.io/docs/latest/commands/info).
struct RedisInfo {
    /// How many databases, and how many commands, are reported.
    static let rowLimit = 512

    private var values: [String: ArraySlice<UInt8>] = [:]
    private var databases: [(name: String, fields: [String: ArraySlice<UInt8>])] = []
    private var commands: [(name: String, fields: [String: ArraySlice<UInt8>])] = []

    /// Throws when the text says nothing about a Redis server.
    init(parsing bytes: [UInt8]) throws(CollectorError) {
        for line in TextFields.lines(bytes) where !line.begins(with: "#") {
            guard let (key, value) = TextFields.pair(line, ":") else { continue }
            if key.begins(with: "cmdstat_") {
                if commands.count < Self.rowLimit { commands.append((key.dropFirst(8).text, Self.fields(value))) }
            } else if key.begins(with: "db"), key.dropFirst(2).unsigned != nil {
                if databases.count < Self.rowLimit { databases.append((key.dropFirst(2).text, Self.fields(value))) }
            } else {
                values[key.text] = value
            }
        }
        if values["redis_version"] == nil {
            throw .malformed(source: "The answer of Redis", reason: "INFO does not say which version it is")
        }
    }

    /// Reads `keys=2,expires=1,avg_ttl=0`.
    private static func fields(_ text: ArraySlice<UInt8>) -> [String: ArraySlice<UInt8>] {
        var fields: [String: ArraySlice<UInt8>] = [:]
        for part in text.split(separator: UInt8(ascii: ","), maxSplits: 32) {
            if let (key, value) = TextFields.pair(part, "=") { fields[key.text] = value }
        }
        return fields
    }

    /// The version, such as `7.0.15`.
    var version: String { values["redis_version"].map { String($0.text.prefix(64)) } ?? "" }

    /// All metrics; fields that this version does not have are left out.
    var metrics: [CollectedMetric] {
        var metrics = RedisFields.all.compactMap { field in
            number(values[field.key], scale: field.scale).map {
                CollectedMetric(field.name, unit: field.unit, field.kind, field.text, points: [MetricPoint($0)])
            }
        }
        let states = ["sys", "user", "sys_children", "user_children", "sys_main_thread", "user_main_thread"]
        metrics.append(
            CollectedMetric(
                "redis.cpu.time", unit: "s", .counter, "CPU time by part; the main thread's is contained in sys and user.",
                points: states.compactMap { state in
                    values["used_cpu_\(state)"]?.finiteNumber.map { MetricPoint(.double($0), [Attribute("state", state)]) }
                }))
        metrics.append(rows(databases, "db", "keys", 1, "redis.db.keys", "{key}", .gauge, "Keys in the database."))
        metrics.append(rows(databases, "db", "expires", 1, "redis.db.expires", "{key}", .gauge, "Keys that will expire."))
        metrics.append(
            rows(databases, "db", "avg_ttl", 1e-3, "redis.db.avg_ttl", "s", .gauge, "Average time that keys have to live."))
        metrics.append(rows(commands, "cmd", "calls", 1, "redis.cmd.calls", "{call}", .counter, "Calls of the command."))
        metrics.append(rows(commands, "cmd", "usec", 1e-6, "redis.cmd.sec", "s", .counter, "Time spent in the command."))
        metrics.append(
            CollectedMetric(
                "redis.role", unit: "{role}", .upDownCounter, "1 for the role that the server has.",
                points: values["role"].map { role in
                    [MetricPoint(.int(1), [Attribute("role", role.equals("master") ? "primary" : "replica")])]
                } ?? []))
        return metrics.filter { !$0.points.isEmpty }
    }

    private func number(_ text: ArraySlice<UInt8>?, scale: Double) -> MetricValue? {
        guard let text else { return nil }
        if scale == 1, let whole = text.unsigned { return MetricValue(clamping: whole) }
        return text.finiteNumber.map { .double($0 * scale) }
    }

    private func rows(
        _ rows: [(name: String, fields: [String: ArraySlice<UInt8>])], _ attribute: String, _ field: String, _ scale: Double,
        _ name: String, _ unit: String, _ kind: MetricKind, _ text: String
    ) -> CollectedMetric {
        CollectedMetric(
            name, unit: unit, kind, text,
            points: rows.compactMap { row in
                number(row.fields[field], scale: scale).map { MetricPoint($0, [Attribute(attribute, row.name)]) }
            })
    }
}
