import CollectorKit

/// Which field of `INFO` becomes which metric, under the names of the OpenTelemetry collector's Redis receiver.
struct RedisFields {
    var key: String
    var name: String
    var unit: String
    var kind: MetricKind
    var text: String
    /// What the field is multiplied by to be in the unit.
    var scale: Double = 1

    static let all: [RedisFields] = [
        RedisFields(
            key: "uptime_in_seconds", name: "redis.uptime", unit: "s", kind: .counter, text: "Time since the server started."),
        RedisFields(
            key: "connected_clients", name: "redis.clients.connected", unit: "{client}", kind: .upDownCounter,
            text: "Clients that are connected, replicas left out."),
        RedisFields(
            key: "blocked_clients", name: "redis.clients.blocked", unit: "{client}", kind: .upDownCounter,
            text: "Clients that wait in a blocking call."),
        RedisFields(
            key: "client_recent_max_input_buffer", name: "redis.clients.max_input_buffer", unit: "By", kind: .gauge,
            text: "The largest input buffer of a client."),
        RedisFields(
            key: "client_recent_max_output_buffer", name: "redis.clients.max_output_buffer", unit: "By", kind: .gauge,
            text: "The largest output buffer of a client."),
        RedisFields(
            key: "maxclients", name: "redis.clients.limit", unit: "{client}", kind: .upDownCounter,
            text: "Clients that may be connected."),
        RedisFields(
            key: "instantaneous_ops_per_sec", name: "redis.commands", unit: "{ops}/s", kind: .gauge,
            text: "Commands per second, as the server averages them."),
        RedisFields(
            key: "total_commands_processed", name: "redis.commands.processed", unit: "{command}", kind: .counter,
            text: "Commands that the server processed."),
        RedisFields(
            key: "total_connections_received", name: "redis.connections.received", unit: "{connection}", kind: .counter,
            text: "Connections that the server accepted."),
        RedisFields(
            key: "rejected_connections", name: "redis.connections.rejected", unit: "{connection}", kind: .counter,
            text: "Connections refused because too many were open."),
        RedisFields(
            key: "evicted_keys", name: "redis.keys.evicted", unit: "{key}", kind: .counter,
            text: "Keys removed because memory was used up."),
        RedisFields(key: "expired_keys", name: "redis.keys.expired", unit: "{event}", kind: .counter, text: "Keys that expired."),
        RedisFields(
            key: "keyspace_hits", name: "redis.keyspace.hits", unit: "{hit}", kind: .counter, text: "Look-ups that found a key."),
        RedisFields(
            key: "keyspace_misses", name: "redis.keyspace.misses", unit: "{miss}", kind: .counter,
            text: "Look-ups that found no key."),
        RedisFields(
            key: "latest_fork_usec", name: "redis.latest_fork", unit: "s", kind: .gauge, text: "How long the last fork took.",
            scale: 1e-6),
        RedisFields(
            key: "used_memory", name: "redis.memory.used", unit: "By", kind: .gauge, text: "Memory that the server allocated."),
        RedisFields(
            key: "used_memory_rss", name: "redis.memory.rss", unit: "By", kind: .gauge,
            text: "Memory of the server as the operating system sees it."),
        RedisFields(
            key: "used_memory_peak", name: "redis.memory.peak", unit: "By", kind: .gauge, text: "The most memory ever allocated."),
        RedisFields(
            key: "used_memory_lua", name: "redis.memory.lua", unit: "By", kind: .gauge, text: "Memory of the Lua engine."),
        RedisFields(
            key: "maxmemory", name: "redis.maxmemory", unit: "By", kind: .gauge, text: "Memory that data may take; 0 for any."),
        RedisFields(
            key: "mem_fragmentation_ratio", name: "redis.memory.fragmentation_ratio", unit: "1", kind: .gauge,
            text: "Resident by allocated memory."),
        RedisFields(
            key: "total_net_input_bytes", name: "redis.net.input", unit: "By", kind: .counter, text: "Bytes received."),
        RedisFields(key: "total_net_output_bytes", name: "redis.net.output", unit: "By", kind: .counter, text: "Bytes sent."),
        RedisFields(
            key: "rdb_changes_since_last_save", name: "redis.rdb.changes_since_last_save", unit: "{change}", kind: .upDownCounter,
            text: "Changes that the last dump does not hold."),
        RedisFields(
            key: "repl_backlog_first_byte_offset", name: "redis.replication.backlog_first_byte_offset", unit: "By", kind: .gauge,
            text: "Where the replication backlog begins."),
        RedisFields(
            key: "master_repl_offset", name: "redis.replication.offset", unit: "By", kind: .gauge,
            text: "How far the replication stream has come."),
        RedisFields(
            key: "connected_slaves", name: "redis.slaves.connected", unit: "{replica}", kind: .upDownCounter,
            text: "Replicas that are connected."),
    ]
}
