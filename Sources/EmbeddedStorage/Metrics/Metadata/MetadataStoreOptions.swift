import Storage

/// How the metadata of a store behave. The defaults are those of the server.
struct MetadataStoreOptions: Sendable {
    /// When a batch is acknowledged.
    var durability = Durability.logged
    /// So many metrics are known; more are refused.
    var metricLimit = 100_000
    /// So many bytes are kept of all metrics together; metrics beyond are refused.
    var byteLimit = 32 << 20
    /// Names of metrics are not longer; metrics with longer ones are refused.
    var nameByteLimit = 1_024
    /// Help texts are cut here.
    var helpByteLimit = 4_096
    /// Units are cut here.
    var unitByteLimit = 256
    /// The log is written anew when it has so many bytes more than twice what is known.
    var garbageByteLimit = 1 << 20

    /// A record of the log has hardly more bytes than this.
    static let recordByteLimit = 4 << 20

    init(durability: Durability = .logged) { self.durability = durability }
}
