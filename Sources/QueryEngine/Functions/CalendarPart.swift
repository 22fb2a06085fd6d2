/// The functions that take a part of a date, in UTC, out of seconds since 1970.
enum CalendarPart: String {
    case dayOfMonth = "day_of_month"
    case dayOfWeek = "day_of_week"
    case dayOfYear = "day_of_year"
    case daysInMonth = "days_in_month"
    case hour, minute, month, year

    /// The part, as Prometheus calculates it on the machines that most of them run on: what is no time becomes the earliest
    /// one that 64 bits of seconds can tell, and beyond the earliest day of its calendar time goes on at the latest.
    func callAsFunction(_ seconds: Double) -> Double {
        let whole = Int64(exactly: seconds.rounded(.towardZero)) ?? .min
        let sinceStart = UInt64(bitPattern: whole &+ Self.calendarStart)
        let day = Int64(sinceStart / 86_400) - Self.calendarStart / 86_400
        let second = Int64(sinceStart % 86_400)
        switch self {
        case .hour: return Double(second / 3_600)
        case .minute: return Double(second / 60 % 60)
        case .dayOfWeek: return Double(((day + 4) % 7 + 7) % 7)
        default: break
        }
        let date = Self.date(day)
        switch self {
        case .year: return Double(date.year)
        case .month: return Double(date.month)
        case .dayOfMonth: return Double(date.day)
        case .dayOfYear: return Double(day - Self.firstDay(year: date.year, month: 1) + 1)
        default:
            let next = date.month == 12 ? (date.year + 1, Int64(1)) : (date.year, date.month + 1)
            return Double(Self.firstDay(year: next.0, month: next.1) - Self.firstDay(year: date.year, month: date.month))
        }
    }

    /// How many seconds the earliest day of the calendar is before 1970, a first of March as far back as 64 bits allow.
    private static let calendarStart: Int64 = (292_277_022_400 / 400 * 146_097 + 306 + 719_162) * 86_400

    /// The Gregorian date of a day since 1970, counted in eras of 400 years that begin in March.
    private static func date(_ day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }

    /// The day since 1970 on which a month begins.
    private static func firstDay(year: Int64, month: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
