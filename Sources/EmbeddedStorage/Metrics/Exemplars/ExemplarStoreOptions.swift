import Storage

/// How the exemplars of a store behave. The defaults are those of the server.
struct ExemplarStoreOptions: Sendable {
    /// When a batch is acknowledged.
    var durability = Durability.logged
    /// Older exemplars are deleted, milliseconds; 0 keeps everything.
    var retentionTime: Int64 = 0
    /// An exemplar may be so much older than the newest of its series, milliseconds.
    var outOfOrderWindow: Int64 = 3_600_000
    /// An exemplar may be so far in the future, milliseconds.
    var futureLimit: Int64 = 600_000
    /// With more bytes in the log its oldest segments are deleted, and their exemplars with them.
    var byteLimit = 16 << 20
    /// A series has at most so many exemplars.
    var seriesExemplarLimit = 512

    /// The log is cut into so many segments: so large a part of it goes at a time.
    static let segmentCount = 8
    /// A record of the log has hardly more bytes than this.
    static let recordByteLimit = 4 << 20

    init() {}

    /// What the metrics' options say of samples holds for exemplars.
    init(_ metrics: MetricStoreOptions) {
        durability = metrics.durability
        retentionTime = metrics.retentionTime
        outOfOrderWindow = metrics.outOfOrderWindow
        futureLimit = metrics.futureLimit
    }
}
