import ByteCoding
import Foundation
import TelemetryModel
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
                "number of rows × \(1 << MetricLogFormat.runFlagBitCount), plus \(MetricLogFormat.deltaFlag) when the values are increments, plus \(MetricLogFormat.manyFlag)"
            ))
        #expect(
            page.contains(
                "that the series has: \(MetricLogFormat.exponents.lowerBound)–\(MetricLogFormat.exponents.upperBound) for"))
        #expect(page.contains("power of ten; \(MetricLogFormat.xor) for XOR"))
        #expect(
            page.contains("The byte \(MetricLogFormat.change) in place of the varint")
                && page.contains("The byte \(MetricLogFormat.changeFromXOR) in its place"))
        #expect(page.contains("at most \(MetricLogFormat.definitionByteLimit) bytes"))
        #expect(page.contains("m / \(1 << MetricLogFormat.meanBitCount)"))
        #expect(page.contains("to at most \(MetricLogFormat.trustRange.upperBound), if"))
        #expect(page.contains("to at least −\(-MetricLogFormat.trustRange.lowerBound);"))
        #expect(Decimal.powers.count > Int(MetricLogFormat.exponents.upperBound))
    }

    @Test("the page of the log gives the constants of version 1")
    func oldLog() throws {
        let page = try page("metric-log")
        #expect(
            page.contains(
                "series number × \(1 << MetricLogFormat1.flagBitCount), plus \(MetricLogFormat1.definitionFlag) when labels follow, plus \(MetricLogFormat1.deltaFlag)"
            ))
        #expect(page.contains("| \(MetricLogFormat1.same) | nothing"))
        #expect(
            page.contains(
                "| \(MetricLogFormat1.decimalControls.lowerBound)–\(MetricLogFormat1.decimalControls.upperBound) | signed"))
        #expect(page.contains("| \(MetricLogFormat1.xorControl)–\(MetricLogFormat1.xorControl + 63) | XOR"))
    }

    @Test("the pages of exemplars and metadata give the constants of the code")
    func sides() throws {
        let exemplars = try page("exemplar-log")
        let options = ExemplarStoreOptions()
        #expect(exemplars.contains("type \(ExemplarLogFormat.recordType), version \(ExemplarLogFormat.version)."))
        #expect(
            exemplars.contains("number × \(1 << ExemplarLogFormat.flagBitCount), plus \(ExemplarLogFormat.definitionFlag) when"))
        #expect(exemplars.contains("ended at \(options.byteLimit / ExemplarStoreOptions.segmentCount) bytes"))
        #expect(exemplars.contains("more than \(options.byteLimit) bytes"))
        #expect(exemplars.contains("the newest \(options.seriesExemplarLimit) exemplars"))
        #expect(exemplars.contains("hardly more than \(ExemplarStoreOptions.recordByteLimit) bytes"))
        let metadata = try page("metadata-log")
        let limits = MetadataStoreOptions()
        #expect(metadata.contains("type \(MetadataLogFormat.recordType), version \(MetadataLogFormat.version)."))
        #expect(
            metadata.contains("type: " + MetricType.allCases.map { "\($0.rawValue) \($0.name)" }.joined(separator: ", ") + " |"))
        #expect(metadata.contains("At most \(limits.metricLimit) metrics and \(limits.byteLimit) bytes"))
        #expect(metadata.contains("at most \(limits.nameByteLimit) bytes"))
        #expect(metadata.contains("cut at \(limits.helpByteLimit) bytes, units at \(limits.unitByteLimit)"))
        #expect(metadata.contains("more than \(limits.garbageByteLimit) bytes beyond twice"))
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
