import TelemetryModel

/// What a resource adds to the labels of its series: `job`, `instance` and the promoted attributes; the rest is kept
/// apart in `target_info`.
public struct OTLPResourceLabels: Sendable {
    /// The resource attributes that become labels of every series unless said otherwise.
    public static let defaultPromoted = ["host.name", "container.id"]

    /// `service.namespace/service.name`, or "" when the resource has no service name.
    let job: String
    /// `service.instance.id`, or "".
    let instance: String
    /// The promoted attributes under their names as labels.
    let promoted: [Label]
    /// What is left for `target_info`.
    let rest: [Attribute]

    /// Sorts the attributes of a resource.
    init(_ attributes: [Attribute], promoted keys: [String]) {
        let name = attributes["service.name"]?.text ?? ""
        let namespace = attributes["service.namespace"]?.text ?? ""
        job = name.isEmpty || namespace.isEmpty ? name : "\(namespace)/\(name)"
        instance = attributes["service.instance.id"]?.text ?? ""
        let identity = ["service.name", "service.namespace", "service.instance.id"]
        promoted = keys.compactMap { key in
            attributes[key].map { Label(PrometheusNaming.labelName(key), $0.text) }
        }
        rest = attributes.filter { !identity.contains($0.key) && !keys.contains($0.key) }
    }
}
