import StrictYAML

/// What a service may be asked to do, and when: an entry of the configuration's `scaling.policies`.
public struct ScalingPolicy: Sendable, Equatable {
    /// What the operators want of the service.
    public struct Goals: Sendable, Equatable {
        /// The 95th percentile of its entry operations, seconds; nil when latency is no goal.
        public var p95Seconds: Double?
        /// The share of its hosts' CPU above which it is short of it, 0...1.
        public var cpuUtilization = 0.8
        /// The share of its time above which a statement, or its own work, is what holds it up, 0...1.
        public var causeShare = 0.5
    }

    /// The policy's name.
    public var name: String
    /// The service.
    public var service: String
    /// The least number of instances.
    public var minimum: Int
    /// The largest number of instances.
    public var maximum: Int
    /// What is wanted.
    public var goals = Goals()
    /// Where events go.
    public var webhook: String
    /// The token for `Authorization: Bearer`, if any.
    public var bearerToken: String?
    /// How often it is looked at, milliseconds.
    public var interval: Int64 = 30_000
    /// How far back evidence reaches, milliseconds.
    public var window: Int64 = 300_000
    /// How long the same action is not asked for again, milliseconds.
    public var coolDown: Int64 = 300_000
    /// How many evaluations in a row must agree before an action is asked for.
    public var stabilization = 2

    /// Reads the configuration's key `scaling`. Throws `YAMLProblem`.
    public static func policies(_ value: YAMLValue) throws -> [ScalingPolicy] {
        var mapping = try value.mapping()
        let policies = try mapping.take("policies")?.list().map(policy) ?? []
        try mapping.finish()
        if Set(policies.map(\.name)).count != policies.count { throw value.problem("Two scaling policies have the same name.") }
        return policies
    }

    private static func policy(_ value: YAMLValue) throws -> ScalingPolicy {
        var mapping = try value.mapping()
        var policy = ScalingPolicy(
            name: try mapping.require("name").string(), service: try mapping.require("service").string(),
            minimum: try mapping.take("min")?.integer(in: 0...100_000) ?? 1,
            maximum: try mapping.require("max").integer(in: 1...100_000),
            webhook: "")
        if policy.minimum > policy.maximum { throw value.problem("'min' is above 'max' in the policy '\(policy.name)'.") }
        if let goals = mapping.take("goals") { policy.goals = try self.goals(goals) }
        try readWebhook(try mapping.require("webhook"), &policy)
        policy.interval = try mapping.take("interval")?.duration() ?? policy.interval
        policy.window = try mapping.take("window")?.duration() ?? policy.window
        policy.coolDown = try mapping.take("cool_down")?.duration() ?? policy.coolDown
        policy.stabilization = try mapping.take("stabilization")?.integer(in: 1...100) ?? policy.stabilization
        if policy.interval < 1_000 || policy.window < 60_000 {
            throw value.problem("A policy's interval is at least 1s and its window at least 1m.")
        }
        try mapping.finish()
        return policy
    }

    private static func goals(_ value: YAMLValue) throws -> Goals {
        var mapping = try value.mapping()
        var goals = Goals()
        goals.p95Seconds = try mapping.take("p95").map { Double(try $0.duration()) / 1_000 }
        goals.cpuUtilization = try mapping.take("cpu_utilization").map(share) ?? goals.cpuUtilization
        goals.causeShare = try mapping.take("cause_share").map(share) ?? goals.causeShare
        try mapping.finish()
        return goals
    }

    private static func share(_ value: YAMLValue) throws -> Double {
        let number = try value.number()
        guard number > 0, number <= 1 else { throw value.problem("'\(value.path)' must be above 0 and at most 1.") }
        return number
    }

    /// `webhook: URL`, or a mapping of `url` and `token`.
    private static func readWebhook(_ value: YAMLValue, _ policy: inout ScalingPolicy) throws {
        if var mapping = try? value.mapping() {
            policy.webhook = try mapping.require("url").string()
            policy.bearerToken = try mapping.take("token")?.string()
            try mapping.finish()
        } else {
            policy.webhook = try value.string()
        }
        if !policy.webhook.hasPrefix("http://"), !policy.webhook.hasPrefix("https://") {
            throw value.problem("'\(policy.webhook)' is no http or https address.")
        }
    }
}
