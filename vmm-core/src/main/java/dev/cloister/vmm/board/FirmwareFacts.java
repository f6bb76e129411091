package dev.cloister.vmm.board;

import dev.cloister.devices.FirmwareConfig;
import dev.cloister.devices.Serial16550;
import dev.cloister.devices.acpi.AcpiTables;
import dev.cloister.devices.acpi.TableLoader;
import dev.cloister.devices.smbios.SmbiosTables;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.memory.GuestMap;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** What firmware is told of a machine: memory, processors, that SeaBIOS's screen is the serial port, and tables to be placed. */
final class FirmwareFacts {
    private static final int E820_RAM = 1;
    private static final int E820_BYTES = 20;
    private static final int SCREEN_BYTES = 8;

    private FirmwareFacts() {}

    /** The tables are asked for anew whenever the guest reads them: they tell where it has put PCI's configuration space. */
    static FirmwareConfig of(MachineConfig config, GuestMemory memory, Supplier<AcpiTables> acpi) {
        TableLoader now = new TableLoader(acpi.get());
        List<SmbiosTables.Memory> ranges = ranges(config);
        byte[] structures = SmbiosTables.structures(config.processor().cpus(), ranges);
        FirmwareConfig facts = new FirmwareConfig(config.processor().cpus(), memory);
        HandedKernel.add(config.boot().image(), facts);
        return facts.file("etc/e820", map(ranges))
                .file(
                        "etc/sercon-port",
                        little(SCREEN_BYTES).putLong(Serial16550.COM1_PORT).array())
                .file("etc/smbios/smbios-anchor", SmbiosTables.entry(0, structures.length))
                .file("etc/smbios/smbios-tables", structures)
                .file(TableLoader.ROOT_FILE, now.root())
                .file(TableLoader.TABLES_FILE, now.tables().length, () -> new TableLoader(acpi.get()).tables())
                .file(TableLoader.COMMANDS_FILE, now.commands());
    }

    private static List<SmbiosTables.Memory> ranges(MachineConfig config) {
        long low = GuestMap.lowRam(config);
        List<SmbiosTables.Memory> ranges = new ArrayList<>();
        ranges.add(new SmbiosTables.Memory(0, low));
        if (config.memory().bytes() > low) {
            ranges.add(
                    new SmbiosTables.Memory(GuestMap.HIGH_RAM, config.memory().bytes() - low));
        }
        return ranges;
    }

    /** Address, length and type of each piece. */
    private static byte[] map(List<SmbiosTables.Memory> ranges) {
        ByteBuffer map = little(E820_BYTES * ranges.size());
        ranges.forEach(range -> map.putLong(range.gpa()).putLong(range.bytes()).putInt(E820_RAM));
        return map.array();
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
