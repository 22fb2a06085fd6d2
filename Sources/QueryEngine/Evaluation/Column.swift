import Storage
import TelemetryModel

/// The times at which an expression is evaluated.
struct StepGrid: Sendable {
    /// The first time, milliseconds since 1970.
    var start: Int64
    /// The distance of the times in milliseconds.
    var step: Int64
    /// How many times there are; at least 1.
    var count: Int

    func time(_ index: Int) -> Int64 { start &+ Int64(index) &* step }

    /// The last time.
    var end: Int64 { time(count - 1) }
}

/// The values of one series at the times of a grid.
struct Column {
    /// The series.
    var labels: Labels
    /// One value for each time, ``absent`` where there is none.
    var values: [Double]

    /// Stands for "no value": the bits of Prometheus's staleness marker, which no calculation yields.
    static let absent = Double(bitPattern: 0x7FF0_0000_0000_0002)

    /// Whether a value stands for "no value".
    @inline(__always)
    static func isAbsent(_ value: Double) -> Bool { value.bitPattern == 0x7FF0_0000_0000_0002 }

    var isEmpty: Bool { values.allSatisfy(Self.isAbsent) }
}

/// What an expression yields on a grid. Range vectors are not among it: they exist only as windows.
enum Value {
    /// One number for each time.
    case scalar([Double])
    case vector([Column])
    case string(String)
}

extension [Column] {
    /// Without columns that have no value, and with columns of equal labels made one.
    ///
    /// Two values of equal labels at one time are an error, as in Prometheus.
    func merged() throws(QueryError) -> [Column] {
        var merged: [Column] = []
        var places: [Labels: Int] = [:]
        for column in self where !column.isEmpty {
            guard let place = places.updateValue(merged.count, forKey: column.labels) else {
                merged.append(column)
                continue
            }
            places[column.labels] = place
            for (step, value) in column.values.enumerated() where !Column.isAbsent(value) {
                guard Column.isAbsent(merged[place].values[step]) else {
                    throw QueryError(.execution, "vector cannot contain metrics with the same labelset")
                }
                merged[place].values[step] = value
            }
        }
        return merged
    }
}
