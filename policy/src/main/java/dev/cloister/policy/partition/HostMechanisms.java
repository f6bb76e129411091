package dev.cloister.policy.partition;

import dev.cloister.policy.cgroup.CgroupMount;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Finds out how this host can stop a domain, best first: the freezer of cgroup v2, that of v1, signals. docs/schedule.md has the
 * measurements behind the order. Stateless.
 */
public final class HostMechanisms {

    private HostMechanisms() {}

    /**
     * Tries the mechanisms out.
     *
     * @return those that work here, best first; the last is always there and isn't {@linkplain StopperFactory#enforced enforced}
     */
    public static List<StopperFactory> available() {
        List<StopperFactory> found = new ArrayList<>();
        for (CgroupVersion version : CgroupVersion.values()) {
            (version == CgroupVersion.V2 ? CgroupMount.unified() : CgroupMount.v1("freezer"))
                    .flatMap(at ->
                            usable(version, at.mount(), at.own()).or(() -> usable(version, at.mount(), at.mount())))
                    .ifPresent(found::add);
        }
        found.add(new SignalStoppers());
        return List.copyOf(found);
    }

    private static Optional<StopperFactory> usable(CgroupVersion version, Path mount, Path parent) {
        try {
            CgroupStoppers stoppers = new CgroupStoppers(version, mount, parent);
            stoppers.probe();
            return Optional.of(stoppers);
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
