package dev.cloister.vmm.memory;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Linux;
import dev.cloister.linux.Mapping;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.Region;
import dev.cloister.policy.channel.DirectoryLayout;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.Direction;
import dev.cloister.vmm.channel.ChannelPages;
import dev.cloister.vmm.channel.ChannelWindow;
import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.loader.FirmwareLayout;
import dev.cloister.vmm.loader.GuestSink;
import dev.cloister.vmm.loader.ImageException;
import dev.cloister.vmm.loader.ImageFormat;
import dev.cloister.vmm.report.MachineException;
import dev.cloister.vmm.virtio.GrantedRange;
import dev.cloister.vmm.virtio.MemoryConfig;
import dev.cloister.vmm.virtio.PmemConfig;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** All host memory behind one guest's physical space: RAM, firmware, directory and request page, channel windows. Owns the mappings. */
public final class GuestRam implements ChannelPages, AutoCloseable {
    /**
     * A piece of the guest-physical space as an engine installs it.
     *
     * @param gpa where it begins
     * @param host writable view of the memory; the guest's rights are {@code readOnly}
     * @param readOnly whether guest writes become exits
     */
    public record Piece(long gpa, MemorySegment host, boolean readOnly) {}

    private static final long SYS_MADVISE = 28;
    private static final int MADV_DONTNEED = 4;
    private static final int MADV_POPULATE_WRITE = 23;

    private final List<Mapping> mappings = new ArrayList<>();
    private final List<Piece> pieces = new CopyOnWriteArrayList<>();
    private final List<@Nullable ChannelWindow> windows = new CopyOnWriteArrayList<>();
    private final List<MemorySegment> plain = new ArrayList<>();
    private final List<GrantedRange> granted = new ArrayList<>();
    private final List<ChannelConfig> channels = new ArrayList<>();
    private final GuestMemory memory;
    private final MemorySegment directory;
    private final MemorySegment request;
    private final @Nullable FirmwareLayout firmware;
    private final boolean prefault;
    private @Nullable MemorySegment rom;

    /** Maps everything; on failure nothing stays mapped. */
    public GuestRam(MachineConfig config) throws ErrnoException, MachineException {
        firmware = firmware(config);
        prefault = config.memory().prefault();
        boolean done = false;
        try {
            directory = allocate(DirectoryLayout.PAGE_BYTES);
            request = ram(DirectoryLayout.REQUEST_GPA, DirectoryLayout.PAGE_BYTES);
            memory = build(config);
            placed(memory);
            done = true;
        } finally {
            if (!done) {
                close();
            }
        }
    }

    private GuestMemory build(MachineConfig config) throws ErrnoException, MachineException {
        GuestMemory.Builder builder = GuestMemory.builder();
        long low = GuestMap.lowRam(config);
        builder.ram("RAM", 0, ram(0, low));
        if (config.memory().bytes() > low) {
            builder.ram(
                    "high RAM",
                    GuestMap.HIGH_RAM,
                    ram(GuestMap.HIGH_RAM, config.memory().bytes() - low));
        }
        persistent(config, builder);
        if (firmware != null) {
            MemorySegment image = allocate(firmware.size());
            rom = image;
            pieces.add(new Piece(firmware.romGpa(), image, true));
            builder.rom("firmware", firmware.romGpa(), image);
        }
        pieces.add(new Piece(DirectoryLayout.DIRECTORY_GPA, directory, true));
        builder.readOnly("directory", DirectoryLayout.DIRECTORY_GPA, directory);
        builder.add(new Region("request page", Region.Kind.SHARED, DirectoryLayout.REQUEST_GPA, request));
        for (ChannelConfig channel : config.devices().channels()) {
            windows.add(channel.window().sizeBytes() == 0 ? null : window(channel, "", builder::add));
            channels.add(channel);
        }
        try {
            return builder.build();
        } catch (IllegalArgumentException e) {
            throw MachineException.input(e);
        }
    }

    /** Each range above what is below it, its file shared. */
    private void persistent(MachineConfig config, GuestMemory.Builder builder) throws ErrnoException {
        long end = GuestMap.HIGH_RAM + config.memory().bytes() - GuestMap.lowRam(config);
        int number = 0;
        MemoryConfig devices = config.devices().virtio().memory();
        for (PmemConfig range : devices.persistent()) {
            long gpa = GuestMap.persistentAfter(end);
            Mapping mapping = range.file().map(!range.readOnly());
            mappings.add(mapping);
            MemorySegment host = mapping.keptOutOfDumps().segment();
            end = gpa + host.byteSize();
            pieces.add(new Piece(gpa, host, range.readOnly()));
            String name = PmemConfig.rangeName(number++);
            if (range.readOnly()) {
                builder.rom(name, gpa, host);
            } else {
                builder.ram(name, gpa, host);
            }
        }
        for (GrantedRange range : devices.granted()) {
            granted.add(range);
            long gpa = GuestMap.persistentAfter(end);
            end = gpa + range.segment().byteSize();
            pieces.add(new Piece(gpa, range.segment(), !range.isWritable()));
            Region region = range.region(PmemConfig.rangeName(number++), gpa);
            builder.add(region);
        }
    }

    private void placed(GuestMemory made) {
        for (GrantedRange range : granted) {
            made.regions().stream()
                    .filter(region -> region.host().address() == range.segment().address())
                    .forEach(region -> range.placed(made, region.gpa()));
        }
    }

    private static @Nullable FirmwareLayout firmware(MachineConfig config) throws MachineException {
        if (config.boot().image().format() != ImageFormat.FIRMWARE) {
            return null;
        }
        try {
            return FirmwareLayout.of(config.boot().image().bytes().byteSize());
        } catch (ImageException e) {
            throw MachineException.input(e);
        }
    }

    private MemorySegment ram(long gpa, long bytes) throws ErrnoException {
        MemorySegment host = allocate(bytes);
        if (prefault) {
            // Linux 5.14 or newer: madvise(2), MADV_POPULATE_WRITE.
            Linux.check(
                    Linux.syscall(SYS_MADVISE, host.address(), bytes, MADV_POPULATE_WRITE, 0, 0, 0),
                    "madvise MADV_POPULATE_WRITE",
                    bytes + " bytes of guest memory");
        }
        pieces.add(new Piece(gpa, host, false));
        plain.add(host);
        return host;
    }

    /** RAM and request page are zero again, and the host has their pages back. While nothing touches them. */
    public void clear() throws ErrnoException {
        for (MemorySegment host : plain) {
            // What is mapped privately and from no file reads as zero afterwards (madvise(2)).
            Linux.check(
                    Linux.syscall(SYS_MADVISE, host.address(), host.byteSize(), MADV_DONTNEED, 0, 0, 0),
                    "madvise MADV_DONTNEED",
                    host.byteSize() + " bytes of guest memory");
        }
    }

    private MemorySegment allocate(long bytes) throws ErrnoException {
        Mapping mapping = Mapping.anonymous(bytes);
        mappings.add(mapping);
        return mapping.keptOutOfDumps().segment();
    }

    /**
     * Makes the window of a channel that is added to the directory; a place that is used again keeps its window.
     *
     * @return what an engine has to install
     */
    public List<Piece> declare(ChannelConfig channel) throws ErrnoException, MachineException {
        int before = pieces.size();
        if (channel.index() < channels.size()) {
            ChannelConfig old = channels.get(channel.index());
            boolean alike = old.window().gpa() == channel.window().gpa()
                    && old.window().sizeBytes() == channel.window().sizeBytes()
                    && isInbound(old) == isInbound(channel);
            if (!alike) {
                throw MachineException.input("channel " + channel.flow() + " in the place of " + old.flow()
                        + ": expected a window of " + old.window().sizeBytes() + " bytes at gpa 0x"
                        + Long.toHexString(old.window().gpa()) + " in the same direction");
            }
            channels.set(channel.index(), channel);
            return List.of();
        }
        try {
            windows.add(
                    channel.window().sizeBytes() == 0
                            ? null
                            : window(channel, " in place " + channel.index(), memory::map));
        } catch (IllegalArgumentException e) {
            throw MachineException.input(e);
        }
        channels.add(channel);
        return List.copyOf(pieces.subList(before, pieces.size()));
    }

    @Override
    public void directoryDeclared(ChannelConfig channel) {
        synchronized (directory) {
            DirectoryLayout.declare(directory, channel);
        }
    }

    private ChannelWindow window(ChannelConfig channel, String suffix, Consumer<Region> regions)
            throws ErrnoException, MachineException {
        long gpa = channel.window().gpa();
        long bytes = channel.window().sizeBytes();
        boolean fits = gpa >= DirectoryLayout.WINDOWS_GPA
                && bytes > 0
                && bytes <= DirectoryLayout.WINDOWS_END_GPA - gpa
                && (gpa | bytes) % DirectoryLayout.WINDOW_ALIGN == 0;
        if (!fits) {
            throw MachineException.input("channel " + channel.flow() + ": window of " + bytes + " bytes at gpa 0x"
                    + Long.toHexString(gpa) + "; expected 64 KiB steps within 0x"
                    + Long.toHexString(DirectoryLayout.WINDOWS_GPA) + " to 0x"
                    + Long.toHexString(DirectoryLayout.WINDOWS_END_GPA));
        }
        // Only one-way memory that comes in is read-only; a stream's pages are private to this guest and its VMM.
        boolean readOnly = isInbound(channel);
        ChannelWindow window = new ChannelWindow(bytes, !readOnly);
        pieces.add(new Piece(gpa, window.segment(), readOnly));
        String name = "window of channel " + channel.flow() + suffix;
        regions.accept(new Region(name, readOnly ? Region.Kind.READ_ONLY : Region.Kind.SHARED, gpa, window.segment()));
        return window;
    }

    private static boolean isInbound(ChannelConfig channel) {
        return switch (channel.kind()) {
            case MEMORY -> channel.direction() == Direction.IN;
            case EVENT, STREAM, CONSOLE, DATAGRAM, WIRE, DISK, LOG -> false;
        };
    }

    /** The guest's memory. */
    public GuestMemory memory() {
        return memory;
    }

    /** The guest's memory as a loader fills it. */
    public GuestSink sink() {
        MemorySegment image = rom;
        return firmware == null || image == null
                ? GuestSink.of(memory)
                : GuestSink.withRom(memory, firmware.romGpa(), image);
    }

    /** What an engine has to install. */
    public List<Piece> pieces() {
        return List.copyOf(pieces);
    }

    /** The directory page, writable. */
    public MemorySegment directory() {
        return directory;
    }

    @Override
    public void directoryLive(int index, int epoch) {
        synchronized (directory) {
            DirectoryLayout.setLive(directory, index, epoch);
        }
    }

    @Override
    public void directorySevered(int index) {
        synchronized (directory) {
            DirectoryLayout.setSevered(directory, index);
        }
    }

    /** The request page. */
    public MemorySegment request() {
        return request;
    }

    @Override
    public @Nullable ChannelWindow window(int index) {
        return windows.get(index);
    }

    /** Pairs of start and end host addresses of all guest memory. */
    public long[] hostRanges() {
        long[] ranges = new long[pieces.size() * 2];
        for (int i = 0; i < pieces.size(); i++) {
            ranges[2 * i] = pieces.get(i).host().address();
            ranges[2 * i + 1] = ranges[2 * i] + pieces.get(i).host().byteSize();
        }
        return ranges;
    }

    @Override
    public void close() {
        for (ChannelWindow window : windows) {
            if (window != null) {
                window.close();
            }
        }
        mappings.forEach(Mapping::close);
        granted.forEach(GrantedRange::close);
        granted.clear();
        windows.clear();
        mappings.clear();
    }
}
