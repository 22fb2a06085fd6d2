import CollectorKit
import Platform
import TelemetryModel
import Testing

@testable import HostCollector

@Suite struct HostCollectorTests {
    private func probe(_ change: @escaping @Sendable (String, [UInt8]) -> [UInt8]? = { $1 }) -> HostProbe {
        CapturedHost.probe(change)
    }

    @Test("values are those that the captured files show")
    func spotChecks() throws {
        let groups = try HostCollector.collect(probe())
        #expect(value(groups, "system.cpu.time", ["cpu.logical_number": "1", "cpu.mode": "user"]) == .double(480.67))
        #expect(value(groups, "system.cpu.time", ["cpu.logical_number": "0", "cpu.mode": "iowait"]) == .double(5.47))
        #expect(value(groups, "system.cpu.load_average.5m") == .double(1.13))
        #expect(value(groups, "system.uptime") == .double(2450.34))
        #expect(count(groups, "system.memory.limit") == 24_684_096 * 1024)
        #expect(count(groups, "system.memory.usage", ["system.memory.state": "cached"]) == (1_367_068 + 625_024) * 1024)
        #expect(count(groups, "system.disk.io", ["system.device": "vda", "disk.io.direction": "write"]) == 32_173_776 * 512)
        #expect(value(groups, "system.disk.io_time", ["system.device": "vda"]) == .double(44.324))
        #expect(count(groups, "system.disk.pending_operations", ["system.device": "vda"]) == 0)
        #expect(
            count(groups, "system.network.io", ["network.interface.name": "eth0", "network.io.direction": "transmit"]) == 570_519)
        #expect(value(groups, "system.psi.time", ["system.psi.resource": "cpu", "system.psi.kind": "some"]) == .double(172.736106))
        #expect(count(groups, "system.paging.faults", ["system.paging.fault.type": "minor"]) == 31_746_039 - 20_615)
        #expect(count(groups, "system.process.count") == 61)
    }

    @Test("the states of memory and of a file system add up to their limits")
    func sums() throws {
        let groups = try HostCollector.collect(probe())
        for (usage, limit) in [
            ("system.memory.usage", "system.memory.limit"), ("system.filesystem.usage", "system.filesystem.limit"),
        ] {
            let points = groups.flatMap(\.metrics).first { $0.name == usage }?.points ?? []
            let sum = points.reduce(0) { sum, point in
                if case .int(let value) = point.value { sum + Int(value) } else { sum }
            }
            #expect(points.count >= 3)
            #expect(sum == count(groups, limit))
        }
    }

    @Test("only file systems that hold data on this host are listed, each once, with their names unescaped")
    func mounts() {
        let text = """
            22 27 0:21 / /proc rw,relatime - proc proc rw
            27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
            28 27 254:0 /srv /bound rw,relatime shared:1 master:2 - ext4 /dev/vda rw
            29 27 8:1 / /media/My\\040Disk ro,relatime - xfs /dev/sda1 ro
            30 27 0:50 / /var/lib/docker/overlay2/x rw - overlay overlay rw
            31 27 0:51 / /mnt/far rw - nfs4 server:/ rw
            32 27 0:52 / /broken rw - ext4
            """
        let mounts = MountTable(parsing: Array(text.utf8)).mounts
        #expect(mounts.map(\.mountPoint) == ["/", "/media/My Disk"])
        #expect(mounts.map(\.isReadOnly) == [false, true])
        #expect(mounts.map(\.type) == ["ext4", "xfs"])
    }

    @Test(
        "partitions and memory disks are left out, disks are not",
        arguments: [
            ("sda", false), ("sda1", true), ("vdb", false), ("xvda2", true), ("nvme0n1", false), ("nvme0n1p3", true),
            ("mmcblk0", false), ("mmcblk0p1", true), ("loop7", true), ("zram0", true), ("ram1", true), ("dm-0", false),
            ("md127", false),
            ("sr0", false),
        ])
    func disks(name: String, isLeftOut: Bool) { #expect(DiskCounters.isLeftOut(name) == isLeftOut) }

    @Test("a kernel without pressure files is no error, a host without /proc has nothing")
    func absentFiles() throws {
        let groups = try HostCollector.collect(probe { $0.hasPrefix("pressure/") ? nil : $1 })
        #expect(value(groups, "system.psi.time") == nil)
        #expect(value(groups, "system.uptime") != nil)
        #expect(try HostCollector.collect(probe { _, _ in nil }).isEmpty)
    }

    @Test("a /proc/stat without CPUs is refused with a sentence")
    func noCPUs() {
        #expect(throws: CollectorError.malformed(source: "/proc/stat", reason: "it has no line for a CPU")) {
            try HostCollector.collect(probe { $0 == "stat" ? Array("intr 5\n".utf8) : $1 })
        }
    }

    @Test("damaged files are read without harm")
    func mutations() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var mutator = Mutator(seed: seed)
        var good = 0
        for _ in 0..<300 {
            let number = mutator.mutate(Array("12345".utf8)).reduce(UInt64(seed)) { $0 &* 31 &+ UInt64($1) }
            let damaged = probe { _, bytes in
                var inner = Mutator(seed: number)
                return inner.mutate(bytes)
            }
            if let groups = try? HostCollector.collect(damaged) {
                good += 1
                #expect(OTLPMetricsEncoder.encode(groups, at: 1).count < 1 << 20, "seed \(seed)")
            }
        }
        #expect(good > 0, "seed \(seed)")
    }

    @Test("the machine of this test has CPUs, memory and a root file system", .enabled(if: HostProbe.live.read("stat") != nil))
    func live() async throws {
        let groups = try await HostCollector().collect(at: 1)
        #expect((count(groups, "system.cpu.logical.count") ?? 0) >= 1)
        #expect((count(groups, "system.memory.limit") ?? 0) > 1 << 20)
        #expect((count(groups, "system.process.count") ?? 0) >= 1)
        if case .double(let seconds)? = value(groups, "system.uptime") { #expect(seconds > 0) } else { Issue.record("no uptime") }
    }
}
