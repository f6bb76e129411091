package dev.cloister.kvm;

import dev.cloister.linux.Errno;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Linux;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The KVM of this host: an open {@code /dev/kvm} (KVM API chapter 4, system ioctls). Thread-safe. Owns its descriptor. */
public final class Kvm implements AutoCloseable {
    /** The only version of the API there has ever been in a released kernel. */
    public static final int API_VERSION = 12;
    /** Where the kernel puts the device. */
    public static final String DEVICE = "/dev/kvm";

    private static final int MAX_MSR_INDICES = 4096;

    private final Fd fd;
    private final int vcpuMmapSize;

    private Kvm(Fd fd) throws ErrnoException {
        this.fd = fd;
        long version = Ioctl.call(fd, Ioctl.KVM_GET_API_VERSION, 0, "KVM_GET_API_VERSION", DEVICE);
        if (version != API_VERSION) {
            throw new ErrnoException(
                    "KVM_GET_API_VERSION",
                    DEVICE,
                    Errno.EOPNOTSUPP,
                    "This KVM has API version " + version + "; version " + API_VERSION + " (Linux 2.6.22) is needed");
        }
        vcpuMmapSize = (int) Ioctl.call(fd, Ioctl.KVM_GET_VCPU_MMAP_SIZE, 0, "KVM_GET_VCPU_MMAP_SIZE", DEVICE);
    }

    /**
     * Opens {@value #DEVICE}.
     *
     * @return the host's KVM
     * @throws ErrnoException with advice where the device is missing ({@code ENOENT}, {@code ENODEV}) or not permitted
     *     ({@code EACCES}, {@code EPERM})
     */
    public static Kvm open() throws ErrnoException {
        return open(DEVICE);
    }

    /**
     * Opens a KVM device by another name.
     *
     * @param path the device
     * @return the host's KVM
     * @throws ErrnoException as {@link #open()}; {@code ENOTTY} for a file that is no KVM device
     */
    public static Kvm open(String path) throws ErrnoException {
        try {
            return adopt(Linux.open(path, Linux.O_RDWR));
        } catch (ErrnoException e) {
            throw e.call().equals("open")
                    ? new ErrnoException(e.call(), e.object(), e.errno(), advice(e.errno(), path))
                    : e;
        }
    }

    private static String advice(int errno, String path) {
        return switch (errno) {
            case Errno.EACCES, Errno.EPERM ->
                "Give this user access to " + path
                        + ": add the user to the group that owns it (usually kvm) and log in "
                        + "again; in a container, pass the device through";
            case Errno.ENOENT, Errno.ENODEV ->
                "This kernel offers no KVM: enable virtualisation in the firmware and load kvm_intel or kvm_amd; in a"
                        + " virtual machine, its host must allow nested virtualisation; in a container, pass the device"
                        + " through";
            default -> "";
        };
    }

    /**
     * Takes ownership of a descriptor of the device that came over a socket.
     *
     * @param fd an open {@code /dev/kvm}; closed where this fails
     * @return the host's KVM
     * @throws ErrnoException {@code ENOTTY} where it is no KVM device
     */
    public static Kvm adopt(Fd fd) throws ErrnoException {
        try {
            return new Kvm(fd);
        } catch (ErrnoException e) {
            fd.close();
            throw e;
        }
    }

    /**
     * The descriptor, which this object owns.
     *
     * @return the descriptor
     */
    public Fd fd() {
        return fd;
    }

    /**
     * The version of the API, checked when the device was opened.
     *
     * @return {@value #API_VERSION}
     */
    public int apiVersion() {
        return API_VERSION;
    }

    /**
     * Asks what the host's KVM can do ({@code KVM_CHECK_EXTENSION}).
     *
     * @param capability the capability
     * @return 0 for no; 1 or a capability-specific number for yes
     */
    public int checkExtension(KvmCapability capability) {
        return (int) Math.max(0, Linux.ioctl(fd.number(), Ioctl.KVM_CHECK_EXTENSION, capability.number()));
    }

    /**
     * Whether the host's KVM has a capability.
     *
     * @param capability the capability
     * @return true for yes
     */
    public boolean has(KvmCapability capability) {
        return checkExtension(capability) > 0;
    }

    /**
     * The size of a vCPU's shared area.
     *
     * @return bytes
     */
    public int vcpuMmapSize() {
        return vcpuMmapSize;
    }

    /**
     * The CPUID leaves that this KVM can show to a guest ({@code KVM_GET_SUPPORTED_CPUID}).
     *
     * @return a new table
     * @throws ErrnoException when the kernel refuses
     */
    public CpuidEntries supportedCpuid() throws ErrnoException {
        return CpuidEntries.query(fd, Ioctl.KVM_GET_SUPPORTED_CPUID, "KVM_GET_SUPPORTED_CPUID");
    }

    /**
     * The MSRs that make up a vCPU's state on this host ({@code KVM_GET_MSR_INDEX_LIST}).
     *
     * @return their indices
     * @throws ErrnoException when the kernel refuses
     */
    public int[] msrIndexList() throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment list = arena.allocate(ValueLayout.JAVA_INT, MAX_MSR_INDICES + 1L);
            list.set(ValueLayout.JAVA_INT, 0, MAX_MSR_INDICES);
            Ioctl.call(fd, Ioctl.KVM_GET_MSR_INDEX_LIST, list, "KVM_GET_MSR_INDEX_LIST", DEVICE);
            int count = Math.clamp(list.get(ValueLayout.JAVA_INT, 0), 0, MAX_MSR_INDICES);
            return list.asSlice(4, 4L * count).toArray(ValueLayout.JAVA_INT);
        }
    }

    /**
     * Creates a virtual machine without memory and CPUs.
     *
     * @return the machine, owned by the caller
     * @throws ErrnoException when the kernel refuses
     */
    public Vm createVm() throws ErrnoException {
        long number;
        do {
            // Creating a VM is interrupted by any signal to the thread and then simply begins anew.
            number = Linux.ioctl(fd.number(), Ioctl.KVM_CREATE_VM, 0);
        } while (number == -Errno.EINTR);
        return new Vm(this, Fd.own((int) Linux.check(number, "KVM_CREATE_VM", DEVICE)));
    }

    /** Closes the descriptor. Machines made from it live on. */
    @Override
    public void close() {
        fd.close();
    }
}
