/// When everything happens in the tests of faults.
public enum FaultClock {
    /// The first moment, milliseconds: 2023-11-14.
    public static let start: Int64 = 1_700_000_000_000
    /// How far apart the actions of steady writing are, milliseconds.
    public static let steadyStep: Int64 = 60_000
    /// The clock of the store, unless the test moves it, nanoseconds.
    public static let now = UInt64(start + 100_000_000) * 1_000_000
}
