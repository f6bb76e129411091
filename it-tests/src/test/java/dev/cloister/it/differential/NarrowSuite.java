package dev.cloister.it.differential;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Real, virtual-8086 and 16- and 32-bit protected mode, without paging. */
final class NarrowSuite implements SystemSuite {
    /** Forms that need no supervisor and no segments are compared with the processor itself; these are left to this kernel. */
    private static final Pattern FORMS = Pattern.compile(
            "mov|push|pop|pusha|pushaw|popa|popaw|pushf|pushfw|popf|popfw|enter|leave|call|jmp|ret|retf|iret|iretw|int|int3|into|int1|bound"
                + "|l[defgs]s|lar|lsl|ver[rw]|arpl|lldt|ltr|sldt|str|[ls]gdt|[ls]idt|[ls]msw|clts|cli|sti|hlt|invd|wbinvd|invlpg"
                + "|in|out|ins|outs|movs|cmps|scas|lods|stos|xlat|aa[adms]|da[as]|sysenter|sysexitd|rsm|rdmsr|wrmsr"
                + "|loop|loope|loopne|j[er]?cxz|salc|cbw|cwd|cwde|cdq|sahf|lahf|xchg|lea|monitor|rdpmc|ud2|syscall|sysretd");

    @Override
    public SystemMachine emulated() {
        return new NarrowEmulated();
    }

    @Override
    public Iterable<SystemCase> generate(Wanted wanted) {
        return Arrays.stream(SystemMode.values())
                .filter(mode -> wanted.isMode(mode.title))
                .flatMap(mode -> Site.all(mode.bits).stream()
                        .filter(site -> FORMS.matcher(site.form().mnemonic).matches() && wanted.isForm(site))
                        .flatMap(site -> cases(site, mode, wanted)))::iterator;
    }

    private static Stream<SystemCase> cases(Site site, SystemMode mode, Wanted wanted) {
        SystemGenerator generator =
                new SystemGenerator(new Random(wanted.seed() * 31 + site.name().hashCode() + mode.ordinal()));
        return SystemSuite.cases(site, mode.title, wanted, () -> generator.generate(site, mode));
    }

    @Override
    public List<String> differences(SystemCase c, SystemOutcome mine, SystemOutcome their) {
        return SystemComparison.differences(c, mine, their);
    }

    @Override
    public String why(SystemCase c, SystemOutcome mine, SystemOutcome their, List<String> differences) {
        return SystemPermitted.why(c, mine, their, differences);
    }
}
