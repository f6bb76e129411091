package dev.cloister.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.kvm.Kvm;
import dev.cloister.vmm.config.BootImage;
import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.engine.Engine;
import dev.cloister.vmm.engine.direct.DirectEngine;
import dev.cloister.vmm.engine.emulated.EmulatedEngine;
import dev.cloister.vmm.host.SupervisorSpeed;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** What {@code auto} takes on this host. */
class EngineChoiceTest {
    @Test
    void aKernelGoesToTheEmulatorWhereKvmWouldInterpretIt() throws Exception {
        boolean isNative;
        try (Kvm kvm = Objects.requireNonNull(TestGuest.kvm())) {
            isNative = SupervisorSpeed.measure(kvm).isNative();
        }
        byte[] linux = new byte[0x400];
        linux[0x1fe] = 0x55;
        linux[0x1ff] = (byte) 0xaa;
        System.arraycopy("HdrS".getBytes(StandardCharsets.US_ASCII), 0, linux, 0x202, 4);
        EngineChoice choice = choose(linux);
        try (Engine engine = choice.engine()) {
            assertThat(engine).isInstanceOf(isNative ? DirectEngine.class : EmulatedEngine.class);
            assertThat(choice.notes()).hasSize(isNative ? 0 : 1);
        }
    }

    @Test
    void aSmallGuestGoesToKvm() throws Exception {
        EngineChoice choice = choose(new byte[] {(byte) 0xf4});
        try (Engine engine = choice.engine()) {
            assertThat(engine).isInstanceOf(DirectEngine.class);
            assertThat(choice.notes()).isEmpty();
        }
    }

    @Test
    void withoutKvmTheEmulatorRunsAndSaysWhy() throws Exception {
        MachineConfig config = config(new byte[] {(byte) 0xf4});
        EngineChoice choice = EngineChoice.with(null, config);
        try (Engine engine = choice.engine()) {
            assertThat(engine).isInstanceOf(EmulatedEngine.class);
            assertThat(choice.notes()).singleElement().asString().contains("KVM cannot be used");
        }
    }

    private static EngineChoice choose(byte[] image) throws Exception {
        return EngineChoice.with(TestGuest.kvm(), config(image));
    }

    private static MachineConfig config(byte[] image) {
        return MachineConfig.builder(BootImage.kernel(MemorySegment.ofArray(image)))
                .build();
    }
}
