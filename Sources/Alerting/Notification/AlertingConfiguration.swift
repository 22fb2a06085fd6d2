import StrictYAML
import TelemetryModel

/// Who is told of which alerts: the configuration's key `alerting`, in Alertmanager's words.
public struct AlertingConfiguration: Sendable {
    /// Where alerts go, as a tree.
    public struct Route: Sendable {
        /// Which alerts it takes.
        public var matchers: [LabelMatcher] = []
        /// The receiver's name.
        public var receiver: String
        /// Labels by which alerts are put into one notification; nil for all labels (`['...']`).
        public var groupBy: [String]?
        /// How long a new group waits for more alerts, milliseconds.
        public var groupWait: Int64 = 30_000
        /// How long a group waits before it tells of changes, milliseconds.
        public var groupInterval: Int64 = 300_000
        /// How long a group waits before it repeats itself, milliseconds.
        public var repeatInterval: Int64 = 14_400_000
        /// Whether later siblings are tried as well.
        public var continues = false
        /// More special routes.
        public var routes: [Route] = []
        /// What identifies it in group keys.
        public var key = "{}"
    }

    /// Somebody who is told.
    public struct Receiver: Sendable {
        /// The name.
        public var name: String
        /// Where webhooks go.
        public var webhooks: [Webhook]
    }

    /// A place that takes Alertmanager's webhooks.
    public struct Webhook: Sendable {
        /// The address.
        public var url: String
        /// Whether it is told of alerts that are over.
        public var sendsResolved: Bool
        /// At most so many alerts in one notification; 0 for no limit.
        public var alertLimit: Int
        /// The token for `Authorization: Bearer`.
        public var bearerToken: String?
    }

    /// Alerts that silence others.
    public struct Inhibition: Sendable {
        /// The alerts that silence.
        public var source: [LabelMatcher]
        /// The alerts that are silenced.
        public var target: [LabelMatcher]
        /// Labels on which both must agree.
        public var equal: [String]
    }

    /// The tree's root, which takes every alert.
    public var route: Route
    /// Everybody who is told.
    public var receivers: [Receiver]
    /// Which alerts silence others.
    public var inhibitions: [Inhibition]

    /// The receiver of that name.
    func receiver(_ name: String) -> Receiver? { receivers.first { $0.name == name } }

    /// Reads the configuration's key `alerting`. Throws ``YAMLProblem``.
    public init(_ value: YAMLValue) throws {
        var mapping = try value.mapping()
        receivers = try mapping.take("receivers")?.list().map(Self.receiver) ?? []
        let routeValue = try mapping.require("route")
        route = try Self.route(routeValue, parent: nil, depth: 0)
        inhibitions = try mapping.take("inhibit_rules")?.list().map(Self.inhibition) ?? []
        try mapping.finish()
        if !route.matchers.isEmpty { throw routeValue.problem("The first route takes every alert; it must not have matchers.") }
        let names = receivers.map(\.name)
        if Set(names).count != names.count { throw value.problem("Two receivers have the same name.") }
        try Self.check(route, names: Set(names), routeValue)
    }

    private static func check(_ route: Route, names: Set<String>, _ value: YAMLValue) throws {
        if !names.contains(route.receiver) { throw value.problem("There is no receiver named '\(route.receiver)'.") }
        for child in route.routes { try check(child, names: names, value) }
    }

    /// How deep routes may be nested.
    static let routeDepthLimit = 16

    private static func route(_ value: YAMLValue, parent: Route?, depth: Int) throws -> Route {
        if depth > routeDepthLimit { throw value.problem("Routes are nested more than \(routeDepthLimit) deep.") }
        var mapping = try value.mapping()
        var route = parent ?? Route(receiver: "")
        route.routes = []
        route.continues = false
        if let name = try mapping.take("receiver")?.string() { route.receiver = name }
        if route.receiver.isEmpty { throw value.problem("The first route needs a receiver.") }
        route.matchers = try matchers(&mapping, "matchers", "match", "match_re", value)
        if let labels = try mapping.take("group_by")?.list().map({ try $0.string() }) {
            route.groupBy = labels == ["..."] ? nil : labels
        } else if parent == nil {
            route.groupBy = []
        }
        route.groupWait = try mapping.take("group_wait")?.duration() ?? route.groupWait
        route.groupInterval = try mapping.take("group_interval")?.duration() ?? route.groupInterval
        route.repeatInterval = try mapping.take("repeat_interval")?.duration() ?? route.repeatInterval
        route.continues = try mapping.take("continue")?.boolean() ?? false
        let own = route.matchers.map { "\($0.name)\($0.operation.rawValue)\"\($0.value)\"" }.joined(separator: ",")
        route.key = parent.map { "\($0.key)/{\(own)}" } ?? "{}"
        let inherited = route
        route.routes = try mapping.take("routes")?.list().map { try Self.route($0, parent: inherited, depth: depth + 1) } ?? []
        try mapping.finish()
        return route
    }

    private static func receiver(_ value: YAMLValue) throws -> Receiver {
        var mapping = try value.mapping()
        let name = try mapping.require("name").string()
        let webhooks = try mapping.take("webhook_configs")?.list().map(webhook) ?? []
        try mapping.finish()
        return Receiver(name: name, webhooks: webhooks)
    }

    private static func webhook(_ value: YAMLValue) throws -> Webhook {
        var mapping = try value.mapping()
        let url = try mapping.require("url").string()
        if !url.hasPrefix("http://"), !url.hasPrefix("https://") { throw value.problem("'\(url)' is no http or https address.") }
        let sendsResolved = try mapping.take("send_resolved")?.boolean() ?? true
        let limit = try mapping.take("max_alerts")?.integer(in: 0...Int.max) ?? 0
        var token: String?
        if var http = try mapping.take("http_config")?.mapping() {
            if var authorization = try http.take("authorization")?.mapping() {
                let type = try authorization.take("type")?.string() ?? "Bearer"
                if type != "Bearer" { throw value.problem("Only the authorization type 'Bearer' is supported.") }
                token = try authorization.require("credentials").string()
                try authorization.finish()
            }
            try http.finish()
        }
        try mapping.finish()
        return Webhook(url: url, sendsResolved: sendsResolved, alertLimit: limit, bearerToken: token)
    }

    private static func inhibition(_ value: YAMLValue) throws -> Inhibition {
        var mapping = try value.mapping()
        let source = try matchers(&mapping, "source_matchers", "source_match", "source_match_re", value)
        let target = try matchers(&mapping, "target_matchers", "target_match", "target_match_re", value)
        let equal = try mapping.take("equal")?.list().map { try $0.string() } ?? []
        try mapping.finish()
        return Inhibition(source: source, target: target, equal: equal)
    }

    private static func matchers(
        _ mapping: inout YAMLMapping, _ key: String, _ equalKey: String, _ regexKey: String, _ value: YAMLValue
    ) throws -> [LabelMatcher] {
        var matchers: [LabelMatcher] = []
        do {
            for text in try mapping.take(key)?.list() ?? [] { matchers.append(try MatcherText.parse(try text.string())) }
            for (name, text) in try mapping.take(equalKey)?.strings().sorted(by: { $0.key < $1.key }) ?? [] {
                matchers.append(try LabelMatcher(name, .equal, text))
            }
            for (name, text) in try mapping.take(regexKey)?.strings().sorted(by: { $0.key < $1.key }) ?? [] {
                matchers.append(try LabelMatcher(name, .matches, text))
            }
        } catch let error as LabelPatternError {
            throw value.problem(error.description)
        }
        return matchers
    }
}
