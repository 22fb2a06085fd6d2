import Storage
import TelemetryModel

extension AnswerEngine {
    /// How many times the series of an answer have at most.
    public static let axisLimit = 120
    /// How many hosts are asked about at most; further ones make the answer incomplete.
    public static let hostLimit = 100

    /// The instances of a service and what the agents on their hosts measured in the same time. Instances are joined to
    /// hosts by `host.name`. Throws ``AnswerError`` of kind `notFound` when the range has nothing of the service.
    public func resources(service: String, _ request: AnswerRequest) throws -> ServiceResourcesAnswer {
        let window = try window(request)
        let table = try sums(window, .instances)
        let instances = Self.instances(of: service, table)
        guard !instances.isEmpty else { throw Self.unknownService(service, window) }
        let byHost = Dictionary(grouping: instances.filter { !$0.host.isEmpty }, by: \.host).sorted { $0.key < $1.key }
        let sampler = try HostSampler(metrics, window)
        let hosts = try byHost.prefix(Self.hostLimit).map { host, instances in
            HostResources(host: host, instances: instances.map(\.instance), series: try sampler.series(host: host))
        }
        let isWhole = try hosts.allSatisfy { try sampler.isWhole(host: $0.host) }
        return ServiceResourcesAnswer(
            range: window.rollupRange, complete: isWhole && byHost.count <= Self.hostLimit, computedFrom: .rollup, service: service,
            axis: sampler.axis, instances: instances, hosts: hosts)
    }
}
