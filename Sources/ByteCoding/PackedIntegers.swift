/// A column of integers in groups of 128: each value as its distance from the group's base in as few bits as pay; of a value
/// that needs more, the upper bits stand behind the group.
///
/// What says how to read a group goes to a header, the bits to the data, so that headers of many columns can be compressed
/// together. Header of a group: a byte with the number of exceptions and ``repeatFlag`` when base and widths are those of the
/// group before; else width (byte), width of exceptions (byte) and base (zigzag varint, difference from the base before).
/// Data of a group: the lower bits of all distances, padded to a byte; then for each exception its place (7 bits) and its
/// upper bits (zigzag, less one), padded to a byte. Bits go from the lowest of each byte upwards.
public enum PackedIntegers {
    /// How many values share a base and a width.
    public static let groupCount = 128
    /// In the first byte of a group's header: base and widths are those of the group before.
    public static let repeatFlag: UInt8 = 0x80
    /// The bits of an exception's place in its group.
    static let placeWidth = 7

    /// Appends the column to `header` and `data`.
    public static func encode(_ values: UnsafeBufferPointer<Int64>, header: inout ByteWriter, data: inout ByteWriter) {
        var planner = GroupPlanner()
        var start = 0
        while start < values.count {
            let end = min(start &+ groupCount, values.count)
            let group = UnsafeBufferPointer(rebasing: values[start..<end])
            let plan = planner.plan(group)
            if plan.isRepeated {
                header.writeByte(UInt8(plan.exceptionCount) | repeatFlag)
            } else {
                header.writeByte(UInt8(plan.exceptionCount))
                header.writeByte(UInt8(plan.form.width))
                header.writeByte(UInt8(plan.form.exceptionWidth))
                header.writeSignedVarint(plan.baseDifference)
            }
            pack(group, plan.form, hasExceptions: plan.exceptionCount > 0, &data)
            start = end
        }
    }

    private static func pack(
        _ group: UnsafeBufferPointer<Int64>, _ form: GroupForm, hasExceptions: Bool, _ data: inout ByteWriter
    ) {
        if form.width > 0 {
            var bits = BitPacker()
            let mask = form.mask
            for value in group { bits.write(UInt64(bitPattern: value &- form.base) & mask, width: form.width, &data) }
            bits.finish(&data)
        }
        if !hasExceptions { return }
        var bits = BitPacker()
        for index in group.indices {
            let upper = form.upper(group[index])
            if upper == 0 { continue }
            bits.write(UInt64(index), width: placeWidth, &data)
            bits.write(upper &- 1, width: form.exceptionWidth, &data)
        }
        bits.finish(&data)
    }

    /// Moves past the header of a column of `count` values; returns how many bytes of data it has.
    public static func skip(_ header: inout ByteReader, count: Int) throws(ByteCodingError) -> Int {
        var form = GroupForm()
        var byteCount = 0
        var start = 0
        while start < count {
            let size = min(groupCount, count &- start)
            let exceptionCount = try form.read(&header, size: size)
            byteCount &+= form.packedByteCount(size) &+ form.exceptionByteCount(exceptionCount)
            start &+= size
        }
        return byteCount
    }

    /// Fills `values` from a header and its data.
    public static func decode(
        header: inout ByteReader, data: inout ByteReader, into values: UnsafeMutableBufferPointer<Int64>
    ) throws(ByteCodingError) {
        var form = GroupForm()
        var start = 0
        while start < values.count {
            let size = min(groupCount, values.count &- start)
            try form.decode(&header, &data, into: UnsafeMutableBufferPointer(rebasing: values[start..<(start &+ size)]))
            start &+= size
        }
    }

    /// Calls `body` with those of `count` values that stand in `wanted`, group by group, and the place of the first of them. The
    /// reader of the data ends behind the last group that was needed.
    public static func forEachRun(
        header: inout ByteReader, data: inout ByteReader, count: Int, in wanted: Range<Int>,
        _ body: (_ start: Int, _ values: UnsafeBufferPointer<Int64>) -> Void
    ) throws(ByteCodingError) {
        var form = GroupForm()
        var group = InlineArray<128, Int64>(repeating: 0)
        var start = 0
        while start < min(count, wanted.upperBound) {
            let size = min(groupCount, count &- start)
            if start &+ size <= wanted.lowerBound {
                try form.skip(&header, &data, size: size)
            } else {
                let used = max(0, wanted.lowerBound &- start)..<min(size, wanted.upperBound &- start)
                var span = group.mutableSpan
                try span.withUnsafeMutableBufferPointer { buffer throws(ByteCodingError) in
                    let values = UnsafeMutableBufferPointer(rebasing: buffer[..<size])
                    try form.decode(&header, &data, into: values)
                    body(start &+ used.lowerBound, UnsafeBufferPointer(rebasing: values[used]))
                }
            }
            start &+= size
        }
    }
}

/// How the values of a group are written.
struct GroupForm: Equatable {
    var base: Int64 = 0
    var width = 0
    var exceptionWidth = 0

    var mask: UInt64 { width == 64 ? .max : (1 &<< UInt64(truncatingIfNeeded: width)) &- 1 }

    /// What of a value's distance does not fit the width, as zigzag: 0 for values that are no exceptions.
    @inline(__always)
    func upper(_ value: Int64) -> UInt64 {
        if width == 64 { return 0 }
        let upper = (value &- base) &>> Int64(truncatingIfNeeded: width)
        return UInt64(bitPattern: (upper &<< 1) ^ (upper &>> 63))
    }

    func packedByteCount(_ size: Int) -> Int { (size &* width &+ 7) &>> 3 }

    func exceptionByteCount(_ count: Int) -> Int { (count &* (PackedIntegers.placeWidth &+ exceptionWidth) &+ 7) &>> 3 }

    /// Reads the header of a group of `size` values; returns the number of exceptions.
    mutating func read(_ header: inout ByteReader, size: Int) throws(ByteCodingError) -> Int {
        let start = header.position
        let first = try header.readByte()
        if first & PackedIntegers.repeatFlag == 0 {
            width = Int(try header.readByte())
            exceptionWidth = Int(try header.readByte())
            base = base &+ (try header.readSignedVarint())
            if width > 64 || exceptionWidth > 64 { throw .malformed(at: start, "an impossible group of integers") }
        }
        let exceptionCount = Int(first & ~PackedIntegers.repeatFlag)
        if exceptionCount > size { throw .malformed(at: start, "an impossible number of exceptions") }
        return exceptionCount
    }

    /// Fills a group from its header and its data.
    mutating func decode(
        _ header: inout ByteReader, _ data: inout ByteReader, into group: UnsafeMutableBufferPointer<Int64>
    ) throws(ByteCodingError) {
        let exceptionCount = try read(&header, size: group.count)
        let packedByteCount = packedByteCount(group.count)
        let exceptionByteCount = exceptionCount == 0 ? 0 : exceptionByteCount(exceptionCount)
        let start = data.position
        try data.skip(packedByteCount &+ exceptionByteCount)
        // All of the bytes are lent: what stands behind a group lets its last values be read as the others are.
        unpack(data.bytes, at: start &* 8, into: group)
        if exceptionCount > 0, !patch(data.bytes, at: (start &+ packedByteCount) &* 8, count: exceptionCount, group) {
            throw .malformed(at: start, "an exception outside of its group")
        }
    }

    /// Moves past the header and the data of a group.
    mutating func skip(_ header: inout ByteReader, _ data: inout ByteReader, size: Int) throws(ByteCodingError) {
        let exceptionCount = try read(&header, size: size)
        try data.skip(packedByteCount(size) &+ exceptionByteCount(exceptionCount))
    }

    /// Reads the lower bits of a group from bit `first` on; ``packedByteCount(_:)`` bytes are there.
    func unpack(_ bytes: UnsafeRawBufferPointer, at first: Int, into group: UnsafeMutableBufferPointer<Int64>) {
        if width == 0 {
            group.update(repeating: base)
            return
        }
        let mask = mask
        // Up to here eight bytes can be loaded at once, and hold the value whatever bit it starts at.
        let room = (bytes.count &- 8) &* 8 &- first
        let safe = width <= 56 && room >= 0 ? min(group.count, room / width &+ 1) : 0
        var bit = first
        for index in 0..<safe {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: bit &>> 3, as: UInt64.self))
            group[index] = base &+ Int64(bitPattern: (word &>> UInt64(truncatingIfNeeded: bit & 7)) & mask)
            bit &+= width
        }
        for index in safe..<group.count {
            group[index] = base &+ Int64(bitPattern: BitPacker.read(bytes, at: bit, width: width))
            bit &+= width
        }
    }

    /// Adds the upper bits of exceptions from bit `first` on; false when a place is outside of the group.
    func patch(
        _ bits: UnsafeRawBufferPointer, at first: Int, count: Int, _ group: UnsafeMutableBufferPointer<Int64>
    ) -> Bool {
        var bit = first
        for _ in 0..<count {
            let place = Int(truncatingIfNeeded: BitPacker.read(bits, at: bit, width: PackedIntegers.placeWidth))
            let raw = BitPacker.read(bits, at: bit &+ PackedIntegers.placeWidth, width: exceptionWidth) &+ 1
            bit &+= PackedIntegers.placeWidth &+ exceptionWidth
            if place >= group.count { return false }
            let upper = Int64(bitPattern: raw &>> 1) ^ -Int64(bitPattern: raw & 1)
            group[place] = group[place] &+ (width == 64 ? 0 : upper &<< Int64(truncatingIfNeeded: width))
        }
        return true
    }
}

/// Appends runs of bits, the lowest first.
struct BitPacker {
    private var pending: UInt64 = 0
    private var count = 0

    /// Appends the `width` low bits of `value`, which has no others.
    @inline(__always)
    mutating func write(_ value: UInt64, width: Int, _ writer: inout ByteWriter) {
        pending |= value &<< UInt64(truncatingIfNeeded: count)
        let total = count &+ width
        if total < 64 {
            count = total
            return
        }
        writer.writeInteger(pending)
        // The bits that did not fit; a shift by the whole width of the word gives nothing of it.
        pending = count == 0 ? 0 : value &>> UInt64(truncatingIfNeeded: 64 &- count)
        count = total &- 64
    }

    mutating func finish(_ writer: inout ByteWriter) {
        while count > 0 {
            writer.writeByte(UInt8(truncatingIfNeeded: pending))
            pending &>>= 8
            count &-= 8
        }
    }

    /// `width` bits from bit `position` on; bytes behind the end count as zero and are not touched.
    static func read(_ bytes: UnsafeRawBufferPointer, at position: Int, width: Int) -> UInt64 {
        let byte = position &>> 3
        let shift = position & 7
        if width > 0, shift &+ width <= 64, byte &+ 8 <= bytes.count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: byte, as: UInt64.self))
            return word &>> UInt64(truncatingIfNeeded: shift) & (UInt64.max &>> UInt64(truncatingIfNeeded: 64 &- width))
        }
        // The last eight bytes hold what begins in them and ends before the end.
        let start = bytes.count &- 8
        if width > 0, start >= 0, byte >= start, position &+ width <= bytes.count &* 8 {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self))
            return word &>> UInt64(truncatingIfNeeded: position &- start &* 8)
                & (UInt64.max &>> UInt64(truncatingIfNeeded: 64 &- width))
        }
        var result: UInt64 = 0
        for index in 0..<min(9, max(0, bytes.count &- byte)) {
            let place = 8 &* index &- shift
            if place >= 64 { break }
            let value = UInt64(bytes[byte &+ index])
            result |= place >= 0 ? value &<< UInt64(truncatingIfNeeded: place) : value &>> UInt64(truncatingIfNeeded: -place)
        }
        return width >= 64 ? result : result & ((1 &<< UInt64(truncatingIfNeeded: width)) &- 1)
    }
}
