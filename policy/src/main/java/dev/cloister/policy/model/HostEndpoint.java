package dev.cloister.policy.model;

/**
 * A host resource that flows may name.
 *
 * @param index dense number, after those of the domains
 * @param resource which one
 * @param label its security label
 * @param position where the policy declares it
 */
public record HostEndpoint(int index, HostResource resource, Label label, SourcePosition position) implements Endpoint {
    @Override
    public String name() {
        return resource.endpointName();
    }
}
