import Foundation
import TestSupport
import Testing

@testable import EmbeddedStorage

@Suite("The format pages of spans")
struct SpanFormatTests {
    private func page(_ name: String) throws -> String {
        try String(contentsOf: SharedData.projectFolder.appendingPathComponent("Schemas/format/\(name).md"), encoding: .utf8)
    }

    @Test("the page of the log of spans has the constants of the code")
    func log() throws {
        let page = try page("span-log")
        for text in [
            "type \(SpanLogRecord.type)", "version \(SpanLogRecord.version)", "version \(SpanBatchCodec.version)",
            "\(SpanBatchCodec.rowLimit)", "\(SpanLogRecord.byteLimit)",
        ] {
            #expect(page.contains(text), "\(text)")
        }
    }

    @Test("the page of blocks has the constants of the code")
    func block() throws {
        let page = try page("span-block")
        for text in [
            "`HRSPDAT1`", "`HRSPMET1`", "version \(SpanBlockFormat.version)", "\(SpanBlockFormat.pageRowTarget) rows",
            "\(SpanBlockFormat.pageRowLimit) rows", "\(SpanBlockFormat.pageByteLimit)", "\(SpanBlockFormat.dataByteLimit)",
            "\(SpanBlockFormat.metaByteLimit)", "\(TraceIndex.chunkEntryCount) entries",
            "\(TraceIndex.entryByteCount(version: 2)) bytes", "\(TraceIndex.pageLimit) pages",
            "\(PageZone.nameLimit) ", "\(SpanBlockMeta.replacedLimit)", "\(TraceFilter.byteLimit)", "\(RollupSection.rowLimit)",
            "\(SpanTable.byteLimit) bytes", "\(SpanTable.columns.entryLimit) columns and classes",
            "\(SpanTable.resources.entryLimit) resources", "\(SpanTable.templates.entryLimit) templates",
            "\(SpanPageFormat.numberLimit) numbers", "\(SpanPageFormat.textByteLimit) bytes of texts",
            "\(PageDigests.pageOperationLimit) on the page", "\(PageDigests.operationLimit) on pages",
            "(\(PageDigests.pageKeyLimit), \(PageDigests.keyLimit)", "at most \(PageDigests.valueByteLimit) bytes",
            "\(PageDigests.pageValueLimit) values", "\(PageDigests.eventBit) for the name",
        ] {
            #expect(page.contains(text), "\(text)")
        }
        #expect(SpanBlockFormat.dataMagic == Array("HRSPDAT1".utf8))
        #expect(SpanBlockFormat.metaMagic == Array("HRSPMET1".utf8))
        for stream in SpanPageFormat.Stream.allCases { #expect(page.contains("\(stream)")) }
        for section in SpanBlockFormat.Section.allCases { #expect(page.contains("| \(section.rawValue) | \(section) |")) }
    }
}
