package dev.cloister.it.isolation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The page on the suite lists what the suite tries. */
class IsolationPageTest {
    private static final String HEAD = """
        # Isolation from inside

        What a guest can try from inside its virtual machine, and what must come of it. Each attempt is made by a guest of the suite
        (`it-tests/src/test/resources/guests/isolation`, assembled by the project's own assembler) under a real `cloister up` with
        three domains: the *prober*; its *peer*, which looks at the memory that only it may write, all of it, over and over, and tells of
        every change, signal and record; and a *bystander*, which counts. The tests (`IsolationTest`, `EndingsTest`, `FreshTest`)
        compare each answer with its row, look for each violation in the audit log at its place, verify the log, and require that peer and
        bystander notice nothing.

            mvn verify -pl it-tests -am -Dtest='IsolationTest,EndingsTest,FreshTest' -Dsurefire.failIfNoSpecifiedTests=false

        An answer is a number in hexadecimal or `#` and an exception. Where several are allowed, hosts differ: with
        hardware KVM the processor answers, on software-assisted KVM its interpreter or Cloister's emulator.
        """;

    private static final String TAIL = """

        ## What the suite found

        - Doorbells rang by 8 and 16 bits also, against the ABI. Mended.
        - KVM without hardware support never comes back from some instructions (`sgdt` into read-only memory, a descriptor in read-only or
          absent memory). The guest stands still, its VMM can be stopped as ever, nobody else notices.

        ## What it shows of the host

        These are no ways out, but a guest learns them. The table's rows allow them.

        | | hardware KVM | software-assisted KVM |
        |---|---|---|
        | the time stamp counter | begins at 0 with the machine | the host's: for how long it has been on, and one clock for all domains |
        | `rdpid` of user code | what the guest's kernel set | the number of the host's processor |
        | CPUID | features, name and caches of the host's processor; topology is the machine's | the same |
        | MSRs | IA32_ARCH_CAPABILITIES: which flaws the host's processor has | the same |

        ## Not tried

        Two vCPUs that race (a request page changed while it is read); firmware regions; device rings in guest memory other than
        channels', since there are no such devices yet; bus locks and other ways to slow everybody, which a schedule answers.
        """;

    private static String table(String title, List<Attempt> attempts) {
        StringBuilder text =
                new StringBuilder("\n### " + title + "\n\n| attempt | what | must come of it |\n|---|---|---|\n");
        for (Attempt each : attempts) {
            text.append("| `%s` | %s | %s |\n".formatted(each.name(), each.what(), each.outcome()));
        }
        return text.toString();
    }

    private static String endings(String title, List<Ending> endings) {
        StringBuilder text = new StringBuilder("\n### " + title + "\n\n| domain | what |\n|---|---|\n");
        endings.forEach(each -> text.append("| `%s` | %s |\n".formatted(each.name(), each.what())));
        return text.toString();
    }

    @Test
    void pageListsTheAttempts() throws IOException {
        int count = KernelAttempts.all().size() + UserAttempts.all().size() + Ending.ALL.size() + Ending.STALLS.size();
        String page = HEAD
                + "\n## Kernel code\n\n" + count + " attempts in all.\n"
                + table("Memory that isn't there", KernelAttempts.MEMORY)
                + table("The region that only the peer may write", KernelAttempts.READ_ONLY)
                + table("What the processor writes by itself, and the host's addresses", KernelAttempts.TABLES)
                + table("Doorbells, requests, interrupts", KernelAttempts.DOORBELLS)
                + table("Ports", KernelAttempts.PORTS)
                + table("Registers of the machine", KernelAttempts.REGISTERS)
                + table("Rings", KernelAttempts.RINGS)
                + "\n## User code\n"
                + table("Memory", UserAttempts.MEMORY)
                + table("The region that only the peer may write", UserAttempts.READ_ONLY)
                + table("What only the guest's kernel may do", UserAttempts.PRIVILEGED)
                + table("What the processor tells", UserAttempts.TELLING)
                + table("Ways to the kernel", UserAttempts.LEAVING)
                + "\n## Guests that end\n"
                + endings("By themselves: that domain only, with code 70, or 0 where a PC goes off", Ending.ALL)
                + endings("Not by themselves: the operator's `stop` ends them, the log stays small", Ending.STALLS)
                + "\n"
                + "## Memory at the start\n\n"
                + "A guest that looks at all its memory, its windows, registers and vector registers before it has"
                + " done anything finds its image, the loader's four pages and zeros; then it leaves a secret"
                + " everywhere and ends. Started again, it finds exactly the same.\n"
                + TAIL;
        Path file = Cloister.root().resolve(Path.of("docs", "assurance", "isolation.md"));
        if ("write".equals(System.getProperty("cloister.docs"))) {
            Files.writeString(file, page);
        }
        assertThat(Files.readString(file))
                .as("docs/assurance/isolation.md; regenerate it with -Dcloister.docs=write")
                .isEqualTo(page);
    }
}
