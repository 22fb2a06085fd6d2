import Alerting
import Crypto
import Hummingbird

/// The part of Prometheus's HTTP API that tells about rules and alerts.
struct RuleRoutes: RouteGroup {
    let server: ServerDependencies

    var routes: [Route] {
        [
            .told("/api/v1/rules") { parameters in
                .json(bytes: try rules(await server.alerting.snapshot, parameters))
            },
            .told("/api/v1/alerts") { _ in .json(bytes: RuleJSON.alerts(await server.alerting.snapshot)) },
        ]
    }

    /// The groups in Prometheus's order, as far as the parameters ask for them, a page at a time if they ask for that.
    private func rules(_ groups: [GroupEvaluator], _ parameters: PrometheusParameters) throws -> [UInt8] {
        let filter = try RuleFilter(parameters)
        let page = try RulePage(parameters)
        let sorted = groups.sorted { ($0.group.file, $0.group.name) < ($1.group.file, $1.group.name) }
        let (found, next) = try page.cut(sorted.filter(filter.takes))
        let defaultInterval = server.configuration.evaluationInterval
        return PrometheusJSON.success { data in
            data.object { data in
                data.key("groups")
                data.array { list in
                    for group in found { RuleJSON.write(group, filter, defaultInterval: defaultInterval, to: &list) }
                }
                if let next { data.member("groupNextToken", next) }
            }
        }
    }
}

/// Which page of the groups is asked for.
struct RulePage {
    private let limit: Int?
    private let token: String

    init(_ parameters: PrometheusParameters) throws {
        token = parameters.text("group_next_token")
        let text = parameters.text("group_limit")
        if text.isEmpty {
            if !token.isEmpty {
                throw PrometheusParameters.invalid(
                    "group_next_token", "group_limit needs to be present in order to paginate over the groups")
            }
            limit = nil
            return
        }
        guard let number = Int32(text) else {
            throw PrometheusParameters.invalid(
                "group_limit",
                "group_limit needs to be a valid number: strconv.ParseInt: \(PrometheusTime.problem(ofNumber: text))")
        }
        if number <= 0 { throw PrometheusParameters.invalid("group_limit", "group_limit needs to be greater than 0") }
        limit = Int(number)
    }

    /// The groups of the page, and the token of the next one if there is one.
    func cut(_ groups: [GroupEvaluator]) throws -> (page: [GroupEvaluator], next: String?) {
        guard let limit else { return (groups, nil) }
        var rest = groups[...]
        if !token.isEmpty {
            guard let first = groups.firstIndex(where: { Self.token($0) == token }) else {
                throw PrometheusParameters.invalid(
                    "group_next_token",
                    "invalid group_next_token '\(token.prefix(60))'. were rule groups changed?")
            }
            rest = groups[first...]
        }
        return (Array(rest.prefix(limit)), rest.dropFirst(limit).first.map(Self.token))
    }

    /// What names a group: as in Prometheus the SHA-1 hash of file and name, which is no secret.
    private static func token(_ evaluator: GroupEvaluator) -> String {
        let digest = Insecure.SHA1.hash(data: Array("\(evaluator.group.file);\(evaluator.group.name)".utf8))
        return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
