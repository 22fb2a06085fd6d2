import TelemetryModel

/// What a resource adds to the labels of its series: `job`, `instance` and the promoted attributes; the rest is kept
/// apart in `target_info`.
public struct OTLPResourceLabels: Sendable {
    /// The resource attributes that become labels of every series unless said otherwise.
    public static let defaultPromoted = ["host.name", "container.id"]

    /// `job` (`service.namespace/service.name`) and `instance` (`service.instance.id`), those that are known. They count
    /// whatever a point's attributes say.
    let overriding: [Label]
    /// The promoted attributes under their names as labels.
    let promoted: [Label]
    /// What is left for `target_info`.
    let rest: [Attribute]

    /// Sorts the attributes of a resource.
    init(_ attributes: [Attribute], promoted keys: [String]) {
        let name = attributes["service.name"]?.text ?? ""
        let namespace = attributes["service.namespace"]?.text ?? ""
        let job = name.isEmpty || namespace.isEmpty ? name : "\(namespace)/\(name)"
        let instance = attributes["service.instance.id"]?.text ?? ""
        overriding = [Label("job", job), Label("instance", instance)].filter { !$0.value.isEmpty }
        let identity = ["service.name", "service.namespace", "service.instance.id"]
        promoted = keys.compactMap { key in
            attributes[key].map { Label(PrometheusNaming.labelName(key), $0.text) }
        }
        rest = attributes.filter { !identity.contains($0.key) && !keys.contains($0.key) }
    }

    private init(overriding: [Label], promoted: [Label], rest: [Attribute]) {
        self.overriding = overriding
        self.promoted = promoted
        self.rest = rest
    }

    /// The same for `target_info`, which shows what is not promoted.
    var withoutPromoted: OTLPResourceLabels { OTLPResourceLabels(overriding: overriding, promoted: [], rest: rest) }
}
