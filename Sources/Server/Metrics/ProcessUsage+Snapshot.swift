import Platform

extension ProcessUsage {
    /// Writes them under the names that Prometheus's clients use.
    func write(to snapshot: inout MetricSnapshot) {
        snapshot.family("process_cpu_seconds_total", .counter, "CPU time in user and system mode, in seconds.")
        snapshot.sample([], cpuSeconds)
        snapshot.family("process_resident_memory_bytes", .gauge, "Resident memory in bytes.")
        snapshot.sample([], Double(residentBytes))
        snapshot.family("process_open_fds", .gauge, "Open file descriptors.")
        snapshot.sample([], Double(openFiles))
    }
}
