/// A text with `{{ … }}` in it, in the part of Go's template language that alerts use: variables, pipelines, functions,
/// `if`/`else`/`end`, and trimming by `{{-` and `-}}`.
public struct AlertTemplate: Sendable, Equatable {
    /// What a template can refer to.
    public struct Context: Sendable {
        /// The labels of the series behind the alert.
        public var labels: [String: String]
        /// The labels that the server adds to everything it sends.
        public var externalLabels: [String: String]
        /// Where the server is found by people.
        public var externalURL: String
        /// The value of the series.
        public var value: Double

        /// Says what a template can refer to.
        public init(labels: [String: String], value: Double, externalLabels: [String: String] = [:], externalURL: String = "") {
            self.labels = labels
            self.value = value
            self.externalLabels = externalLabels
            self.externalURL = externalURL
        }
    }

    indirect enum Node: Sendable, Equatable {
        case text(String)
        case action(Pipeline)
        case condition(branches: [Branch], otherwise: [Node])
    }

    struct Branch: Sendable, Equatable {
        var condition: Pipeline
        var body: [Node]
    }

    /// Commands of which each hands its value to the next as its last argument.
    struct Pipeline: Sendable, Equatable {
        var commands: [[Operand]]
    }

    indirect enum Operand: Sendable, Equatable {
        case text(String)
        case number(Double)
        case flag(Bool)
        case variable(String, fields: [String])
        case function(String)
        case nested(Pipeline)
    }

    /// The text of the template.
    public let source: String
    private let nodes: [Node]

    /// How many bytes a template may give.
    static let outputLimit = 64 << 10

    /// Parses a template. Throws ``TemplateError`` for what is no template or uses what is not known.
    public init(_ source: String) throws(TemplateError) {
        self.source = source
        nodes = try TemplateParser.parse(source)
    }

    /// A template that is its own text, whatever stands in it.
    public init(plainText: String) {
        source = plainText
        nodes = [.text(plainText)]
    }

    /// The text with everything filled in. What cannot be filled in gives a text that says so, as in Prometheus.
    public func render(_ context: Context) -> String {
        do throws(TemplateError) {
            var output = ""
            try Self.render(nodes, context, &output)
            return output
        } catch {
            return "<error expanding template: \(error)>"
        }
    }

    private static func render(_ nodes: [Node], _ context: Context, _ output: inout String) throws(TemplateError) {
        for node in nodes {
            switch node {
            case .text(let text): output += text
            case .action(let pipeline): output += try evaluate(pipeline, context).description
            case .condition(let branches, let otherwise):
                var taken = otherwise
                for branch in branches where try evaluate(branch.condition, context).isTrue {
                    taken = branch.body
                    break
                }
                try render(taken, context, &output)
            }
            if output.utf8.count > outputLimit { throw TemplateError("The text has more than \(outputLimit) bytes.") }
        }
    }

    private static func evaluate(_ pipeline: Pipeline, _ context: Context) throws(TemplateError) -> TemplateValue {
        var last: TemplateValue?
        for command in pipeline.commands {
            guard let first = command.first else { throw TemplateError("A command is empty.") }
            var arguments: [TemplateValue] = []
            for operand in command.dropFirst() { arguments.append(try evaluate(operand, context)) }
            if let last { arguments.append(last) }
            if case .function(let name) = first {
                last = try TemplateFunctions.call(name, arguments)
            } else if arguments.isEmpty {
                last = try evaluate(first, context)
            } else {
                throw TemplateError("Only functions take arguments.")
            }
        }
        return last ?? .text("")
    }

    private static func evaluate(_ operand: Operand, _ context: Context) throws(TemplateError) -> TemplateValue {
        switch operand {
        case .text(let text): return .text(text)
        case .number(let number): return .number(number)
        case .flag(let flag): return .flag(flag)
        case .nested(let pipeline): return try evaluate(pipeline, context)
        case .function(let name): return try TemplateFunctions.call(name, [])
        case .variable(let name, let fields): return try variable(name, fields, context)
        }
    }

    private static func variable(_ name: String, _ fields: [String], _ context: Context) throws(TemplateError) -> TemplateValue {
        var fields = fields[...]
        let root: String
        if name == "$" {
            // The whole context: its fields have capital letters, as Prometheus documents them.
            let byField = ["Labels": "labels", "ExternalLabels": "externalLabels", "ExternalURL": "externalURL", "Value": "value"]
            guard let field = fields.popFirst() else { throw TemplateError("'.' alone cannot be printed.") }
            guard let known = byField[field] else { throw TemplateError("There is no field '\(field)'.") }
            root = known
        } else {
            root = String(name.dropFirst())
        }
        let value: TemplateValue =
            switch root {
            case "labels": .labels(context.labels)
            case "externalLabels": .labels(context.externalLabels)
            case "externalURL": .text(context.externalURL)
            default: .number(context.value)
            }
        guard let field = fields.popFirst() else { return value }
        guard case .labels(let labels) = value, fields.isEmpty else { throw TemplateError("'\(root)' has no field '\(field)'.") }
        return .text(labels[field] ?? "")
    }
}
