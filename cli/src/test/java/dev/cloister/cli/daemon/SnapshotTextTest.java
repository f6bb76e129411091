package dev.cloister.cli.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.protocol.Snapshot;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SnapshotTextTest {
    private static Snapshot.DomainView domain(String name, long cid, Snapshot.ConsoleView... consoles) {
        return new Snapshot.DomainView(
                name,
                "id",
                "low",
                "running",
                7,
                "emulated",
                0,
                0,
                Map.of(),
                0,
                0,
                0,
                0,
                0,
                0,
                -1,
                "",
                List.of(),
                cid,
                List.of(consoles));
    }

    private static List<String> tables(Snapshot.DomainView... domains) {
        Snapshot snapshot =
                new Snapshot("p", "digest", 1, 2, 3, true, 4, "hash", List.of(domains), List.of(), List.of());
        return SnapshotText.tables(snapshot);
    }

    @Test
    void contextIdsAndWhoIsAttachedAreATableOfTheirOwn() {
        Snapshot.ConsoleView typing = new Snapshot.ConsoleView(1, "ann", 12, "write");
        Snapshot.ConsoleView looking = new Snapshot.ConsoleView(2, "bob", 0, "read");
        assertThat(tables(domain("desk", 5, typing, looking, looking), domain("shop", 0), domain("till", 4294967294L)))
                .contains(
                        "DOMAIN         CID  CONSOLE",
                        "desk             5  ann (process 12) types, 2 look on",
                        "till    4294967294  -")
                .noneMatch(line -> line.startsWith("shop") && !line.contains("emulated"));
    }

    @Test
    void domainsWithoutThemNeedNoSuchTable() {
        assertThat(tables(domain("desk", 0))).noneMatch(line -> line.contains("CID"));
    }
}
