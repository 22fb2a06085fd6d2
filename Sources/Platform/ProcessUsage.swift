import Foundation

/// What this process has used of the machine, from `getrusage` and `/proc/self`.
public struct ProcessUsage: Sendable {
    /// CPU time in user and system mode, seconds.
    public var cpuSeconds: Double
    /// Resident memory in bytes.
    public var residentBytes: Int
    /// Open file descriptors.
    public var openFiles: Int

    /// Reads the figures; those that the system does not tell are 0.
    public static func current() -> ProcessUsage {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let files = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
        return ProcessUsage(
            cpuSeconds: seconds(usage.ru_utime) + seconds(usage.ru_stime), residentBytes: residentPages() * Int(getpagesize()),
            openFiles: files)
    }

    /// The second number of `/proc/self/statm`.
    private static func residentPages() -> Int {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
        let fields = text.split(separator: " ")
        return fields.count > 1 ? Int(fields[1]) ?? 0 : 0
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
}
