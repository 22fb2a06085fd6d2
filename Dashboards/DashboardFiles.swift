/// The files of this folder, as they are built into the programs.
public enum DashboardFiles {
    /// The declaration of each page by the page's kind.
    public static let dashboards: [String: String] = [
        "overview": text(PackageResources.overview_yaml), "service": text(PackageResources.service_yaml),
        "trace": text(PackageResources.trace_yaml), "host": text(PackageResources.host_yaml),
    ]

    /// The frame around every page, a Mustache template.
    public static let page = text(PackageResources.page_mustache)
    /// A table, a Mustache template.
    public static let table = text(PackageResources.table_mustache)
    /// How pages look.
    public static let style = text(PackageResources.style_css)
    /// What the query page can do beyond what the server draws.
    public static let queryScript = text(PackageResources.query_editor_js) + text(PackageResources.query_chart_js)

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
