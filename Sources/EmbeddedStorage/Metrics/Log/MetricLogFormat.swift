/// What a log record of samples consists of, as `Schemas/format/metric-log.md` describes it.
enum MetricLogFormat {
    /// The type of the record in the log.
    static let recordType: UInt8 = 1
    /// The version of the payload that is written.
    static let version: UInt8 = 2
    /// Added to the tag of a run: its values are increments.
    static let deltaFlag: UInt64 = 1
    /// Added to the tag of a run: each row has several samples, whose number follows.
    static let manyFlag: UInt64 = 2
    /// The number of rows is the tag of a run without so many low bits.
    static let runFlagBitCount: UInt64 = 2
    /// Coded values are differences of integers, which are values multiplied by a power of ten; these are the exponents.
    static let exponents: ClosedRange<UInt8> = 0...9
    /// The other way of coding: the XOR with the value before. Low three bits of its control byte count zero bytes at the
    /// low end, the next three those at the high end; the other bytes follow.
    static let xor: UInt8 = 15
    /// Instead of a difference: the way of coding changes, the new one follows.
    static let change: UInt8 = 0
    /// The same instead of the control byte of a XOR.
    static let changeFromXOR: UInt8 = 0x40
    /// The mean of differences is kept multiplied by two to this power, and each difference moves it by as little.
    static let meanBitCount: Int64 = 3
    /// The mean is expected when it was better more often than not: bounds of that count.
    static let trustRange: ClosedRange<Int8> = -4...3
    /// Definitions of fewer bytes are not compressed.
    static let compressionMinimum = 256
    /// The largest definitions that are believed, bytes.
    static let definitionByteLimit = 256 << 20
}
