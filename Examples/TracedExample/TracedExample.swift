import HeadropeClient
import Tracing

/// A program of three steps that traces itself: see README.md beside it.
@main
enum TracedExample {
    static func main() async throws {
        var configuration = HeadropeTracer.Configuration(
            serviceName: "breakfast", endpoint: CommandLine.arguments.dropFirst().first ?? "http://127.0.0.1:9777")
        configuration.resourceAttributes["service.version"] = "1.0.0"
        let tracer = try HeadropeTracer.bootstrap(configuration)

        // Libraries that know nothing of Headrope call `withSpan` too; their spans become children of the current one.
        let traceID = await withSpan("make breakfast", ofKind: .server) { span -> String in
            async let coffee: Void = brewCoffee(cups: 2)
            async let eggs: Void = boilEggs(minutes: 4)
            _ = await (coffee, eggs)
            setTable(tracer, span.context)
            return (span as? HeadropeSpan)?.traceID ?? ""
        }

        await tracer.shutdown()
        print("Trace \(traceID): \(tracer.statistics.exported) of \(tracer.statistics.ended) spans were sent.")
    }

    /// Spans of hot paths need the tracer and the context said.
    static func setTable(_ tracer: HeadropeTracer, _ context: ServiceContext) {
        let table = tracer.startFast("set table", in: context)
        for plate in 1...2 {
            let step = table.child("plate")
            step.set("plate.number", plate)
            step.end()
        }
        table.end()
    }

    static func brewCoffee(cups: Int) async {
        await withSpan("brew coffee") { span in
            span.attributes["coffee.cups"] = cups
            try? await Task.sleep(for: .milliseconds(30))
        }
    }

    static func boilEggs(minutes: Int) async {
        await withSpan("boil eggs") { span in
            span.addEvent("water boils")
            try? await Task.sleep(for: .milliseconds(10 * minutes))
            span.setStatus(SpanStatus(code: .ok))
        }
    }
}
