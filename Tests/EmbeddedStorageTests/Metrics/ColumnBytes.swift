import ByteCoding

@testable import EmbeddedStorage

/// Columns in one run of bytes, header and data behind each other.
extension ValueColumn {
    static func encode(_ values: [Double]) -> [UInt8] {
        var header = ByteWriter()
        var data = ByteWriter()
        if !values.isEmpty { values.withUnsafeBufferPointer { encode($0, header: &header, data: &data) } }
        return header.bytes + data.bytes
    }

    static func value(at place: Int, _ bytes: UnsafeRawBufferPointer, count: Int) throws(ByteCodingError) -> Double {
        var data = ByteReader(bytes)
        _ = try skip(&data, count: count)
        var header = ByteReader(bytes)
        return try value(at: place, of: count, header: &header, data: &data)
    }

    static func decode(_ bytes: UnsafeRawBufferPointer, count: Int) throws(ByteCodingError) -> [Double] {
        try ColumnBytes.decode(bytes, count: count, as: Double.self) {
            (header: inout ByteReader) throws(ByteCodingError) in
            try skip(&header, count: count)
        } decode: { (header: inout ByteReader, data: inout ByteReader, values) throws(ByteCodingError) in
            try decode(header: &header, data: &data, into: values)
        }
    }
}

extension TimeColumn {
    static func encode(_ timestamps: [Int64]) -> [UInt8] {
        var header = ByteWriter()
        var data = ByteWriter()
        if !timestamps.isEmpty { timestamps.withUnsafeBufferPointer { encode($0, header: &header, data: &data) } }
        return header.bytes + data.bytes
    }

    static func decode(_ bytes: UnsafeRawBufferPointer, count: Int) throws(ByteCodingError) -> [Int64] {
        try ColumnBytes.decode(bytes, count: count, as: Int64.self) {
            (header: inout ByteReader) throws(ByteCodingError) in
            try skip(&header, count: count).dataByteCount
        } decode: { (header: inout ByteReader, data: inout ByteReader, timestamps) throws(ByteCodingError) in
            try decode(header: &header, data: &data, into: timestamps)
        }
    }
}

private enum ColumnBytes {
    static func decode<Element>(
        _ bytes: UnsafeRawBufferPointer, count: Int, as: Element.Type,
        skip: (inout ByteReader) throws(ByteCodingError) -> Int,
        decode: (inout ByteReader, inout ByteReader, UnsafeMutableBufferPointer<Element>) throws(ByteCodingError) -> Void
    ) throws(ByteCodingError) -> [Element] {
        if count == 0 { return [] }
        var end = ByteReader(bytes)
        let dataByteCount = try skip(&end)
        if end.remaining != dataByteCount { throw .malformed(at: end.position, "a column of another length") }
        var header = ByteReader(bytes)
        var failure: ByteCodingError?
        let elements = [Element](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(ByteCodingError) {
                try decode(&header, &end, UnsafeMutableBufferPointer(rebasing: buffer[0..<count]))
                filled = count
            } catch { failure = error }
        }
        if let failure { throw failure }
        return elements
    }
}
