/// What an instance of a service did in a minute is found under this. Texts that the resource does not have are "".
public struct InstanceKey: RollupKey {
    /// Minutes since 1970 of the spans' start.
    public var minute: Int64
    /// `service.name`.
    public var service: String
    /// `service.instance.id`, else `container.id`, else `host.name` and `process.pid` with a colon between them.
    public var instance: String
    /// `service.version`.
    public var version: String
    /// `host.id`.
    public var hostID: String
    /// `host.name`.
    public var hostName: String
    /// `container.id`.
    public var containerID: String

    /// Puts the key together.
    public init(
        minute: Int64, service: String, instance: String, version: String, hostID: String, hostName: String, containerID: String
    ) {
        self.minute = minute
        self.service = service
        self.instance = instance
        self.version = version
        self.hostID = hostID
        self.hostName = hostName
        self.containerID = containerID
    }
}

/// What an instance of a service did.
public struct InstanceRollup: RollupRow {
    /// Spans.
    public var calls: UInt64 = 0
    /// Spans with status error.
    public var errors: UInt64 = 0
    /// The latest start of a span, nanoseconds since 1970.
    public var lastSeen: UInt64 = 0

    /// Nothing done.
    public init() {}

    /// Adds another row.
    public mutating func merge(_ other: InstanceRollup) {
        calls &+= other.calls
        errors &+= other.errors
        lastSeen = max(lastSeen, other.lastSeen)
    }

    /// Takes back what another row counts.
    public mutating func subtract(_ other: InstanceRollup) {
        calls &-= other.calls
        errors &-= other.errors
    }

    /// Whether all sums are zero.
    public var isNothing: Bool { calls | errors == 0 }

    /// The row as readers get it.
    public func settled() -> InstanceRollup? {
        guard calls.leftOver > 0 else { return nil }
        var row = self
        row.errors = errors.leftOver
        return row
    }
}
