/// Names of OpenTelemetry's semantic conventions that Headrope gives a meaning to: the current one first, then those that
/// older instrumentations send (https://opentelemetry.io/docs/specs/semconv/).
public enum SemanticConventions {
    /// The service.
    public static let serviceName = "service.name"
    /// What the service belongs to.
    public static let serviceNamespace = "service.namespace"
    /// The release of the service.
    public static let serviceVersion = "service.version"
    /// One running copy of the service.
    public static let serviceInstanceID = "service.instance.id"
    /// The host, as its operating system or cloud names it for good.
    public static let hostID = "host.id"
    /// The host's name.
    public static let hostName = "host.name"
    /// The container.
    public static let containerID = "container.id"
    /// The number of the process on its host.
    public static let processID = "process.pid"

    /// Which kind of database: `mysql`, `postgresql`, `redis`, …
    public static let databaseSystem = ["db.system.name", "db.system"]
    /// The database within the system.
    public static let databaseNamespace = ["db.namespace", "db.name", "db.redis.database_index"]
    /// The statement as it was sent.
    public static let databaseQuery = ["db.query.text", "db.statement"]
    /// A short form of the statement made by the instrumentation.
    public static let databaseSummary = ["db.query.summary"]
    /// What the statement does: `SELECT`, `HGET`, …
    public static let databaseOperation = ["db.operation.name", "db.operation"]
    /// The table or collection.
    public static let databaseCollection = ["db.collection.name", "db.sql.table", "db.mongodb.collection"]

    /// The far end's host, as the caller names it.
    public static let serverAddress = ["server.address", "net.peer.name", "net.peer.ip", "peer.hostname", "peer.address"]
    /// The far end's network address.
    public static let networkPeerAddress = ["network.peer.address", "net.sock.peer.addr"]
    /// Who called, as a server sees it.
    public static let clientAddress = ["client.address", "http.client_ip", "net.peer.ip", "network.peer.address"]
    /// The far end's service, as the caller's operator named it.
    public static let peerService = ["service.peer.name", "peer.service"]

    /// The status code of an HTTP response.
    public static let httpStatusCode = ["http.response.status_code", "http.status_code"]
    /// The address of a request.
    public static let httpURL = ["url.full", "http.url"]

    /// Which kind of queue: `kafka`, `rabbitmq`, …
    public static let messagingSystem = ["messaging.system"]
    /// The queue or topic.
    public static let messagingDestination = ["messaging.destination.name", "messaging.destination"]
}
