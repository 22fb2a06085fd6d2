import CollectorKit
import TelemetryModel

/// `/proc/diskstats`: one line a block device (Documentation/admin-guide/iostats.rst of the kernel).
struct DiskCounters: Equatable {
    /// How many devices are reported.
    static let deviceLimit = 512
    /// The kernel counts sectors of this size whatever the device has.
    static let sectorByteCount: UInt64 = 512

    struct Device: Equatable {
        var name: String
        /// Reads, reads merged, sectors read, milliseconds reading; the same four for writing; operations in flight,
        /// milliseconds busy, milliseconds weighted by the operations in flight.
        var columns: [UInt64]
    }

    var devices: [Device] = []

    init(parsing bytes: [UInt8]) {
        for line in TextFields.lines(bytes) {
            let fields = TextFields.fields(line, limit: 14)
            guard fields.count == 14 else { continue }
            let columns = fields.dropFirst(3).compactMap(\.unsigned)
            let name = fields[2].text
            guard columns.count == 11, !Self.isLeftOut(name), devices.count < Self.deviceLimit else { continue }
            devices.append(Device(name: name, columns: columns))
        }
    }

    /// Memory disks, loop devices, and partitions: what they do is counted by the disk that they are on.
    static func isLeftOut(_ name: String) -> Bool {
        if ["loop", "ram", "zram", "fd"].contains(where: { name.hasPrefix($0) && endsInDigit(name.dropFirst($0.count)) }) {
            return true
        }
        if ["sd", "hd", "vd", "xvd"].contains(where: name.hasPrefix) { return endsInDigit(name[...]) }
        if ["nvme", "mmcblk"].contains(where: name.hasPrefix) {
            guard let p = name.lastIndex(of: "p") else { return false }
            return endsInDigit(name[name.index(after: p)...])
        }
        return false
    }

    private static func endsInDigit(_ text: Substring) -> Bool { text.last?.isASCII == true && text.last?.isNumber == true }

    func metrics(since boot: UInt64) -> [CollectedMetric] {
        func directed(_ read: Int, _ write: Int, _ value: (UInt64) -> MetricValue) -> [MetricPoint] {
            devices.flatMap { device in
                [("read", read), ("write", write)].map { direction, column in
                    MetricPoint(
                        value(device.columns[column]),
                        [Attribute("system.device", device.name), Attribute("disk.io.direction", direction)], since: boot)
                }
            }
        }
        func single(_ column: Int, since start: UInt64, _ value: (UInt64) -> MetricValue) -> [MetricPoint] {
            devices.map { MetricPoint(value($0.columns[column]), [Attribute("system.device", $0.name)], since: start) }
        }
        let count = { (value: UInt64) in MetricValue(clamping: value) }
        let seconds = { (milliseconds: UInt64) in MetricValue.double(Double(milliseconds) / 1000) }
        return [
            CollectedMetric(
                "system.disk.io", unit: "By", .counter, "Bytes read from and written to the disk.",
                points: directed(2, 6) { MetricValue(clamping: $0.clampedMultiplying(Self.sectorByteCount)) }),
            CollectedMetric(
                "system.disk.operations", unit: "{operation}", .counter, "Reads and writes that the disk completed.",
                points: directed(0, 4, count)),
            CollectedMetric(
                "system.disk.merged", unit: "{operation}", .counter, "Reads and writes that were merged with a neighbour.",
                points: directed(1, 5, count)),
            CollectedMetric(
                "system.disk.operation_time", unit: "s", .counter, "The times of all reads and writes, added.",
                points: directed(3, 7, seconds)),
            CollectedMetric(
                "system.disk.io_time", unit: "s", .counter, "How long the disk had anything to do.",
                points: single(9, since: boot, seconds)),
            CollectedMetric(
                "system.disk.pending_operations", unit: "{operation}", .upDownCounter, "Operations that the disk works on.",
                points: single(8, since: 0, count)),
        ]
    }
}
