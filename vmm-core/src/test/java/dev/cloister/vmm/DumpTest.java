package dev.cloister.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Memfd;
import dev.cloister.policy.protocol.Direction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Guest memory is left out of core dumps, whatever becomes of the limits on them: "dd" in VmFlags (proc(5), smaps). */
@Timeout(300)
class DumpTest {
    private record Area(long from, long to, String flags) {}

    private static List<Area> areas() throws IOException {
        List<Area> areas = new ArrayList<>();
        long from = 0;
        long to = 0;
        for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
            if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
                int dash = line.indexOf('-');
                from = Long.parseUnsignedLong(line, 0, dash, 16);
                to = Long.parseUnsignedLong(line, dash + 1, line.indexOf(' '), 16);
            } else if (line.startsWith("VmFlags:")) {
                areas.add(new Area(from, to, line));
            }
        }
        return areas;
    }

    private static void allKeptOut(long[] ranges) throws IOException {
        List<Area> areas = areas();
        for (int i = 0; i < ranges.length; i += 2) {
            long from = ranges[i];
            long to = ranges[i + 1];
            assertThat(areas.stream().filter(a -> a.from() < to && a.to() > from))
                    .isNotEmpty()
                    .allSatisfy(a -> assertThat(a.flags().split(" ")).contains("dd"));
        }
    }

    @Test
    void guestMemoryAndWindowsAreLeftOutAlsoWhenAChannelComesAndGoes() throws Exception {
        try (Machine machine = TestGuest.machine(TestGuest.config(TestGuest.long64("main: exit 0\ntrap: exit 2\n"))
                        .channels(List.of(ChannelTest.memory(Direction.OUT))));
                Memfd memory = ChannelTest.ringMemory();
                EventFd bell = EventFd.create()) {
            allKeptOut(machine.facts().hostRanges());
            List<Fd> fds = ChannelTest.fds(memory.fd().duplicate(), bell.fd().duplicate());
            machine.channels().attach(0, Direction.OUT, fds);
            allKeptOut(machine.facts().hostRanges());
            machine.channels().revoke(0);
            allKeptOut(machine.facts().hostRanges());
        }
    }
}
