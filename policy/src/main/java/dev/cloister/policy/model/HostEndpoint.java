package dev.cloister.policy.model;

/**
 * A host resource that flows may name.
 *
 * @param index dense number, after those of the domains
 * @param name the name by which flows refer to it, such as {@code @audit} or {@code @disk:root}
 * @param label its security label
 * @param type index of its type, or {@link Endpoint#NO_TYPE}
 * @param object what it is on the host
 * @param position where the policy declares it
 */
public record HostEndpoint(int index, String name, Label label, int type, HostObject object, SourcePosition position)
        implements Endpoint {
    /** Returns which sort of resource it is. */
    public HostResource resource() {
        return object.resource();
    }
}
