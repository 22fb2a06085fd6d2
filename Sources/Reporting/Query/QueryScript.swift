import DashboardFiles

/// The one script of the pages.
public enum QueryScript {
    /// What it says.
    public static let text = DashboardFiles.queryScript
    /// Where the server has it.
    public static let path = "/query.js"
    /// Where pages find it: an address that changes with the text, so that browsers may keep it for ever.
    static let address = "\(path)?v=\(version)"

    private static let version: String = {
        var hash: UInt64 = 14_695_981_039_346_656_037
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211 }
        return String(hash, radix: 16)
    }()
}
