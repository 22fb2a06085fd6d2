import ByteCoding
import TelemetryModel

/// One page of Headrope.
public enum Page: Hashable, Sendable {
    /// Everything at a glance.
    case overview
    /// One service.
    case service(String)
    /// One host.
    case host(String)
    /// One trace, by its id's 32 digits.
    case trace(String)

    /// The name of its declaration in `Dashboards/`.
    var kind: String {
        switch self {
        case .overview: "overview"
        case .service: "service"
        case .host: "host"
        case .trace: "trace"
        }
    }

    /// The name of the file in a report: letters, digits and hyphens, different for different pages.
    public var fileName: String {
        switch self {
        case .overview: "index.html"
        case .service(let name): "service-\(Self.slug(name)).html"
        case .host(let name): "host-\(Self.slug(name)).html"
        case .trace(let id): "trace-\(Self.slug(id)).html"
        }
    }

    /// The path on the server.
    public var path: String {
        switch self {
        case .overview: "/"
        case .service(let name): "/pages/service/" + PercentEncoding.component(name)
        case .host(let name): "/pages/host/" + PercentEncoding.component(name)
        case .trace(let id): "/pages/trace/" + PercentEncoding.component(id)
        }
    }

    /// A name that says nothing but letters, digits and hyphens keeps them; any other gets a number that tells it from the rest.
    private static func slug(_ name: String) -> String {
        let plain = name.utf8.prefix(60).map { byte -> UInt8 in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
            default: UInt8(ascii: "-")
            }
        }
        let slug = String(decoding: plain, as: UTF8.self)
        if slug == name { return slug }
        var hash: UInt32 = 2_166_136_261
        for byte in name.utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        return slug + "-" + String(hash, radix: 16)
    }
}

/// Where links lead.
public enum PageLinks: Sendable {
    /// To the server's own pages, with the time range taken along as a query string.
    case live(query: String)
    /// To files beside each other; a page that is not among them is not linked.
    case files(Set<Page>)

    /// The address of a page, or nil when it cannot be reached.
    func href(_ page: Page) -> String? {
        switch self {
        case .live(let query): page.path + (query.isEmpty ? "" : "?" + query)
        case .files(let pages): pages.contains(page) ? page.fileName : nil
        }
    }
}
