import ArgumentParser
import EmbeddedStorage
import Foundation
import QueryLanguages
import TelemetryModel

/// `headrope block`: looks at blocks.
struct BlockCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "block", abstract: "Look at a block of metrics or spans; nothing is changed.",
        subcommands: [BlockInspectCommand.self])
}

/// `headrope block inspect DIR/…/block-N`: what a block of metrics, or of spans, consists of.
struct BlockInspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Say where the bytes of a block of metrics go.",
        discussion: "Ends with status 1 when the block is damaged or there is none.")

    @Argument(help: "The folder of the block, such as DIR/metrics/blocks/block-0000000001 or DIR/spans/blocks/0000000000000001.")
    var path: String
    @Option(help: "List the chunks of these series, such as 'up{job=\"node\"}'.") var series: String?
    @Flag(help: "Print JSON.") var json = false

    mutating func run() throws {
        do {
            if SpanBlockInspector.isBlock(path) { return try printSpans() }
            let matchers = try series.map { try PromQLParser.parseSelector($0) }
            let report = try BlockInspector.inspect(path, matchers: matchers)
            if json { try Self.printJSON(report) } else { for line in Self.lines(report) { print(line) } }
        } catch {
            Complaint.print(error)
            throw ExitCode.failure
        }
    }

    private func printSpans() throws {
        let report = try SpanBlockInspector.inspect(path)
        if json { try Self.printJSON(report) } else { for line in Self.lines(report) { print(line) } }
    }

    private static func printJSON(_ report: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(report), as: UTF8.self))
    }

    private static func lines(_ report: SpanBlockReport) -> [String] {
        var lines = [
            "\(report.path): \(report.spanCount) spans of \(report.traceCount) traces in \(report.pageCount) pages,"
                + " format version \(report.version)",
            "starts from \(time(Int64(report.first / 1_000_000))) to \(time(Int64(report.last / 1_000_000)))",
        ]
        if !report.replaced.isEmpty {
            lines.append("made of the blocks \(report.replaced.map(String.init).joined(separator: ", "))")
        }
        lines += ["", row("PART", "BYTES", "PER SPAN")]
        for part in report.parts { lines.append(row(part.name, "\(part.byteCount)", share(part.byteCount, report.spanCount))) }
        lines.append(row("all", "\(report.byteCount)", share(report.byteCount, report.spanCount)))
        if report.columns.isEmpty { return lines }
        lines += ["", row("COLUMN OF PAGES", "BYTES", "PER SPAN")]
        for part in report.columns { lines.append(row(part.name, "\(part.byteCount)", share(part.byteCount, report.spanCount))) }
        return lines
    }

    private static func lines(_ report: BlockReport) -> [String] {
        var lines = report.isLocked ? ["A server is using the folder; blocks do not change, so this one is shown as it is."] : []
        lines += [
            "\(report.path): \(report.sampleCount) samples of \(report.seriesCount) series in \(report.chunkCount) chunks",
            "from \(time(report.first)) to \(time(report.last)), log records \(report.firstSequence) to \(report.lastSequence)",
            "\(report.timeColumnCount) columns of timestamps, \(report.symbolCount) names and values of labels",
        ]
        if report.resolutionMilliseconds > 0 { lines.append("a sample stands for \(report.resolutionMilliseconds) ms") }
        if !report.replaced.isEmpty {
            lines.append("made of the blocks \(report.replaced.map(String.init).joined(separator: ", "))")
        }
        lines += ["", row("PART", "BYTES", "PER SAMPLE")]
        for part in report.parts { lines.append(row(part.name, "\(part.byteCount)", share(part.byteCount, report.sampleCount))) }
        lines += [row("all", "\(report.byteCount)", share(report.byteCount, report.sampleCount)), ""]
        lines.append(row("FORM", "CHUNKS", "SAMPLES", "BYTES", "PER SAMPLE"))
        for form in report.forms {
            let perSample = share(form.dataByteCount, form.sampleCount)
            lines.append(row(form.name, "\(form.chunkCount)", "\(form.sampleCount)", "\(form.dataByteCount)", perSample))
        }
        if !report.chunks.isEmpty { lines += ["", "CHUNKS"] }
        for chunk in report.chunks {
            lines.append(
                "\(chunk.series) \(time(chunk.first)) to \(time(chunk.last)): \(chunk.sampleCount) samples, \(chunk.form),"
                    + " times \(chunk.timeColumn), \(chunk.headerByteCount) + \(chunk.dataByteCount) bytes")
        }
        return lines
    }

    /// A text and numbers under one another.
    private static func row(_ text: String, _ numbers: String...) -> String {
        numbers.reduce(text.padding(toLength: 40, withPad: " ", startingAt: 0)) { line, number in
            line + String(repeating: " ", count: max(1, 12 - number.count)) + number
        }
    }

    private static func share(_ byteCount: Int, _ sampleCount: Int) -> String {
        let tenThousandths = byteCount * 10_000 / max(sampleCount, 1)
        let digits = String(tenThousandths % 10_000)
        return "\(tenThousandths / 10_000).\(String(repeating: "0", count: 4 - digits.count))\(digits)"
    }

    private static func time(_ milliseconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(milliseconds) / 1_000).formatted(.iso8601)
    }
}
