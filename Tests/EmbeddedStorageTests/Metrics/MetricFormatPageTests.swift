import ByteCoding
import Foundation
import TestSupport
import Testing

@testable import EmbeddedStorage

@Suite("Format pages of metrics and of the folder")
struct MetricFormatPageTests {
    private func page(_ name: String) throws -> String {
        try String(contentsOf: SharedData.projectFolder.appendingPathComponent("Schemas/format/\(name).md"), encoding: .utf8)
    }

    private func hex(_ number: some BinaryInteger) -> String { "0x" + String(number, radix: 16, uppercase: true) }

    @Test("the page of blocks gives the constants of the code")
    func block() throws {
        let page = try page("metric-block")
        #expect(page.contains("Version \(MetricBlockFormat.version)."))
        #expect(page.contains("`HRMM` (\(hex(MetricBlockFormat.metaMagic)))"))
        for (file, name, magic) in [
            (MetricBlockFormat.indexName, "HRMI", MetricBlockFormat.indexMagic),
            (MetricBlockFormat.valuesName, "HRMC", MetricBlockFormat.valuesMagic),
            (MetricBlockFormat.timesName, "HRMT", MetricBlockFormat.timesMagic),
        ] {
            #expect(page.contains("`\(file)` with `\(name)` (\(hex(magic)))"))
        }
        #expect(page.contains("(\(MetricBlockFormat.headerByteCount) bytes)"))
        #expect(page.contains("at most \(MetricBlockFormat.chunkSampleLimit) samples"))
        #expect(page.contains("replaced blocks, at most \(MetricBlockFormat.replacedLimit) |"))
        #expect(page.contains("groups of \(PackedIntegers.groupCount)."))
        #expect(page.contains("each run of \(MetricBlockFormat.checkedByteCount) bytes"))
        #expect(page.contains("at most \(MetricBlockFormat.seriesPerPage) series"))
        #expect(page.contains("\(MetricBlockFormat.symbolsPerPage) symbols"))
        #expect(page.contains("\(MetricBlockFormat.timesPerPage) columns"))
        #expect(page.contains("plus \(ValueColumn.sparseFlag) "))
        #expect(page.contains("(\(hex(PackedIntegers.repeatFlag)))"))
        #expect(page.contains("\(ValueScale.bitsCode) for bit patterns"))
        for pattern in ValueIntegers.knownPatterns { #expect(page.contains(hex(pattern))) }
        for (order, name) in [
            (ValueColumn.Order.constant, "constant"), (.plain, "plain"), (.delta, "delta"), (.deltaOfDelta, "delta of delta"),
        ] {
            #expect(page.contains("| \(order.rawValue) \(name) |"))
        }
    }

    @Test("the page of the log gives the constants of the code")
    func log() throws {
        let page = try page("metric-log")
        #expect(page.contains("type \(MetricLogFormat.recordType), version \(MetricLogFormat.version)."))
        #expect(
            page.contains(
                "series number × \(1 << MetricLogFormat.flagBitCount), plus \(MetricLogFormat.definitionFlag) when labels follow, plus \(MetricLogFormat.deltaFlag)"
            ))
        #expect(page.contains("| \(MetricLogFormat.same) | nothing"))
        #expect(
            page.contains("| \(MetricLogFormat.decimalControls.lowerBound)–\(MetricLogFormat.decimalControls.upperBound) | signed"))
        #expect(page.contains("| \(MetricLogFormat.xorControl)–\(MetricLogFormat.xorControl + 63) | XOR"))
        #expect(Decimal.powers.prefix(MetricLogFormat.scaleCount) == [1, 10, 100, 1_000])
    }

    @Test("the page of deletions gives the constants of the code")
    func deletions() throws {
        let page = try page("metric-deletions")
        #expect(page.contains("The file `metrics/\(MetricDeletionFile.name)`"))
        #expect(page.contains("Version \(MetricDeletionFile.version)."))
        #expect(page.contains("`HRMD` (\(hex(MetricDeletionFile.magic)))"))
        #expect(page.contains("At most \(MetricDeletionFile.countLimit) orders, at most \(MetricDeletionFile.fileByteLimit) bytes"))
        #expect(page.contains("at most \(MetricDeletionFile.deletionByteLimit) |"))
        #expect(page.contains("kept as `\(MetricDeletionFile.damagedName)`"))
    }

    @Test("the page of the folder gives the constants of the code")
    func folder() throws {
        let page = try page("store-directory")
        #expect(page.contains("Format \(StoreDirectory.formatVersion)."))
        #expect(
            page.contains(
                "`\(StoreDirectory.markerName)` | whose folder it is; text of three lines: `\(StoreDirectory.markerTitle)`, `format \(StoreDirectory.formatVersion)`"
            ))
        #expect(page.contains("At most \(StoreDirectory.markerByteLimit) bytes"))
    }
}
