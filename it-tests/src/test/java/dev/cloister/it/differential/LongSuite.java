package dev.cloister.it.differential;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** 64-bit and compatibility mode at CPL 0 and CPL 3, with paging. */
final class LongSuite implements SystemSuite {
    private static final Pattern FORMS = Pattern.compile(
            "push|pop|pusha|popa|pushf|pushfw|pushfq|popf|popfw|popfq|enter|leave|call|jmp|ret|retf|iret|iretw|iretq"
                + "|int|int3|into|l[defgs]s|lar|lsl|ver[rw]|arpl|lldt|ltr|sldt|str|[ls]gdt|[ls]idt|[ls]msw|clts|cli|sti"
                + "|hlt|invd|wbinvd|invlpg|in|out|ins|outs|movs|stos|sysenter|sysexitd|sysexitq|rdmsr|wrmsr|syscall|sysretd"
                + "|sysretq|swapgs|xsetbv|clac|stac|(rd|wr)[fg]sbase|rdpkru|wrpkru|ud2");

    @Override
    public SystemMachine emulated() {
        return new LongEmulated();
    }

    @Override
    public Iterable<SystemCase> generate(Wanted wanted) {
        return Arrays.stream(LongMode.values())
                .filter(mode -> wanted.isMode(mode.title))
                .flatMap(mode -> Site.all(mode.bits).stream()
                        .filter(site -> isOfInterest(site) && wanted.isForm(site))
                        .flatMap(site -> cases(site, mode, wanted)))::iterator;
    }

    /** What QEMU hasn't (INVPCID, MONITOR, RDPMC) is left out; MOV only where it moves what isn't general. */
    private static boolean isOfInterest(Site site) {
        String mnemonic = site.form().mnemonic;
        return FORMS.matcher(mnemonic).matches()
                || mnemonic.equals("mov") && site.name().matches("(8c|8e|0f.2[0-3]|88|89|8b|a0|a1).*");
    }

    private static Stream<SystemCase> cases(Site site, LongMode mode, Wanted wanted) {
        LongGenerator generator =
                new LongGenerator(new Random(wanted.seed() * 31 + site.name().hashCode() + mode.ordinal()));
        return SystemSuite.cases(site, mode.title, wanted, () -> generator.generate(site, mode));
    }

    @Override
    public List<String> differences(SystemCase c, SystemOutcome mine, SystemOutcome their) {
        return LongComparison.differences(c, mine, their);
    }

    @Override
    public String why(SystemCase c, SystemOutcome mine, SystemOutcome their, List<String> differences) {
        return LongPermitted.why((LongCase) c, mine, their, differences);
    }
}
