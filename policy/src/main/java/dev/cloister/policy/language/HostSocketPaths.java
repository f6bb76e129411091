package dev.cloister.policy.language;

import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.HostObject;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Refuses sockets of the host that lie where a domain looks for a port of another: for port 7 at {@code s} it connects to {@code s_7},
 * and would reach what belongs to somebody else, unseen by the analyses.
 */
final class HostSocketPaths {
    private static final Pattern PORT = Pattern.compile("(.+)_[0-9]+");

    private final List<HostEndpoint> endpoints;
    private final Fields host;

    HostSocketPaths(List<HostEndpoint> endpoints, Fields host) {
        this.endpoints = endpoints;
        this.host = host;
    }

    /** Reports each. */
    void check() {
        Map<String, String> names = new HashMap<>();
        endpoints.forEach(endpoint -> path(endpoint, names));
        for (HostEndpoint endpoint : endpoints) {
            if (endpoint.object() instanceof HostObject.Socket socket) {
                Matcher port = PORT.matcher(socket.resolved().toString());
                String other = port.matches() ? names.get(port.group(1)) : null;
                if (other != null) {
                    host.problems()
                            .errorAt(
                                    FindingId.DUPLICATE,
                                    endpoint.position().line(),
                                    endpoint.position().column(),
                                    endpoint.name() + " lies where the domain of " + other + " looks for a port",
                                    "paths of which none is another with '_' and a number behind it",
                                    "");
                }
            }
        }
    }

    private static void path(HostEndpoint endpoint, Map<String, String> names) {
        if (endpoint.object() instanceof HostObject.Socket socket) {
            Path path = socket.resolved();
            names.put(path.toString(), endpoint.name());
        }
    }
}
