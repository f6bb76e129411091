package dev.cloister.vmm;

import dev.cloister.emulator.assembler.Assembler;
import dev.cloister.emulator.assembler.AssemblyException;
import dev.cloister.emulator.assembler.OutputFormat;
import dev.cloister.kvm.Kvm;
import dev.cloister.linux.ErrnoException;
import dev.cloister.policy.model.Engine;
import dev.cloister.vmm.config.BootImage;
import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.report.MachineExit;
import dev.cloister.vmm.report.Report;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/** Small guests for tests: real-mode snippets and the 64-bit frame around others, assembled on the spot and run on this host's KVM. */
public final class TestGuest {
    /** Ends a guest with a value on the debug-exit port; works in every mode. */
    static final String EXIT_MACRO = """
        %macro exit 1
                mov     al, %1
                out     0xf4, al
        %endm
        """;

    private static final Duration LONGEST = Duration.ofSeconds(20);

    private static Engine engine = Engine.DIRECT;

    private TestGuest() {}

    /** What runs guests from here on. */
    static void use(Engine next) {
        engine = next;
    }

    /** This host's KVM, or null for an engine without; a test that needs it is skipped, with the reason, where there is none. */
    public static @Nullable Kvm kvm() {
        if (engine == Engine.EMULATED) {
            return null;
        }
        try {
            return Kvm.open();
        } catch (ErrnoException e) {
            String reason = "skipped, no KVM here: " + e.getMessage();
            System.out.println(reason);
            return Assumptions.abort(reason);
        }
    }

    public static byte[] assemble(OutputFormat format, String source) {
        try {
            return Assembler.of(format)
                    .assemble("guest.asm", EXIT_MACRO + source)
                    .image();
        } catch (AssemblyException e) {
            throw new AssertionError(e.errors().toString(), e);
        }
    }

    /** A real-mode guest at 0x7c00. */
    static BootImage real(String source) {
        return image(assemble(OutputFormat.FLAT, "        org 0x7c00\n        bits 16\n" + source));
    }

    /** A 64-bit guest: a PVH kernel that maps 4 GiB, has an IDT whose 256 gates go to {@code trap} and calls {@code main}. */
    static BootImage long64(String source) {
        return image(assemble(OutputFormat.ELF64, LongFrame.SOURCE + source));
    }

    private static BootImage image(byte[] bytes) {
        return BootImage.kernel(segment(bytes));
    }

    static MemorySegment segment(byte[] bytes) {
        MemorySegment copy = Arena.ofAuto().allocate(bytes.length, 8);
        MemorySegment.copy(bytes, 0, copy, ValueLayout.JAVA_BYTE, 0, bytes.length);
        return copy;
    }

    /** What a guest printed and how it ended. */
    record Run(MachineExit exit, String output) {
        int code() {
            return exit.exitCode();
        }

        Report report() {
            return exit.report();
        }
    }

    static MachineConfig.Builder config(BootImage image) {
        return MachineConfig.builder(image)
                .engine(engine)
                .memory(16L << 20)
                .debugExit(true)
                .timeout(LONGEST);
    }

    static Run run(BootImage image) throws Exception {
        return run(config(image));
    }

    static Run run(MachineConfig.Builder builder) throws Exception {
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        try (Machine machine = Machine.create(kvm(), builder.serialOut(output).build())) {
            machine.start();
            MachineExit exit = machine.await();
            return new Run(exit, output.toString(StandardCharsets.ISO_8859_1));
        }
    }

    static Machine machine(MachineConfig.Builder builder) throws Exception {
        return Machine.create(kvm(), builder.build());
    }
}
