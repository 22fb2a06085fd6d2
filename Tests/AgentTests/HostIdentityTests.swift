import Agent
import TelemetryModel
import Testing

@Suite struct HostIdentityTests {
    private let identity = HostIdentity(name: "web-1", attributes: [Attribute("host.id", "0123"), Attribute("os.type", "linux")])

    @Test("the host itself is the agent's service with the host's name as instance")
    func ownResource() {
        let resource = identity.completing([])
        #expect(resource.string("service.name") == "headrope-agent")
        #expect(resource.string("service.instance.id") == "web-1")
        #expect(resource.string("host.name") == "web-1")
        #expect(resource.string("host.id") == "0123")
    }

    @Test("what a resource says itself stays, and only missing keys are added")
    func completion() {
        let resource = identity.completing([Attribute("service.name", "nginx"), Attribute("host.name", "other")])
        #expect(resource.string("service.name") == "nginx")
        #expect(resource.string("service.instance.id") == nil)
        #expect(resource.filter { $0.key == "host.name" } == [Attribute("host.name", "other")])
        #expect(resource.string("os.type") == "linux")
    }

    @Test("this machine has a name, an architecture and a kind of system")
    func machine() {
        let identity = HostIdentity.current(configured: [])
        #expect(!identity.name.isEmpty)
        #expect(identity.attributes.string("host.arch") != nil)
        #expect(identity.attributes.string("os.type") != nil)
    }
}
