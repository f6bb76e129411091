package dev.cloister.policy.model;

import java.nio.file.Path;
import java.util.Optional;

/** What a host endpoint is on the host. Nothing here is opened by the model. */
public sealed interface HostObject {
    /** Returns the sort of resource. */
    HostResource resource();

    /** The live audit stream. */
    record Audit() implements HostObject {
        @Override
        public HostResource resource() {
            return HostResource.AUDIT;
        }
    }

    /** The operator's console. */
    record Console() implements HostObject {
        @Override
        public HostResource resource() {
            return HostResource.CONSOLE;
        }
    }

    /**
     * A disk.
     *
     * @param path the path as written
     * @param resolved the path against the folder of the file that declares it
     * @param sha256 digest that its content must have, where the policy states one
     * @param readOnly whether no domain may write it
     */
    record Disk(String path, Path resolved, Optional<String> sha256, boolean readOnly) implements HostObject {
        @Override
        public HostResource resource() {
            return HostResource.DISK;
        }
    }

    /**
     * A network interface.
     *
     * @param interfaceName its name on the host, 1 to 15 characters
     */
    record Tap(String interfaceName) implements HostObject {
        @Override
        public HostResource resource() {
            return HostResource.TAP;
        }
    }

    /**
     * A log file.
     *
     * @param path the path as written
     * @param resolved the path against the folder of the file that declares it
     * @param maxBytes size in bytes at which it is rotated
     */
    record Log(String path, Path resolved, long maxBytes) implements HostObject {
        @Override
        public HostResource resource() {
            return HostResource.LOG;
        }
    }
}
