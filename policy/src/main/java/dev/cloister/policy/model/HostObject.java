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
     * @param persistentMemory whether guests find it as persistent memory and not as a disk
     */
    record Disk(String path, Path resolved, Optional<String> sha256, boolean readOnly, boolean persistentMemory)
            implements HostObject {
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
     * Where programs of the host talk to a domain by AF_VSOCK.
     *
     * @param path the path as written
     * @param resolved the path against the folder of the file that declares it, at most {@value #MAX_PATH_BYTES} bytes
     */
    record Socket(String path, Path resolved) implements HostObject {
        /** Bytes of the longest path: the number of a port fits behind it in an address of unix(7). */
        public static final int MAX_PATH_BYTES = 96;

        @Override
        public HostResource resource() {
            return HostResource.SOCKET;
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
