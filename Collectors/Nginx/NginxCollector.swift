import CollectorKit
import HTTPTransport
import TelemetryModel

/// What nginx counts, from the page of its `stub_status` module.
///
/// With an endpoint of the configuration, an nginx that does not answer is an error. Without one the usual addresses on
/// this host are tried, and one that has never answered as nginx does is simply not present.
public struct NginxCollector: Collector {
    /// The addresses that are tried when none is configured.
    public static let usualEndpoints = ["http://127.0.0.1/nginx_status", "http://127.0.0.1:8080/nginx_status"]
    /// How large the page may be; nginx writes about a hundred bytes.
    public static let pageByteLimit = 16 << 10

    /// `nginx`.
    public let name = "nginx"
    /// How far the runs are apart, in nanoseconds.
    public let intervalNanoseconds: UInt64
    private let hostName: String
    private let transport: HTTPTransport
    private let discovery: EndpointDiscovery

    /// A collector for `endpoints`, whole URLs; an empty list means ``usualEndpoints``. `hostName` becomes part of the
    /// instance of an nginx on the loopback address.
    public init(endpoints: [String] = [], hostName: String, intervalNanoseconds: UInt64 = 10_000_000_000, transport: HTTPTransport)
    {
        self.intervalNanoseconds = intervalNanoseconds
        self.hostName = hostName
        self.transport = transport
        discovery = EndpointDiscovery(configured: endpoints, usual: Self.usualEndpoints)
    }

    /// One group for each nginx that answers. Throws when one that should answer does not, once all have been asked.
    public func collect(at time: UInt64) async throws -> [ResourceMetrics] {
        try await discovery.collect { endpoint in try await status(of: endpoint) }
    }

    private func status(of endpoint: String) async throws -> ResourceMetrics {
        let answer = try await transport.send(
            HTTPCall(url: endpoint, timeout: .seconds(5), answerByteLimit: Self.pageByteLimit))
        guard answer.status == 200 else {
            throw CollectorError.unreadable(source: "The status page of nginx", reason: "it answers with status \(answer.status)")
        }
        let status = try StubStatus(parsing: answer.body)
        guard let address = ServiceAddress(url: endpoint) else {
            throw CollectorError.unreadable(source: "The status page of nginx", reason: "\(endpoint) is no http or https URL")
        }
        var resource = address.resource(serviceName: "nginx", hostName: hostName)
        if let server = answer.header("Server"), server.hasPrefix("nginx/") {
            resource.append(Attribute(SemanticConventions.serviceVersion, String(server.dropFirst(6).prefix(64))))
        }
        return ResourceMetrics(resource: resource, metrics: status.metrics)
    }
}
