/// What a service should do, why, and why not something else.
public struct ScalingDecision: Codable, Sendable, Equatable {
    /// What can be asked for.
    public enum Verdict: String, Codable, Sendable, CaseIterable {
        /// More instances.
        case scaleOut = "scale_out"
        /// Fewer requests at once, because more of them would only queue up at the database.
        case throttle
        /// Nothing.
        case hold
    }

    /// One reason, the strongest first.
    public struct Reason: Codable, Sendable, Equatable {
        /// What kind of thing it is: `cpu`, `statement`, `latency`, `downstream`, `rate`, `missing`.
        public var kind: String
        /// What was seen, as a sentence.
        public var text: String
        /// The value.
        public var value: Double?
        /// The value it is compared with: the goal, or the window before.
        public var baseline: Double?
        /// How strongly it speaks, 0...1.
        public var weight: Double
        /// The statement, if it is about one.
        public var fingerprint: String?
        /// The host, if it is about one.
        public var host: String?
        /// Traces that show it.
        public var traceIDs: [String]
    }

    /// Something that was not chosen.
    public struct Rejection: Codable, Sendable, Equatable {
        /// What was not chosen.
        public var verdict: Verdict
        /// Why, as a sentence.
        public var reason: String
    }

    /// What should be done.
    public var verdict: Verdict
    /// How sure that is, 0...1.
    public var confidence: Double
    /// How the verdict follows from the inputs.
    public var formula: String
    /// The numbers that went into the formula.
    public var inputs: [String: Double]
    /// The reasons, the strongest first.
    public var evidence: [Reason]
    /// What was not chosen, and why.
    public var rejected: [Rejection]
    /// Instances now.
    public var currentInstances: Int
    /// Instances wanted, within the policy's bounds.
    public var desiredInstances: Int
}
