import ByteCoding
import TelemetryModel

/// An inverted index: which series have a label value.
protocol PostingsSource {
    /// How many series there are; they are numbered from 0.
    var seriesCount: Int { get }
    /// The series with this label value.
    func list(_ name: [UInt8], _ value: [UInt8]) throws -> PostingsList
    /// The name of every label, in any order.
    func forEachName(_ body: ([UInt8]) throws -> Void) throws
    /// Every value of a label, in any order, with the series that have it.
    func forEachList(of name: [UInt8], _ body: (_ value: [UInt8], _ list: () throws -> PostingsList) throws -> Void) throws
    /// Those of some series, by rising number, whose value of a label is to be kept. A value is asked about once or a few
    /// times; series without the label have the value "".
    func filter(_ series: [UInt32], by name: [UInt8], _ keeps: (String) throws -> Bool) throws -> [UInt32]
}

extension PostingsSource {
    /// The series with this label value, by rising number.
    func postings(_ name: [UInt8], _ value: [UInt8]) throws -> [UInt32] { try list(name, value).series() }

    /// Every value of a label, in any order.
    func forEachValue(of name: [UInt8], _ body: ([UInt8]) throws -> Void) throws {
        try forEachList(of: name) { value, _ in try body(value) }
    }

    /// The series for which all conditions hold, by rising number. `checkpoint` is called now and then and ends it by throwing.
    func select(_ matchers: [LabelMatcher], checkpoint: () throws -> Void = {}) throws -> [UInt32] {
        try PostingsSelection(self).select(matchers, checkpoint)
    }
}

/// The series of a label value, which may have to be decoded.
enum PostingsList {
    case numbers([UInt32])
    case packed([UInt8], seriesCount: Int)

    /// Nobody has the value.
    static let none = PostingsList.numbers([])

    /// Rises with the work of decoding it.
    var byteCount: Int {
        switch self {
        case .numbers(let numbers): numbers.count * 4
        case .packed(let bytes, _): bytes.count
        }
    }

    /// By rising number.
    func series() throws -> [UInt32] {
        switch self {
        case .numbers(let numbers): numbers
        case .packed(let bytes, let seriesCount):
            try bytes.withUnsafeBytes { try PostingsPage.series($0, seriesCount: seriesCount) }
        }
    }
}
