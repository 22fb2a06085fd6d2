import ByteCoding
import Foundation
import Platform
import TestSupport
import Testing

@testable import EmbeddedStorage

@Suite("How far retention has gone, with MetricHorizonsGolden")
struct MetricHorizonsTests {
    private let horizons = MetricHorizons(samples: 1_763_683_200_000, fiveMinutes: 1_763_679_600_000)

    @Test("the file has the bytes it has always had, and reads back as what was written")
    func golden() throws {
        let bytes = MetricHorizonsFile.encode(horizons)
        #expect(try Golden.difference(bytes, from: "Tests/EmbeddedStorageTests/Golden/metric-horizons") == nil)
        #expect(try MetricHorizonsFile.decode(bytes) == horizons)
    }

    @Test("a mutated file is damaged")
    func mutations() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        let bytes = MetricHorizonsFile.encode(horizons)
        for _ in 0..<2_000 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                damaged[Int.random(in: 0..<damaged.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
            }
            if Int.random(in: 0..<4, using: &random) == 0 { damaged.removeLast(Int.random(in: 1...damaged.count, using: &random)) }
            if damaged == bytes { continue }
            #expect(throws: ByteCodingError.self, "seed \(seed)") { try MetricHorizonsFile.decode(damaged) }
        }
    }

    @Test("horizons stand on whole hours and only rise")
    func rising() {
        var horizons = MetricHorizons()
        horizons.passSamples(3_600_001)
        #expect(horizons.samples == 7_200_000)
        horizons.passSamples(5)
        #expect(horizons.samples == 7_200_000 && horizons.fiveMinutes == .min)
    }

    @Test("a store whose file is damaged says so, keeps it aside and answers as if what is before its blocks were gone")
    func damaged() throws {
        let pair = try DownsampledPair(seed: 8)
        for _ in 0..<40 {
            try pair.advance(minutes: 30)
            for _ in 0..<3 { try pair.thinned.maintain() }
        }
        try pair.system.files.corrupt("/thin/metrics/horizons") { $0[10] ^= 1 }
        try pair.reopen()
        #expect(pair.thinned.status().damages.count == 1)
        #expect(try pair.system.list("/thin/metrics").contains(MetricHorizonsFile.damagedName))
        let hour = DownsampledPair.hour
        let answer = try pair.ask(
            "count_over_time(load[1h])", start: DownsampledPair.start, end: pair.now / hour * hour, step: hour)
        #expect(DownsampledPair.difference(answer.thinned, answer.whole, isSum: false) == nil)
        try pair.reopen()
        #expect(pair.thinned.status().damages.isEmpty)
    }

    @Test("the page gives the constants of the code")
    func page() throws {
        let page = try String(
            contentsOf: SharedData.projectFolder.appendingPathComponent("Schemas/format/metric-horizons.md"), encoding: .utf8)
        #expect(page.contains("The file `metrics/\(MetricHorizonsFile.name)`"))
        #expect(page.contains("Version \(MetricHorizonsFile.version)."))
        #expect(page.contains("`HRMZ` (0x\(String(MetricHorizonsFile.magic, radix: 16, uppercase: true)))"))
        #expect(page.contains("\(MetricHorizonsFile.byteCount) bytes"))
        for resolution in MetricResolution.allCases { #expect(page.contains("\(resolution.milliseconds)")) }
        #expect(page.contains(Aggregate.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")))
    }
}
