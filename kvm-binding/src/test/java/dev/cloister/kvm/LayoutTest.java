package dev.cloister.kvm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.kvm.generated.KvmHeader;
import dev.cloister.kvm.generated.kvm_cpuid_entry2;
import dev.cloister.kvm.generated.kvm_debugregs;
import dev.cloister.kvm.generated.kvm_dirty_log;
import dev.cloister.kvm.generated.kvm_enable_cap;
import dev.cloister.kvm.generated.kvm_fpu;
import dev.cloister.kvm.generated.kvm_guest_debug;
import dev.cloister.kvm.generated.kvm_ioeventfd;
import dev.cloister.kvm.generated.kvm_irq_routing_entry;
import dev.cloister.kvm.generated.kvm_irqfd;
import dev.cloister.kvm.generated.kvm_lapic_state;
import dev.cloister.kvm.generated.kvm_msi;
import dev.cloister.kvm.generated.kvm_msr_filter;
import dev.cloister.kvm.generated.kvm_msr_filter_range;
import dev.cloister.kvm.generated.kvm_pit_config;
import dev.cloister.kvm.generated.kvm_regs;
import dev.cloister.kvm.generated.kvm_run;
import dev.cloister.kvm.generated.kvm_segment;
import dev.cloister.kvm.generated.kvm_sregs;
import dev.cloister.kvm.generated.kvm_sregs2;
import dev.cloister.kvm.generated.kvm_sync_regs;
import dev.cloister.kvm.generated.kvm_translation;
import dev.cloister.kvm.generated.kvm_userspace_memory_region;
import dev.cloister.kvm.generated.kvm_vcpu_events;
import dev.cloister.kvm.generated.kvm_xcrs;
import dev.cloister.kvm.generated.kvm_xsave;
import java.lang.foreign.MemoryLayout;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The hand-written numbers are those of {@code linux/kvm.h}, as jextract and as gcc see it. */
class LayoutTest {
    /** Names in {@link KvmRun} whose C field is not found by lower-casing. */
    private static final Map<String, String> RUN_FIELDS = Map.ofEntries(
            Map.entry("HARDWARE_EXIT_REASON", "hw.hardware_exit_reason"),
            Map.entry("FAIL_ENTRY_REASON", "fail_entry.hardware_entry_failure_reason"),
            Map.entry("FAIL_ENTRY_CPU", "fail_entry.cpu"),
            Map.entry("IO_DIRECTION", "io.direction"),
            Map.entry("IO_SIZE", "io.size"),
            Map.entry("IO_PORT", "io.port"),
            Map.entry("IO_COUNT", "io.count"),
            Map.entry("IO_DATA_OFFSET", "io.data_offset"),
            Map.entry("DEBUG_EXCEPTION", "debug.arch.exception"),
            Map.entry("DEBUG_PC", "debug.arch.pc"),
            Map.entry("DEBUG_DR6", "debug.arch.dr6"),
            Map.entry("DEBUG_DR7", "debug.arch.dr7"),
            Map.entry("MMIO_PHYS_ADDR", "mmio.phys_addr"),
            Map.entry("MMIO_DATA", "mmio.data"),
            Map.entry("MMIO_LEN", "mmio.len"),
            Map.entry("MMIO_IS_WRITE", "mmio.is_write"),
            Map.entry("HYPERCALL_NR", "hypercall.nr"),
            Map.entry("HYPERCALL_ARGS", "hypercall.args"),
            Map.entry("HYPERCALL_RET", "hypercall.ret"),
            Map.entry("HYPERCALL_LONGMODE", "hypercall.longmode"),
            Map.entry("INTERNAL_SUBERROR", "internal.suberror"),
            Map.entry("INTERNAL_NDATA", "internal.ndata"),
            Map.entry("INTERNAL_DATA", "internal.data"),
            Map.entry("EMULATION_FLAGS", "emulation_failure.flags"),
            Map.entry("EMULATION_INSN_SIZE", "emulation_failure.insn_size"),
            Map.entry("EMULATION_INSN_BYTES", "emulation_failure.insn_bytes"),
            Map.entry("SYSTEM_EVENT_TYPE", "system_event.type"),
            Map.entry("SYSTEM_EVENT_NDATA", "system_event.ndata"),
            Map.entry("SYSTEM_EVENT_DATA", "system_event.data"),
            Map.entry("EOI_VECTOR", "eoi.vector"),
            Map.entry("MSR_ERROR", "msr.error"),
            Map.entry("MSR_REASON", "msr.reason"),
            Map.entry("MSR_INDEX", "msr.index"),
            Map.entry("MSR_DATA", "msr.data"),
            Map.entry("VALID_REGS", "kvm_valid_regs"),
            Map.entry("DIRTY_REGS", "kvm_dirty_regs"),
            Map.entry("SYNC_REGS_OFFSET", "s.regs.regs"),
            Map.entry("SYNC_SREGS_OFFSET", "s.regs.sregs"),
            Map.entry("SYNC_EVENTS_OFFSET", "s.regs.events"));

    /** C expressions of every hand-written offset, with our value. */
    private static Map<String, Long> handWrittenOffsets() throws IllegalAccessException {
        Map<String, Long> result = new LinkedHashMap<>();
        for (Map.Entry<String, Long> e : constants(KvmRun.class).entrySet()) {
            if (e.getKey().startsWith("OFF_")) {
                String name = e.getKey().substring(4);
                String field = RUN_FIELDS.getOrDefault(name, name.toLowerCase(Locale.ROOT));
                result.put("kvm_run:" + field, e.getValue());
            }
        }
        offsets(result, KvmRegs.class, "kvm_regs", "SIZE");
        for (Map.Entry<String, Long> e : constants(KvmSregs.class).entrySet()) {
            String name = e.getKey().toLowerCase(Locale.ROOT);
            if (name.startsWith("segment_")) {
                result.put("kvm_segment:" + name.substring(8), e.getValue());
            } else if (name.startsWith("table_")) {
                result.put("kvm_dtable:" + name.substring(6), e.getValue());
            } else if (!name.equals("size")) {
                result.put("kvm_sregs:" + name, e.getValue());
            }
        }
        for (Map.Entry<String, Long> e : constants(KvmEvents.class).entrySet()) {
            String name = e.getKey();
            if (!name.equals("SIZE") && !name.startsWith("VALID_") && !name.startsWith("SHADOW_")) {
                result.put("kvm_vcpu_events:" + eventField(name), e.getValue());
            }
        }
        return result;
    }

    private static void offsets(Map<String, Long> into, Class<?> type, String struct, String... not)
            throws IllegalAccessException {
        for (Map.Entry<String, Long> e : constants(type).entrySet()) {
            if (!List.of(not).contains(e.getKey())) {
                into.put(struct + ":" + e.getKey().toLowerCase(Locale.ROOT), e.getValue());
            }
        }
    }

    private static String eventField(String name) {
        String field = name.toLowerCase(Locale.ROOT);
        for (String group : List.of("exception_", "interrupt_", "nmi_", "smi_", "triple_fault_")) {
            if (field.startsWith(group) && !field.endsWith("payload")) {
                return group.substring(0, group.length() - 1) + "." + field.substring(group.length());
            }
        }
        return field;
    }

    /** The integer constants of a class. */
    private static Map<String, Long> constants(Class<?> type) throws IllegalAccessException {
        Map<String, Long> result = new LinkedHashMap<>();
        for (Field field : type.getDeclaredFields()) {
            boolean number = field.getType() == long.class || field.getType() == int.class;
            if (number && Modifier.isStatic(field.getModifiers()) && !Modifier.isPrivate(field.getModifiers())) {
                field.setAccessible(true);
                result.put(field.getName(), ((Number) field.get(null)).longValue());
            }
        }
        return result;
    }

    private static long generated(String name) throws ReflectiveOperationException {
        Number value = (Number) KvmHeader.class.getMethod(name).invoke(null);
        return value instanceof Integer i ? Integer.toUnsignedLong(i) : value.longValue();
    }

    @Test
    void requestNumbersAreTheGeneratedOnes() throws Exception {
        Map<String, Long> requests = constants(Ioctl.class);
        assertThat(requests).hasSizeGreaterThan(50);
        for (Map.Entry<String, Long> e : requests.entrySet()) {
            assertThat(e.getValue()).as(e.getKey()).isEqualTo(generated(e.getKey()));
        }
    }

    @Test
    void capabilitiesAreTheGeneratedOnes() throws Exception {
        int checked = 0;
        for (KvmCapability capability : KvmCapability.values()) {
            // Later numbers are newer than the header.
            if (capability.number() <= KvmHeader.KVM_CAP_DIRTY_LOG_RING_ACQ_REL()) {
                assertThat((long) capability.number())
                        .as("%s", capability)
                        .isEqualTo(generated("KVM_CAP_" + capability));
                checked++;
            }
        }
        assertThat(checked).isGreaterThan(70);
    }

    @Test
    void exitReasonsAreTheGeneratedOnes() throws Exception {
        for (Map.Entry<String, Long> e : constants(KvmExit.class).entrySet()) {
            assertThat(KvmExit.name(e.getValue().intValue())).isEqualTo(e.getKey());
            if (e.getValue() <= KvmHeader.KVM_EXIT_NOTIFY()) {
                assertThat(e.getValue()).as(e.getKey()).isEqualTo(generated("KVM_EXIT_" + e.getKey()));
            }
        }
    }

    @Test
    void flagsAreTheGeneratedOnes() {
        assertThat((long) Vm.LOG_DIRTY_PAGES).isEqualTo(KvmHeader.KVM_MEM_LOG_DIRTY_PAGES());
        assertThat((long) Vm.READ_ONLY).isEqualTo(KvmHeader.KVM_MEM_READONLY());
        assertThat(KvmRun.SYNC_REGS).isEqualTo(KvmHeader.KVM_SYNC_X86_REGS());
        assertThat(KvmRun.SYNC_SREGS).isEqualTo(KvmHeader.KVM_SYNC_X86_SREGS());
        assertThat(KvmRun.SYNC_EVENTS).isEqualTo(KvmHeader.KVM_SYNC_X86_EVENTS());
        assertThat(Vcpu.DEBUG_SINGLE_STEP).isEqualTo(KvmHeader.KVM_GUESTDBG_SINGLESTEP());
        assertThat(Vcpu.DEBUG_HARDWARE_BREAKPOINTS).isEqualTo(KvmHeader.KVM_GUESTDBG_USE_HW_BP());
        assertThat(Vcpu.MP_SIPI_RECEIVED).isEqualTo(KvmHeader.KVM_MP_STATE_SIPI_RECEIVED());
        assertThat(KvmRun.SYSTEM_EVENT_CRASH).isEqualTo(KvmHeader.KVM_SYSTEM_EVENT_CRASH());
        assertThat(KvmEvents.VALID_TRIPLE_FAULT).isEqualTo(KvmHeader.KVM_VCPUEVENT_VALID_TRIPLE_FAULT());
    }

    @Test
    void hotOffsetsAreTheGeneratedOnes() {
        assertThat(KvmRun.OFF_EXIT_REASON).isEqualTo(kvm_run.exit_reason$offset());
        assertThat(KvmRun.OFF_IMMEDIATE_EXIT).isEqualTo(kvm_run.immediate_exit$offset());
        assertThat(KvmRun.OFF_IO_PORT).isEqualTo(kvm_run.io$offset() + kvm_run.io.port$offset());
        assertThat(KvmRun.OFF_IO_DATA_OFFSET).isEqualTo(kvm_run.io$offset() + kvm_run.io.data_offset$offset());
        assertThat(KvmRun.OFF_MMIO_DATA).isEqualTo(kvm_run.mmio$offset() + kvm_run.mmio.data$offset());
        assertThat(KvmRun.OFF_MMIO_IS_WRITE).isEqualTo(kvm_run.mmio$offset() + kvm_run.mmio.is_write$offset());
        assertThat(KvmRun.OFF_EMULATION_INSN_BYTES)
                .isEqualTo(kvm_run.emulation_failure$offset() + kvm_run.emulation_failure.insn_bytes$offset());
        assertThat(KvmRun.OFF_MSR_DATA).isEqualTo(kvm_run.msr$offset() + kvm_run.msr.data$offset());
        assertThat(KvmRun.OFF_VALID_REGS).isEqualTo(kvm_run.kvm_valid_regs$offset());
        assertThat(KvmRun.OFF_DIRTY_REGS).isEqualTo(kvm_run.kvm_dirty_regs$offset());
        assertThat(KvmRun.OFF_SYNC_REGS_OFFSET).isEqualTo(kvm_run.s$offset() + kvm_sync_regs.regs$offset());
        assertThat(KvmRun.OFF_SYNC_SREGS_OFFSET).isEqualTo(kvm_run.s$offset() + kvm_sync_regs.sregs$offset());
        assertThat(KvmRun.OFF_SYNC_EVENTS_OFFSET).isEqualTo(kvm_run.s$offset() + kvm_sync_regs.events$offset());
        assertThat(KvmRegs.RFLAGS).isEqualTo(kvm_regs.rflags$offset());
        assertThat(KvmRegs.RSP).isEqualTo(kvm_regs.rsp$offset());
        assertThat(KvmSregs.EFER).isEqualTo(kvm_sregs.efer$offset());
        assertThat(KvmSregs.SEGMENT_UNUSABLE).isEqualTo(kvm_segment.unusable$offset());
        assertThat(KvmEvents.EXCEPTION_PAYLOAD).isEqualTo(kvm_vcpu_events.exception_payload$offset());
    }

    /** Sizes of every structure that is sent, as this package allocates them. */
    private static Map<String, Long> sizes() {
        Map<String, Long> sizes = new LinkedHashMap<>();
        sizes.put("kvm_run", (long) KvmRun.SIZE);
        sizes.put("kvm_regs", (long) KvmRegs.SIZE);
        sizes.put("kvm_sregs", (long) KvmSregs.SIZE);
        sizes.put("kvm_sregs2", (long) Vcpu.SREGS2_SIZE);
        sizes.put("kvm_vcpu_events", (long) KvmEvents.SIZE);
        sizes.put("kvm_fpu", (long) Vcpu.FPU_SIZE);
        sizes.put("kvm_xsave", (long) Vcpu.XSAVE_SIZE);
        sizes.put("kvm_lapic_state", (long) Vcpu.LAPIC_SIZE);
        sizes.put("kvm_debugregs", (long) Vcpu.DEBUGREGS_SIZE);
        sizes.put("kvm_xcrs", (long) Vcpu.XCRS_SIZE);
        sizes.put("kvm_enable_cap", 104L);
        sizes.put("kvm_msr_filter", 392L);
        sizes.put("kvm_msr_filter_range", 24L);
        sizes.put("kvm_pit_config", 64L);
        sizes.put("kvm_msi", 32L);
        sizes.put("kvm_irqfd", 32L);
        sizes.put("kvm_ioeventfd", 64L);
        sizes.put("kvm_userspace_memory_region", 32L);
        sizes.put("kvm_dirty_log", 16L);
        sizes.put("kvm_irq_routing_entry", 48L);
        sizes.put("kvm_cpuid_entry2", 40L);
        sizes.put("kvm_guest_debug", 72L);
        sizes.put("kvm_translation", 24L);
        return sizes;
    }

    @Test
    void sizesAreTheGeneratedOnes() {
        Map<String, MemoryLayout> layouts = Map.ofEntries(
                Map.entry("kvm_run", kvm_run.layout()),
                Map.entry("kvm_regs", kvm_regs.layout()),
                Map.entry("kvm_sregs", kvm_sregs.layout()),
                Map.entry("kvm_sregs2", kvm_sregs2.layout()),
                Map.entry("kvm_vcpu_events", kvm_vcpu_events.layout()),
                Map.entry("kvm_fpu", kvm_fpu.layout()),
                Map.entry("kvm_xsave", kvm_xsave.layout()),
                Map.entry("kvm_lapic_state", kvm_lapic_state.layout()),
                Map.entry("kvm_debugregs", kvm_debugregs.layout()),
                Map.entry("kvm_xcrs", kvm_xcrs.layout()),
                Map.entry("kvm_enable_cap", kvm_enable_cap.layout()),
                Map.entry("kvm_msr_filter", kvm_msr_filter.layout()),
                Map.entry("kvm_msr_filter_range", kvm_msr_filter_range.layout()),
                Map.entry("kvm_pit_config", kvm_pit_config.layout()),
                Map.entry("kvm_msi", kvm_msi.layout()),
                Map.entry("kvm_irqfd", kvm_irqfd.layout()),
                Map.entry("kvm_ioeventfd", kvm_ioeventfd.layout()),
                Map.entry("kvm_userspace_memory_region", kvm_userspace_memory_region.layout()),
                Map.entry("kvm_dirty_log", kvm_dirty_log.layout()),
                Map.entry("kvm_irq_routing_entry", kvm_irq_routing_entry.layout()),
                Map.entry("kvm_cpuid_entry2", kvm_cpuid_entry2.layout()),
                Map.entry("kvm_guest_debug", kvm_guest_debug.layout()),
                Map.entry("kvm_translation", kvm_translation.layout()));
        sizes().forEach((name, size) ->
                assertThat(layouts.get(name).byteSize()).as(name).isEqualTo(size));
    }

    @Test
    void everyHandWrittenNumberIsWhatGccSees(@TempDir Path directory) throws Exception {
        boolean possible =
                Files.isExecutable(Path.of("/usr/bin/gcc")) && Files.exists(Path.of("/usr/include/linux/kvm.h"));
        Assumptions.assumeTrue(possible, "no gcc with linux/kvm.h on this machine");
        List<String> expected = new ArrayList<>();
        StringBuilder source = new StringBuilder(
                "#include <linux/kvm.h>\n#include <stddef.h>\n#include <stdio.h>\nint main(void) {\n");
        for (Map.Entry<String, Long> e : handWrittenOffsets().entrySet()) {
            String[] name = e.getKey().split(":", 2);
            source.append("printf(\"%s %%zu\\n\", offsetof(struct %s, %s));\n".formatted(e.getKey(), name[0], name[1]));
            expected.add(e.getKey() + " " + e.getValue());
        }
        for (Map.Entry<String, Long> e : sizes().entrySet()) {
            source.append("printf(\"%s %%zu\\n\", sizeof(struct %s));\n".formatted(e.getKey(), e.getKey()));
            expected.add(e.getKey() + " " + e.getValue());
        }
        for (Map.Entry<String, Long> e : constants(Ioctl.class).entrySet()) {
            source.append("printf(\"%s %%lu\\n\", (unsigned long) %s);\n".formatted(e.getKey(), e.getKey()));
            expected.add(e.getKey() + " " + e.getValue());
        }
        Files.writeString(directory.resolve("numbers.c"), source.append("return 0; }\n"));
        assertThat(expected).hasSizeGreaterThan(150);
        output(directory, "/usr/bin/gcc", "-o", "numbers", "numbers.c");
        assertThat(output(directory, directory.resolve("numbers").toString())
                        .lines()
                        .toList())
                .isEqualTo(expected);
    }

    private static String output(Path directory, String... command) throws Exception {
        Process process = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .start();
        String text = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(text).isZero();
        return text;
    }
}
