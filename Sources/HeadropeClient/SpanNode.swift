/// Who a span is: what stands in the context that it hands on. A class, as a context keeps references without a box.
class SpanNode: @unchecked Sendable {
    // @unchecked only because the class has a subclass.
    let own: SpanContext

    init(_ own: SpanContext) { self.own = own }

    /// Whether it is a span, and not recorded.
    var endsRecording: Bool { !own.isSampled && own.hasParent }
}
