import EmbeddedStorage
import FaultLoad
import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing
import TraceAnalysis

/// Bytes of the files of spans are changed, cut off, added and swapped; then everything is asked.
@Suite("Damaged files of spans")
struct SpanDamageTests {
    private let folder: DamagedSpans
    private let sums: [String: [OperationKey: OperationRollup]]

    init() throws {
        folder = try DamagedSpans()
        sums = DamagedSpans.sums(RollupBuilder.rollup(SpanBatch(folder.written.values.joined())))
    }

    private var paths: [String] { folder.files.paths.filter { $0.contains("/spans/") && !folder.files[$0].isEmpty } }

    @Test("damage costs spans of the damaged file at most, changes none, and is named")
    func mutations() throws {
        #expect(Set(paths.compactMap { folder.part(of: $0) }) == Set(DamagedSpans.parts))
        var count = 0
        for seed in FaultScale.seeds(2) {
            for path in paths {
                var random = SeededRandom(seed: seed &* 1_000 &+ UInt64(count))
                let bytes = StoreFiles.mutated(folder.files[path], &random)
                try check([path: bytes], "seed \(seed), \(path)")
                count += 1
            }
        }
        print("damaged files | spans | \(count) mutations of \(paths.count) files")
    }

    @Test("a byte flipped anywhere, and a file cut anywhere, costs spans of that file at most")
    func everywhere() throws {
        var count = 0
        for path in paths {
            let whole = folder.files[path]
            let step = max(1, whole.count / (2 * FaultScale.factor))
            for place in Array(stride(from: Int(FaultScale.firstSeed) % step, to: whole.count, by: step)) + [whole.count - 1] {
                var flipped = whole
                flipped[place] ^= 1 << UInt8(place % 8)
                try check([path: flipped], "byte \(place) of \(whole.count) of \(path) flipped")
                try check([path: Array(whole[..<place])], "\(path) cut to \(place) of \(whole.count) bytes")
                count += 2
            }
            try check([path: whole + [0]], "\(path), a byte longer")
            try check([path: whole + whole], "\(path), twice as long")
            count += 2
        }
        print("damaged files | spans | \(count) flips and cuts of \(paths.count) files")
    }

    @Test("files of one block or segment in the place of another's are never taken for theirs")
    func swaps() throws {
        let groups = [
            paths.filter { $0.hasSuffix("/data") }, paths.filter { $0.hasSuffix("/meta") }, paths.filter { $0.hasSuffix(".log") },
        ]
        for group in groups {
            let (first, second) = (group[0], group[1])
            let (a, b) = (folder.files[first], folder.files[second])
            try check([first: b, second: a], "\(first) and \(second) swapped")
            try check([first: b], "\(second) in the place of \(first)")
            try check([second: a], "\(first) in the place of \(second)")
        }
        // Whole blocks under each other's number, and one block under two.
        let blocks = [groups[0][0], groups[1][0], groups[0][1], groups[1][1]]
        let files = blocks.map { folder.files[$0] }
        try check([blocks[0]: files[2], blocks[1]: files[3], blocks[2]: files[0], blocks[3]: files[1]], "blocks swapped")
        try check([blocks[0]: files[2], blocks[1]: files[3]], "one block twice")
    }

    // MARK: - Checks

    private func check(_ changes: [String: [UInt8]?], _ place: String) throws {
        let system = try folder.files.system(changes)
        let report = try StoreVerifier.verify(directory: "/store", fileSystem: system)
        var store = try DamagedSpans.open(system)
        let damaged = Set(changes.keys.compactMap { folder.part(of: $0) })
        let isNamed = { !report.isSound && !store.status().damages.isEmpty }
        let first = try compare(store, damaged, place)
        // Of a log that ends where a record does nobody knows that there was more; nor of a file that is gone.
        let mayBeSilent = changes.allSatisfy { path, bytes in
            bytes.map { path.hasSuffix(".log") && folder.files[path].starts(with: $0) } ?? true
        }
        if first != folder.written, !mayBeSilent { #expect(isNamed(), "\(place): nothing is said of the damage; \(report.items)") }
        try write(store, place)
        try DamagedSpans.patiently { try store.compact() }
        let compacted = try compare(store, damaged, "\(place), compacted")
        #expect(DamagedSpans.parts.allSatisfy { compacted[$0] == first[$0] }, "\(place): merging lost more")
        system.endProcess()
        store = try DamagedSpans.open(system)
        #expect(try DamagedSpans.spans(store) == compacted, "\(place): opened again")
        #expect(try SpanLoad.contradictions(in: store, isCompacted: false).isEmpty, "\(place)")
    }

    /// What is there must have been written so, and all of it must be there where nothing is damaged.
    private func compare(_ store: EmbeddedStore, _ damaged: Set<String>, _ place: String) throws -> [String: [Span]] {
        let table = try DamagedSpans.patiently { try store.rollups(minutes: 0...OperationName.lastMinute) }
        let found = try DamagedSpans.spans(store)
        let sums = DamagedSpans.sums(table)
        for part in DamagedSpans.parts {
            let (spans, whole) = (found[part] ?? [], folder.written[part] ?? [])
            if damaged.contains(part) {
                #expect(SpanLoad.strangers(spans, known: whole).isEmpty, "\(place): \(part)")
            } else {
                #expect(spans == whole, "\(place): \(part): \(SpanLoad.difference(spans, whole))")
                #expect(sums[part] == self.sums[part], "\(place): sums of \(part)")
            }
        }
        for (id, trace) in Dictionary(grouping: found.values.joined(), by: \.traceID) {
            let byID = try DamagedSpans.patiently { try store.traces([id])[0].spans }
            #expect(DamagedSpans.sorted(byID) == DamagedSpans.sorted(trace), "\(place): trace \(id)")
        }
        let ids = Set(found.values.joined().map(\.traceID))
        #expect(try Set(DamagedSpans.patiently { try store.search(TraceQuery(limit: .max)) }) == ids, "\(place)")
        return found
    }

    private func write(_ store: EmbeddedStore, _ place: String) throws {
        var generator = RandomSpans(seed: 99)
        let spans = generator.trace(spanCount: 3).map { DamagedSpans.renamed($0, "later") }
        #expect(try DamagedSpans.patiently { try store.write(SpanBatch(spans)) }.stored == 3, "\(place)")
        #expect(try DamagedSpans.spans(store)["later"] == DamagedSpans.sorted(spans), "\(place)")
    }
}
