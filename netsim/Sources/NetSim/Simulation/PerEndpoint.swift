/// A value for each end. Kept in a property of its own, so that an end and its owner's other properties can be
/// changed at the same time.
struct PerEndpoint<Value: Sendable>: Sendable {
    var client: Value
    var server: Value

    subscript(endpoint: Endpoint) -> Value {
        get { endpoint == .client ? client : server }
        _modify {
            if endpoint == .client { yield &client } else { yield &server }
        }
    }
}
