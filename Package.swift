// swift-tools-version: 6.2
import PackageDescription

// The floors of the house: a target may depend only on targets of lower floors, never on its own.
// ARCHITECTURE.md says what each one is for.

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

/// One of our own targets: its floor, the targets of ours that it uses, and the products of others.
struct Room {
    enum Kind { case library, executable, test }
    var name: String
    var floor: Int
    var uses: [String]
    var products: [Target.Dependency]
    var path: String?
    var exclude: [String]
    var resources: [Resource]
    var kind: Kind

    init(
        _ name: String, floor: Int, uses: [String] = [], products: [Target.Dependency] = [], path: String? = nil,
        exclude: [String] = [], resources: [Resource] = [], kind: Kind = .library
    ) {
        self.name = name
        self.floor = floor
        self.uses = uses
        self.products = products
        self.path = path
        self.exclude = exclude
        self.resources = resources
        self.kind = kind
    }

    var target: Target {
        let dependencies = uses.map { Target.Dependency.target(name: $0) } + products
        switch kind {
        case .library:
            return .target(
                name: name, dependencies: dependencies, path: path, exclude: exclude, resources: resources,
                swiftSettings: strict)
        case .executable:
            return .executableTarget(
                name: name, dependencies: dependencies, path: path, exclude: exclude, resources: resources,
                swiftSettings: strict)
        case .test:
            return .testTarget(
                name: name, dependencies: dependencies, path: path, exclude: exclude, resources: resources,
                swiftSettings: strict)
        }
    }
}

func collector(_ name: String, uses: [String] = []) -> Room {
    Room(
        "\(name)Collector", floor: 4, uses: ["CollectorKit", "TelemetryModel", "Platform", "ByteCoding"] + uses,
        path: "Collectors/\(name)", exclude: ["README.md", "sample.yaml", "Fixtures"])
}

func tests(_ name: String, uses: [String], products: [Target.Dependency] = [], exclude: [String] = []) -> Room {
    Room(name, floor: 11, uses: uses, products: products, path: "Tests/\(name)", exclude: exclude, kind: .test)
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let tracing = Target.Dependency.product(name: "Tracing", package: "swift-distributed-tracing")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")

let rooms: [Room] = [
    Room("ByteCoding", floor: 0, products: ["CZstd", "CZlib"]),
    Room("Platform", floor: 0, products: [logging]),

    Room("TelemetryModel", floor: 1, uses: ["ByteCoding"]),
    Room("SegmentLog", floor: 1, uses: ["ByteCoding", "Platform"]),
    Room("StrictYAML", floor: 1, products: [yams]),
    Room(
        "HTTPTransport", floor: 1, uses: ["ByteCoding", "Platform"],
        products: [asyncHTTPClient, nioCore, nioHTTP1, nioPosix, nioSSL]),

    Room("WireFormats", floor: 2, uses: ["ByteCoding", "TelemetryModel"]),
    Room("TraceAnalysis", floor: 2, uses: ["ByteCoding", "TelemetryModel"]),
    Room("QueryLanguages", floor: 2, uses: ["TelemetryModel"]),

    Room("Storage", floor: 3, uses: ["TelemetryModel"]),
    Room("CollectorKit", floor: 3, uses: ["ByteCoding", "Platform", "TelemetryModel"], products: [logging]),
    Room(
        "Forwarding", floor: 3,
        uses: ["ByteCoding", "Platform", "SegmentLog", "HTTPTransport"], products: [logging]),
    Room("StateStore", floor: 3, products: [grdb]),
    Room(
        "HeadropeClient", floor: 3, uses: ["ByteCoding", "Platform", "TelemetryModel", "HTTPTransport", "WireFormats"],
        products: [tracing, logging]),

    Room(
        "EmbeddedStorage", floor: 4,
        uses: ["Storage", "SegmentLog", "TraceAnalysis", "TelemetryModel", "Platform", "ByteCoding"], products: [logging]),
    Room("Ingest", floor: 4, uses: ["Storage", "WireFormats", "TelemetryModel", "Platform", "ByteCoding"]),
    Room("QueryEngine", floor: 4, uses: ["Storage", "QueryLanguages", "TelemetryModel", "Platform", "ByteCoding"]),
    Room("Delivery", floor: 4, uses: ["StateStore", "HTTPTransport", "Platform"], products: [logging]),
    collector("Host"),
    collector("Nginx", uses: ["HTTPTransport"]),
    collector("Redis"),

    Room(
        "Answers", floor: 5,
        uses: ["Storage", "TraceAnalysis", "TelemetryModel", "Platform", "ByteCoding"]),
    Room(
        "IntakeRoutes", floor: 5, uses: ["Ingest", "WireFormats"],
        products: [hummingbird, nioCore]),

    Room(
        "Alerting", floor: 6,
        uses: [
            "QueryLanguages", "StateStore", "Storage", "TelemetryModel", "StrictYAML",
            "Platform",
            "ByteCoding",
        ],
        products: [logging]),
    Room(
        "Scaling", floor: 6,
        uses: ["Answers", "StateStore", "StrictYAML", "TelemetryModel", "Platform", "ByteCoding"],
        products: [logging]),

    Room(
        "DashboardFiles", floor: 6, path: "Dashboards", exclude: ["README.md"],
        resources: [
            "overview.yaml", "service.yaml", "trace.yaml", "host.yaml", "page.mustache", "table.mustache", "style.css",
            "query-editor.js", "query-chart.js",
        ].map { .embedInCode($0) }),
    Room(
        "Reporting", floor: 7,
        uses: [
            "Alerting", "Answers", "DashboardFiles", "QueryEngine", "QueryLanguages", "Storage", "TelemetryModel",
            "StrictYAML", "ByteCoding",
        ],
        products: [mustache]),

    Room(
        "Server", floor: 8,
        uses: [
            "Reporting", "Alerting", "Scaling", "Answers", "IntakeRoutes", "Ingest", "QueryEngine", "QueryLanguages", "Delivery",
            "EmbeddedStorage", "StateStore", "Storage", "StrictYAML", "HTTPTransport", "WireFormats", "TelemetryModel",
            "Platform", "ByteCoding",
        ],
        products: [
            crypto, hummingbird, hummingbirdCore, hummingbirdTLS, nioCore, nioHTTP1, nioSSL, lifecycle, unixSignals, logging,
        ]),
    Room(
        "Agent", floor: 8,
        uses: [
            "StrictYAML", "CollectorKit", "Forwarding", "HostCollector", "NginxCollector", "RedisCollector", "IntakeRoutes",
            "Ingest",
            "HTTPTransport", "TelemetryModel", "Platform",
        ],
        products: [hummingbird, nioCore, lifecycle, unixSignals, logging]),
    Room(
        "Demo", floor: 8, uses: ["HeadropeClient", "HTTPTransport", "Platform"],
        products: [argumentParser, hummingbird, lifecycle, logging, grdb, nioCore, tracing]),
    Room(
        "CommandLineTool", floor: 8,
        uses: [
            "Reporting", "Alerting", "Answers", "HTTPTransport", "QueryLanguages", "TraceAnalysis", "TelemetryModel", "Platform",
            "ByteCoding",
        ],
        products: [argumentParser]),

    Room(
        "headrope", floor: 9,
        uses: [
            "Server", "Demo", "CommandLineTool", "EmbeddedStorage", "StateStore", "Platform", "QueryLanguages", "TelemetryModel",
        ],
        products: [argumentParser], kind: .executable),
    Room("headrope-agent", floor: 9, uses: ["Agent"], products: [argumentParser], kind: .executable),

    Room(
        "TracedExample", floor: 9, uses: ["HeadropeClient"], products: [tracing], path: "Examples/TracedExample",
        exclude: ["README.md"], kind: .executable),

    // Used by tests only: the in-memory reference, the shared data folder, processes under test.
    Room(
        "TestSupport", floor: 9,
        uses: ["Storage", "TelemetryModel", "WireFormats", "HTTPTransport", "Platform", "ByteCoding"],
        products: [hummingbird, hummingbirdTLS, nioSSL, logging], path: "Tests/TestSupport"),
    // Load and a file system that kills its process, for tests of what survives; the process that is killed.
    Room(
        "FaultLoad", floor: 10,
        uses: ["EmbeddedStorage", "Storage", "TraceAnalysis", "TelemetryModel", "Platform", "TestSupport"], path: "Tests/FaultLoad"
    ),
    Room(
        "FaultChild", floor: 11, uses: ["FaultLoad", "EmbeddedStorage", "Storage", "Platform"], path: "Tests/FaultChild",
        kind: .executable),

    tests("ByteCodingTests", uses: ["ByteCoding", "Platform", "TestSupport"]),
    tests("PlatformTests", uses: ["Platform"]),
    tests("TelemetryModelTests", uses: ["TelemetryModel", "ByteCoding", "Platform"]),
    tests("SegmentLogTests", uses: ["SegmentLog", "ByteCoding", "Platform"]),
    tests("StrictYAMLTests", uses: ["StrictYAML"]),
    tests("QueryLanguagesTests", uses: ["QueryLanguages", "Platform", "TestSupport"]),
    tests(
        "HTTPTransportTests", uses: ["HTTPTransport", "Platform", "TestSupport"],
        products: [hummingbird, nioSSL]),
    tests(
        "WireFormatsTests", uses: ["WireFormats", "TelemetryModel", "Platform", "ByteCoding", "TestSupport"],
        exclude: ["Fixtures"]),
    tests("TraceAnalysisTests", uses: ["TraceAnalysis", "TelemetryModel", "ByteCoding", "TestSupport"]),
    tests(
        "StorageContract",
        uses: ["Storage", "EmbeddedStorage", "TraceAnalysis", "TelemetryModel", "Platform", "ByteCoding", "TestSupport"]),
    tests(
        "EmbeddedStorageTests",
        uses: [
            "EmbeddedStorage", "QueryEngine", "QueryLanguages", "Storage", "TraceAnalysis", "TelemetryModel", "Platform",
            "ByteCoding", "TestSupport",
        ], exclude: ["Golden"]),
    tests(
        "FaultTests",
        uses: [
            "FaultLoad", "EmbeddedStorage", "Storage", "HTTPTransport", "TelemetryModel", "TraceAnalysis", "WireFormats",
            "Platform", "ByteCoding", "TestSupport",
        ]),
    tests("StateStoreTests", uses: ["StateStore"], products: [grdb]),
    tests(
        "HeadropeClientTests", uses: ["HeadropeClient", "Platform", "TelemetryModel", "TestSupport"], products: [tracing]),
    tests(
        "IngestTests",
        uses: ["Ingest", "IntakeRoutes", "Storage", "TelemetryModel", "WireFormats", "Platform", "ByteCoding", "TestSupport"],
        products: [hummingbird, nioCore]),
    tests(
        "QueryEngineTests",
        uses: ["QueryEngine", "QueryLanguages", "Storage", "TelemetryModel", "Platform", "HTTPTransport", "TestSupport"]),
    tests("AnswersTests", uses: ["Answers", "TraceAnalysis", "TelemetryModel", "Platform", "TestSupport"]),
    tests(
        "CollectorTests",
        uses: [
            "CollectorKit", "HostCollector", "NginxCollector", "RedisCollector", "HTTPTransport", "WireFormats", "TelemetryModel",
            "Platform",
            "ByteCoding", "TestSupport",
        ], products: [logging]),
    tests(
        "AgentTests",
        uses: [
            "Agent", "Forwarding", "CollectorKit", "HTTPTransport", "SegmentLog", "WireFormats", "TelemetryModel", "Platform",
            "ByteCoding", "StrictYAML", "TestSupport",
        ], products: [hummingbird, nioCore, logging]),
    tests(
        "AlertingTests",
        uses: [
            "Alerting", "Delivery", "Answers", "HTTPTransport", "QueryEngine", "StateStore", "StrictYAML", "TelemetryModel",
            "Platform",
            "TestSupport",
        ]),
    tests(
        "ScalingTests",
        uses: ["Scaling", "Answers", "StateStore", "StrictYAML", "TelemetryModel", "TraceAnalysis", "Platform", "TestSupport"],
        products: [logging]),
    tests(
        "ReportingTests",
        uses: [
            "Reporting", "Answers", "DashboardFiles", "QueryEngine", "TelemetryModel", "TraceAnalysis", "Platform", "TestSupport",
        ]),
    tests(
        "ServerTests",
        uses: [
            "Server", "EmbeddedStorage", "Ingest", "QueryEngine", "Storage", "HTTPTransport", "TelemetryModel", "WireFormats",
            "Platform",
            "ByteCoding",
            "StrictYAML", "TraceAnalysis", "TestSupport",
        ], products: [hummingbird, logging, nioCore]),
    tests("DemoTests", uses: ["Demo", "HTTPTransport", "TelemetryModel", "TestSupport"]),
    tests(
        "CommandLineToolTests", uses: ["CommandLineTool", "Answers", "HTTPTransport", "Platform", "TestSupport"],
        exclude: ["Golden"]),
    tests("EndToEndTests", uses: ["HTTPTransport", "TestSupport"], exclude: ["Shop", "Metrics", "requirements.txt"]),
]

// Only for `make bench-client`, which sets the variable: who builds the package does not build its benchmarks.
let benchmarks: [Room] =
    Context.environment["HEADROPE_BENCHMARKS"] == nil
    ? []
    : [
        Room(
            "ClientBenchmark", floor: 9, uses: ["HeadropeClient"], products: [tracing], path: "Benchmarks/ClientBenchmark",
            kind: .executable)
    ]

let floorOf = Dictionary(uniqueKeysWithValues: (rooms + benchmarks).map { ($0.name, $0.floor) })
for room in rooms + benchmarks {
    for used in room.uses {
        guard let floor = floorOf[used] else { preconditionFailure("\(room.name) uses \(used), which is no target here.") }
        precondition(
            floor < room.floor,
            "\(room.name) (floor \(room.floor)) may not use \(used) (floor \(floor)): data goes down once and up once, so a target imports only lower floors."
        )
        precondition(
            !["EmbeddedStorage", "ClickHouseStorage"].contains(used) || room.floor >= 8,
            "\(room.name) may not use \(used): below the server only the Storage SPI is known.")
    }
}

let package = Package(
    name: "Headrope",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "headrope", targets: ["headrope"]),
        .executable(name: "headrope-agent", targets: ["headrope-agent"]),
        .library(name: "HeadropeClient", targets: ["HeadropeClient"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", .upToNextMinor(from: "1.8.2")),
        .package(url: "https://github.com/apple/swift-crypto.git", .upToNextMinor(from: "4.5.2")),
        .package(url: "https://github.com/apple/swift-distributed-tracing.git", .upToNextMinor(from: "1.7.3")),
        .package(url: "https://github.com/apple/swift-log.git", .upToNextMinor(from: "1.16.2")),
        .package(url: "https://github.com/apple/swift-nio.git", .upToNextMinor(from: "2.101.2")),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", .upToNextMinor(from: "2.37.6")),
        .package(url: "https://github.com/groue/GRDB.swift.git", .upToNextMinor(from: "7.10.0")),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", .upToNextMinor(from: "2.28.1")),
        .package(url: "https://github.com/hummingbird-project/swift-mustache.git", .upToNextMinor(from: "2.1.1")),
        .package(url: "https://github.com/jpsim/Yams.git", .upToNextMinor(from: "6.2.2")),
        .package(url: "https://github.com/swift-server/async-http-client.git", .upToNextMinor(from: "1.37.0")),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", .upToNextMinor(from: "2.13.0")),
    ],
    targets: [
        .systemLibrary(name: "CZstd", path: "Sources/CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CZlib", path: "Sources/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    ] + (rooms + benchmarks).map(\.target),
    swiftLanguageModes: [.v6]
)
