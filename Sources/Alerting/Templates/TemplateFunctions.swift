import Foundation
import StrictYAML
import TelemetryModel

/// The functions of Prometheus's alert templates, as its documentation describes them.
enum TemplateFunctions {
    static let names: Set<String> = [
        "humanize", "humanize1024", "humanizeDuration", "humanizePercentage", "humanizeTimestamp", "printf", "print", "title",
        "toUpper",
        "toLower", "match", "eq", "ne", "lt", "le", "gt", "ge", "and", "or", "not", "len", "stripPort", "parseDuration",
    ]

    static func call(_ name: String, _ arguments: [TemplateValue]) throws(TemplateError) -> TemplateValue {
        switch name {
        case "printf": return .text(try printf(arguments))
        case "print": return .text(arguments.map(\.description).joined(separator: " "))
        case "eq": return .flag(arguments.count > 1 && arguments.dropFirst().contains(arguments[0]))
        case "ne": return .flag(try two(name, arguments).0 != two(name, arguments).1)
        case "lt", "le", "gt", "ge": return .flag(try compare(name, arguments))
        case "and": return arguments.first { !$0.isTrue } ?? arguments.last ?? .flag(true)
        case "or": return arguments.first { $0.isTrue } ?? arguments.last ?? .flag(false)
        case "match":
            let (pattern, text) = try two(name, arguments)
            return .flag(try matches(pattern.description, text.description))
        default: return try one(name, arguments)
        }
    }

    private static func one(_ name: String, _ arguments: [TemplateValue]) throws(TemplateError) -> TemplateValue {
        guard arguments.count == 1 else { throw TemplateError("\(name) takes one argument, not \(arguments.count).") }
        let argument = arguments[0]
        switch name {
        case "humanize": return .text(humanize(try argument.number(for: name), base: 1_000))
        case "humanize1024": return .text(humanize(try argument.number(for: name), base: 1_024))
        case "humanizeDuration": return .text(duration(try argument.number(for: name)))
        case "humanizePercentage": return .text(significant(try argument.number(for: name) * 100) + "%")
        case "humanizeTimestamp": return .text(timestamp(try argument.number(for: name)))
        case "title": return .text(argument.description.capitalized)
        case "toUpper": return .text(argument.description.uppercased())
        case "toLower": return .text(argument.description.lowercased())
        case "not": return .flag(!argument.isTrue)
        case "len": return .number(Double(argument.description.utf8.count))
        case "stripPort": return .text(argument.description.replacing(/:[0-9]+$/, with: ""))
        case "parseDuration":
            guard let milliseconds = TextUnits.duration(argument.description) else {
                throw TemplateError("'\(argument.description)' is no duration.")
            }
            return .number(Double(milliseconds) / 1_000)
        default: throw TemplateError("The function '\(name)' is not known.")
        }
    }

    private static func two(_ name: String, _ arguments: [TemplateValue]) throws(TemplateError) -> (TemplateValue, TemplateValue) {
        guard arguments.count == 2 else { throw TemplateError("\(name) takes two arguments, not \(arguments.count).") }
        return (arguments[0], arguments[1])
    }

    private static func compare(_ name: String, _ arguments: [TemplateValue]) throws(TemplateError) -> Bool {
        let (first, second) = try two(name, arguments)
        let a = try first.number(for: name)
        let b = try second.number(for: name)
        switch name {
        case "lt": return a < b
        case "le": return a <= b
        case "gt": return a > b
        default: return a >= b
        }
    }

    private static func matches(_ pattern: String, _ text: String) throws(TemplateError) -> Bool {
        do throws(LabelPatternError) {
            return try LabelPattern(".*(?:" + pattern + ").*").matches(text)
        } catch {
            throw TemplateError(error.description)
        }
    }

    /// Four significant digits, as Go's `%.4g`.
    private static func significant(_ number: Double) -> String {
        if number.isNaN || number.isInfinite { return TemplateValue.goText(number) }
        return String(format: "%.4g", number)
    }

    private static func humanize(_ number: Double, base: Double) -> String {
        if number == 0 || !number.isFinite { return significant(number) }
        var rest = number
        var prefix = ""
        if number.magnitude >= 1 {
            let prefixes =
                base == 1_024 ? ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"] : ["k", "M", "G", "T", "P", "E", "Z", "Y"]
            for next in prefixes where rest.magnitude >= base {
                prefix = next
                rest /= base
            }
        } else if base == 1_000 {
            for next in ["m", "u", "n", "p", "f", "a", "z", "y"] where rest.magnitude < 1 {
                prefix = next
                rest *= base
            }
        }
        return significant(rest) + prefix
    }

    private static func duration(_ seconds: Double) -> String {
        if !seconds.isFinite { return significant(seconds) }
        if seconds == 0 { return "0s" }
        let sign = seconds < 0 ? "-" : ""
        let magnitude = seconds.magnitude
        guard magnitude >= 1, magnitude < 1e15 else {
            return magnitude < 1 ? humanize(seconds, base: 1_000) + "s" : significant(seconds) + "s"
        }
        let whole = Int64(magnitude)
        let (days, hours, minutes) = (whole / 86_400, whole / 3_600 % 24, whole / 60 % 60)
        if days > 0 { return "\(sign)\(days)d \(hours)h \(minutes)m \(whole % 60)s" }
        if hours > 0 { return "\(sign)\(hours)h \(minutes)m \(whole % 60)s" }
        if minutes > 0 { return "\(sign)\(minutes)m \(whole % 60)s" }
        return sign + significant(magnitude) + "s"
    }

    private static func timestamp(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds.magnitude < 1e11 else { return TemplateValue.goText(seconds) }
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "yyyy-MM-dd HH:mm:ss 'UTC'"
        return formatter.string(from: Date(timeIntervalSince1970: seconds))
    }

    /// `%s`, `%v`, `%d`, `%f`, `%e`, `%g`, `%q` and `%%` with flags, width and precision.
    private static func printf(_ arguments: [TemplateValue]) throws(TemplateError) -> String {
        guard case .text(let format)? = arguments.first else { throw TemplateError("printf needs a format.") }
        var values = arguments.dropFirst()
        var output = ""
        var rest = format[...]
        while let character = rest.popFirst() {
            guard character == "%" else {
                output.append(character)
                continue
            }
            let flags = rest.prefix { "+-# 0123456789.".contains($0) }
            rest = rest.dropFirst(flags.count)
            guard let verb = rest.popFirst() else { throw TemplateError("printf's format ends within a '%'.") }
            if verb == "%" {
                output.append("%")
                continue
            }
            guard let value = values.popFirst() else { throw TemplateError("printf has too few values for '\(format)'.") }
            output += try Self.format(value, verb, String(flags))
        }
        return output
    }

    private static func format(_ value: TemplateValue, _ verb: Character, _ flags: String) throws(TemplateError) -> String {
        // Widths and precisions are small in texts for people; what is larger would only fill memory.
        if flags.split(whereSeparator: { !$0.isNumber }).contains(where: { $0.count > 3 }) {
            throw TemplateError("printf's width '\(flags)' is too large.")
        }
        switch verb {
        case "f", "e", "g": return String(format: "%\(flags)\(verb)", try value.number(for: "printf"))
        case "d":
            guard let number = Int64(exactly: try value.number(for: "printf")) else {
                throw TemplateError("%d needs a whole number.")
            }
            return String(format: "%\(flags)ld", Int(number))
        case "q": return TemplateToken.text(value.description).text
        case "s", "v":
            let text = value.description
            let width = Int(flags.drop { $0 == "-" }.prefix { $0.isNumber }) ?? 0
            let padding = String(repeating: " ", count: max(0, width - text.count))
            return flags.hasPrefix("-") ? text + padding : padding + text
        default: throw TemplateError("printf's '%\(verb)' is not supported.")
        }
    }
}
