import CollectorKit
import TelemetryModel

/// Everything that an agent can be told.
public struct AgentConfiguration: Sendable {
    /// What is the same for every collector.
    public struct CollectorSettings: Sendable, Equatable {
        /// Whether it runs.
        public var isEnabled = true
        /// How far its runs are apart, milliseconds.
        public var interval: Int64 = 10_000
        /// What it asks; empty for the usual addresses on this host.
        public var endpoints: [String] = []
    }

    /// How to log in to Redis.
    public struct RedisLogin: Sendable, Equatable {
        /// The user of an access list; empty for the default user.
        public var username = ""
        /// The file whose first line is the password; empty for none.
        public var passwordFile = ""
    }

    /// The server's URL.
    public var server = ""
    /// The folder of the spool.
    public var data = ""
    /// The file with the token that the server asks for; empty for none.
    public var tokenFile = ""
    /// Where local applications send OTLP/HTTP; nil for nowhere.
    public var intake: ServiceAddress?
    /// The least severe level that is logged.
    public var logLevel = "info"
    /// A PEM file with the authorities to trust instead of the system's; empty for the system's.
    public var tlsAuthority = ""
    /// How many bytes the spool may have.
    public var spoolByteLimit = 256 << 20
    /// Attributes of the host beside, or instead of, those that the machine says.
    public var resource: [Attribute] = []
    /// The host itself.
    public var host = CollectorSettings()
    /// nginx.
    public var nginx = CollectorSettings()
    /// Redis.
    public var redis = CollectorSettings()
    /// How to log in to Redis.
    public var redisLogin = RedisLogin()

    /// The defaults.
    public init() {}
}

/// A setting that cannot be used, with where it was made and what to write instead.
public struct AgentConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The sentence.
    public var description: String

    /// Makes an error with a sentence.
    public init(_ description: String) { self.description = description }
}
