import CollectorKit
import Platform
import TelemetryModel

/// What Redis says in `INFO`.
///
/// With an endpoint of the configuration, a Redis that does not answer is an error. Without one the usual address on this
/// host is tried, and what has never answered as Redis does is simply not present.
public struct RedisCollector: Collector {
    /// The address that is tried when none is configured.
    public static let usualEndpoints = ["127.0.0.1:6379"]
    /// How long one server may take for everything.
    public static let timeoutNanoseconds: UInt64 = 3_000_000_000

    /// How to log in.
    public struct Credentials: Sendable {
        /// The user of an access list; nil for the default user.
        public var username: String?
        /// The password.
        public var password: String

        /// Puts user and password together.
        public init(username: String? = nil, password: String) {
            self.username = username
            self.password = password
        }
    }

    /// `redis`.
    public let name = "redis"
    /// How far the runs are apart, in nanoseconds.
    public let intervalNanoseconds: UInt64
    private let hostName: String
    private let credentials: Credentials?
    private let time: any TimeSource
    private let pool: BlockingPool
    private let discovery: EndpointDiscovery

    /// A collector for `endpoints`, each `host:port`; an empty list means ``usualEndpoints``. `hostName` becomes part of the
    /// instance of a Redis on the loopback address.
    public init(
        endpoints: [String] = [], credentials: Credentials? = nil, hostName: String,
        intervalNanoseconds: UInt64 = 10_000_000_000, time: any TimeSource = SystemTime()
    ) {
        self.intervalNanoseconds = intervalNanoseconds
        self.hostName = hostName
        self.credentials = credentials
        self.time = time
        pool = BlockingPool(name: "redis-collector", threadCount: 1, queueLimit: 1)
        discovery = EndpointDiscovery(configured: endpoints, usual: Self.usualEndpoints)
    }

    /// One group for each Redis that answers. Throws when one that should answer does not, once all have been asked.
    public func collect(at time: UInt64) async throws -> [ResourceMetrics] {
        try await discovery.collect { endpoint in
            try await pool.run { [credentials, hostName, time = self.time] in
                guard let address = ServiceAddress(endpoint, defaultPort: 6379) else {
                    throw CollectorError.unreadable(source: "Redis", reason: "\(endpoint) is no host:port")
                }
                let info = try Self.info(of: address, credentials, time: time)
                let resource = address.resource(serviceName: "redis", hostName: hostName)
                return ResourceMetrics(
                    resource: resource + [Attribute(SemanticConventions.serviceVersion, info.version)], metrics: info.metrics)
            }
        }
    }

    /// Asks one server; blocks.
    static func info(of address: ServiceAddress, _ credentials: Credentials?, time: any TimeSource) throws -> RedisInfo {
        let source = "Redis at \(address.host):\(address.port)"
        let connection = try TCPExchange(
            address, deadline: time.monotonic() &+ timeoutNanoseconds, time: time, source: source)
        if let credentials {
            try connection.send(
                RedisReply.command(["AUTH"] + (credentials.username.map { [$0] } ?? []) + [credentials.password]))
            if case .error(let reason) = try reply(connection) { throw refused(source, reason) }
        }
        try connection.send(RedisReply.command(["INFO", "all"]))
        switch try reply(connection) {
        case .bulk(let text): return try RedisInfo(parsing: text)
        case .status: throw CollectorError.malformed(source: "The answer of Redis", reason: "INFO has no text")
        case .error(let reason): throw refused(source, reason)
        }
    }

    private static func refused(_ source: String, _ reason: String) -> CollectorError {
        .unreadable(source: source, reason: "it refuses (\(reason.prefix(200)))")
    }

    /// Waits for one reply.
    private static func reply(_ connection: borrowing TCPExchange) throws(CollectorError) -> RedisReply {
        var bytes: [UInt8] = []
        while bytes.count <= RedisReply.byteLimit {
            bytes += try connection.receive()
            if let (reply, _) = try RedisReply.parse(bytes) { return reply }
        }
        throw .malformed(source: "The answer of Redis", reason: "it does not end")
    }
}
