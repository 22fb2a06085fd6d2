import TelemetryModel

/// Takes the values of one group at one step, one after the other.
protocol StepAccumulator {
    init()
    mutating func add(_ value: Double)
    /// Whether no value has been added.
    var isEmpty: Bool { get }
    /// The result, once a value has been added.
    var result: Double { get }
}

struct SumAccumulator: StepAccumulator {
    private var sum = CompensatedSum()
    private(set) var isEmpty = true

    mutating func add(_ value: Double) {
        sum.add(value)
        isEmpty = false
    }

    var result: Double { sum.result }
}

struct MeanAccumulator: StepAccumulator {
    private var mean = CompensatedMean()
    mutating func add(_ value: Double) { mean.add(value) }
    var isEmpty: Bool { mean.isEmpty }
    var result: Double { mean.result }
}

struct CountAccumulator: StepAccumulator {
    private var count = 0.0
    mutating func add(_ value: Double) { count += 1 }
    var isEmpty: Bool { count == 0 }
    var result: Double { count }
}

struct GroupAccumulator: StepAccumulator {
    private(set) var isEmpty = true
    mutating func add(_ value: Double) { isEmpty = false }
    var result: Double { 1 }
}

struct MinimumAccumulator: StepAccumulator {
    private var best = Column.absent
    mutating func add(_ value: Double) { if best.isNaN || value < best { best = value } }
    var isEmpty: Bool { Column.isAbsent(best) }
    var result: Double { best }
}

struct MaximumAccumulator: StepAccumulator {
    private var best = Column.absent
    mutating func add(_ value: Double) { if best.isNaN || value > best { best = value } }
    var isEmpty: Bool { Column.isAbsent(best) }
    var result: Double { best }
}

struct VarianceAccumulator: StepAccumulator {
    private var count = 0.0
    private var mean = 0.0
    private var squares = 0.0

    mutating func add(_ value: Double) {
        count += 1
        if count == 1 {
            mean = value
            squares = value.isFinite ? 0 : .nan
            return
        }
        let delta = value - mean
        mean += delta / count
        squares += delta * (value - mean)
    }

    var isEmpty: Bool { count == 0 }
    var result: Double { squares / count }
}

struct DeviationAccumulator: StepAccumulator {
    private var variance = VarianceAccumulator()
    mutating func add(_ value: Double) { variance.add(value) }
    var isEmpty: Bool { variance.isEmpty }
    var result: Double { variance.result.squareRoot() }
}
