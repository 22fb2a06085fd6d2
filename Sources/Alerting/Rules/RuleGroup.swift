/// Rules that are evaluated one after the other, at the same moment.
public struct RuleGroup: Sendable, Equatable {
    /// The name, unique in its file.
    public var name: String
    /// The file it came from, as the user named it.
    public var file: String
    /// How often it is evaluated, milliseconds; nil for the server's default.
    public var interval: Int64?
    /// How far in the past it is evaluated, milliseconds.
    public var queryOffset: Int64
    /// How many series or alerts a rule may give; 0 for no limit.
    public var limit: Int
    /// The rules in order.
    public var rules: [Rule]
}

/// One rule of a group.
public struct Rule: Sendable, Equatable {
    /// What a rule is for.
    public enum Kind: Sendable, Equatable {
        /// Stores the result under a name.
        case recording
        /// Raises an alert for each series of the result.
        case alerting(AlertingDetails)
    }

    /// What only alerting rules have.
    public struct AlertingDetails: Sendable, Equatable {
        /// How long the condition must hold before the alert fires, milliseconds.
        public var holdDuration: Int64
        /// How long the alert goes on firing after the condition has ceased, milliseconds.
        public var keepFiringFor: Int64
        /// Texts for people, as templates.
        public var annotations: [String: AlertTemplate]
    }

    /// The metric's or the alert's name.
    public var name: String
    /// The PromQL expression.
    public var expression: String
    /// Labels to add, as templates; recording rules use their text as it is.
    public var labels: [String: AlertTemplate]
    /// What it is for.
    public var kind: Kind
    /// The line of the file where it begins.
    public var line: Int
}
