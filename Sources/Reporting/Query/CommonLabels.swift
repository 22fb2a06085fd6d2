/// The labels that many series have in common, which need be said only once.
public enum CommonLabels {
    /// The labels that all of these have with the same value; none of a single one, as they tell what it is.
    public static func of(_ metrics: [[String: String]]) -> [String: String] {
        guard metrics.count > 1, var common = metrics.first else { return [:] }
        for metric in metrics.dropFirst() {
            for (name, value) in common where metric[name] != value { common[name] = nil }
        }
        return common
    }
}
