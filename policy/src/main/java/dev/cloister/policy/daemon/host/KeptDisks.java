package dev.cloister.policy.daemon.host;

import dev.cloister.linux.Fd;
import dev.cloister.policy.keeper.FdStore;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.HostObject;
import dev.cloister.policy.model.Policy;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;

/**
 * The daemon's descriptors of disks in its store, where its successor finds them: the same files under the same locks, whatever has become of
 * their names. Any thread, but for the making.
 */
public final class KeptDisks implements AutoCloseable {
    private static final String PREFIX = "disk.";

    /** What came back, and as what it was opened. */
    private record Back(HostObject object, Fd fd) {}

    private final FdStore store;
    private final Executor loop;
    private final Map<String, Back> back = new HashMap<>();

    /**
     * Takes what came back of a policy's disks.
     *
     * @param loop runs what uses the store, in order
     */
    public KeptDisks(Policy policy, FdStore store, Executor loop) {
        this.store = store;
        this.loop = loop;
        for (Endpoint endpoint : policy.endpoints()) {
            if (endpoint instanceof HostEndpoint host && host.object() instanceof HostObject.Disk) {
                store.take(name(host.name())).ifPresent(fd -> back.put(host.name(), new Back(host.object(), fd)));
            }
        }
    }

    /** The descriptor that an earlier daemon had of a disk, as its caller's. */
    synchronized Optional<Fd> take(HostEndpoint endpoint) {
        Back found = back.remove(endpoint.name());
        if (found == null) {
            return Optional.empty();
        }
        if (found.object().equals(endpoint.object())) {
            return Optional.of(found.fd());
        }
        found.fd().close();
        return Optional.empty();
    }

    /** Keeps a disk as long as it is open. */
    void put(HostDisk disk) {
        loop.execute(() -> disk.keep(fd -> store.put(name(disk.name()), fd)));
    }

    /** Forgets a disk that is closed. */
    void remove(String disk) {
        loop.execute(() -> store.remove(name(disk)));
    }

    /** Names in the store have no colons. */
    private static String name(String disk) {
        return PREFIX + disk.substring(disk.indexOf(':') + 1);
    }

    @Override
    public synchronized void close() {
        back.values().forEach(found -> found.fd().close());
        back.clear();
    }
}
