package dev.cloister.devices.virtio;

/**
 * What Jazzer runs; it finds the method by its name. The property {@code fuzz} says which device. Whatever the input makes guest and host do: the
 * device answers, refuses, or stops with a reason; it writes nothing that it was not given; and after a reset it is as new.
 */
public final class VirtioFuzz {
    private VirtioFuzz() {}

    /** Plays an input. */
    public static void fuzzerTestOneInput(byte[] data) {
        play(System.getProperty("fuzz", "block"), data);
    }

    /** What begins the name of a device behind the MMIO transport; others are behind PCI. */
    static final String MMIO = "mmio-";

    /** Plays an input; returns how many services were judged byte by byte, and how many requests came back. */
    static int[] play(String target, byte[] data) {
        String device = target.startsWith(MMIO) ? target.substring(MMIO.length()) : target;
        try (FuzzBench bench = new FuzzBench(FuzzTarget.of(device), target.startsWith(MMIO), data)) {
            bench.run();
            return new int[] {bench.judged, bench.returned};
        }
    }
}
