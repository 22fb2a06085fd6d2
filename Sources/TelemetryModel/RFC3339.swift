/// Times as RFC 3339 writes them, for 1970 to 2554, which is what nanoseconds in 64 bits reach.
public enum RFC3339 {
    /// UTC with as many decimals as are needed: none, three, six or nine.
    public static func text(nanoseconds: UInt64) -> String {
        let fraction = nanoseconds % 1_000_000_000
        if fraction == 0 { return seconds(nanoseconds) + "Z" }
        if fraction % 1_000_000 == 0 { return "\(seconds(nanoseconds)).\(padded(fraction / 1_000_000, 3))Z" }
        if fraction % 1000 == 0 { return "\(seconds(nanoseconds)).\(padded(fraction / 1000, 6))Z" }
        return "\(seconds(nanoseconds)).\(padded(fraction, 9))Z"
    }

    /// Reads a date with time and zone, such as `2026-11-21T02:40:42.5+01:00`; nil for anything else. Decimals beyond the
    /// ninth are dropped; a leap second counts as the first second of the next minute.
    public static func nanoseconds(_ text: some StringProtocol) -> UInt64? {
        guard let (seconds, fraction) = parts(text), let positive = UInt64(exactly: seconds) else { return nil }
        let (product, overflow) = positive.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = product.addingReportingOverflow(fraction)
        return overflow || carry ? nil : sum
    }

    /// Reads the same form as milliseconds since 1970, for the years 0 to 9999; what is less than a millisecond is dropped.
    public static func milliseconds(_ text: some StringProtocol) -> Int64? {
        parts(text).map { $0.seconds * 1_000 + Int64($0.fraction / 1_000_000) }
    }

    /// Seconds since 1970 and the nanoseconds that follow them.
    private static func parts(_ text: some StringProtocol) -> (seconds: Int64, fraction: UInt64)? {
        var scanner = Scanner(Array(text.utf8))
        guard let year = scanner.digits(4), scanner.take("-"), let month = scanner.digits(2), scanner.take("-"),
            let day = scanner.digits(2), scanner.take("T") || scanner.take("t") || scanner.take(" "),
            let hour = scanner.digits(2), scanner.take(":"), let minute = scanner.digits(2), scanner.take(":"),
            let second = scanner.digits(2), let fraction = scanner.fraction(), let zone = scanner.zone(), scanner.isAtEnd
        else { return nil }
        guard (1...12).contains(month), day >= 1, day <= daysInMonth(year, month), hour < 24, minute < 60, second <= 60 else {
            return nil
        }
        let days = daysSince1970(year, month, day)
        return (days * 86400 + Int64(hour * 3600 + minute * 60 + second) - Int64(zone), fraction)
    }

    private static func seconds(_ nanoseconds: UInt64) -> String {
        let total = nanoseconds / 1_000_000_000
        let (year, month, day) = date(daysSince1970: Int64(total / 86400))
        let rest = total % 86400
        return "\(padded(UInt64(year), 4))-\(padded(UInt64(month), 2))-\(padded(UInt64(day), 2))"
            + "T\(padded(rest / 3600, 2)):\(padded(rest / 60 % 60, 2)):\(padded(rest % 60, 2))"
    }

    private static func padded(_ number: UInt64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    private static func daysInMonth(_ year: Int, _ month: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    // Years are counted from March on, so that the leap day is the last of its year; 400 years have 146,097 days, and
    // 1970-01-01 is day 719,468 from 0000-03-01.
    private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int64 {
        let marchYear = month > 2 ? year : year - 1
        let era = (marchYear >= 0 ? marchYear : marchYear - 399) / 400
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return Int64(era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468)
    }

    private static func date(daysSince1970: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let days = daysSince1970 + 719_468
        let era = days / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    /// Reads bytes from left to right.
    private struct Scanner {
        let bytes: [UInt8]
        var position = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        var isAtEnd: Bool { position == bytes.count }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
            position += 1
            return true
        }

        mutating func digits(_ count: Int) -> Int? {
            guard bytes.count - position >= count else { return nil }
            var number = 0
            for _ in 0..<count {
                let byte = bytes[position]
                guard byte >= 0x30, byte <= 0x39 else { return nil }
                number = number * 10 + Int(byte - 0x30)
                position += 1
            }
            return number
        }

        /// Decimals of a second as nanoseconds; 0 when there are none, nil for a point without digits.
        mutating func fraction() -> UInt64? {
            guard take(".") else { return 0 }
            var value: UInt64 = 0
            var count = 0
            while let digit = digits(1) {
                if count < 9 { value = value * 10 + UInt64(digit) }
                count += 1
            }
            for _ in min(count, 9)..<9 { value *= 10 }
            return count == 0 ? nil : value
        }

        /// Seconds east of Greenwich.
        mutating func zone() -> Int? {
            if take("Z") || take("z") { return 0 }
            let isEast = take("+")
            guard isEast || take("-"), let hours = digits(2), take(":"), let minutes = digits(2), hours < 24, minutes < 60 else {
                return nil
            }
            return (isEast ? 1 : -1) * (hours * 3600 + minutes * 60)
        }
    }
}
