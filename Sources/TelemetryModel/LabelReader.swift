import ByteCoding

/// Walks the labels of one series as a batch has them.
struct LabelReader {
    /// A label, lent by the batch.
    struct Pair {
        var name: UnsafeRawBufferPointer
        var value: UnsafeRawBufferPointer
    }

    private var reader: ByteReader
    private let isMessages: Bool

    init(_ bytes: UnsafeRawBufferPointer, _ form: LabelForm) {
        reader = ByteReader(bytes)
        isMessages = form != .pairs
    }

    /// The next label; nil behind the last.
    mutating func next() throws(LabelProblem) -> Pair? {
        if reader.isAtEnd { return nil }
        do throws(ByteCodingError) {
            return isMessages
                ? try Self.message(try nextMessage())
                : Pair(name: try reader.readLengthPrefixed(), value: try reader.readLengthPrefixed())
        } catch {
            throw LabelProblem(text: "labels cannot be read: \(error.message)")
        }
    }

    /// All labels; one that cannot be read ends the list.
    static func pairs(_ bytes: UnsafeRawBufferPointer, _ form: LabelForm) -> [Pair] {
        var reader = LabelReader(bytes, form)
        var pairs: [Pair] = []
        while let pair = try? reader.next() { pairs.append(pair) }
        return pairs
    }

    /// The bytes of the next `Label`, behind the key that names it as field 1 of its series.
    private mutating func nextMessage() throws(ByteCodingError) -> UnsafeRawBufferPointer {
        var field = ProtobufReader(reader.bytes)
        field.reader.position = reader.position
        _ = try field.nextField()
        defer { reader.position = field.reader.position }
        return try field.bytes()
    }

    private static func message(_ bytes: UnsafeRawBufferPointer) throws(ByteCodingError) -> Pair {
        var pair = Pair(name: UnsafeRawBufferPointer(start: nil, count: 0), value: UnsafeRawBufferPointer(start: nil, count: 0))
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            switch fields.fieldNumber {
            case 1: pair.name = try fields.bytes()
            case 2: pair.value = try fields.bytes()
            default: try fields.skipValue()
            }
        }
        return pair
    }
}
