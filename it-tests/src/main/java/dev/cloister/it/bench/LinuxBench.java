package dev.cloister.it.bench;

import dev.cloister.cli.image.Cpio;
import dev.cloister.it.DebianPackages;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Debian's cloud kernel from the start of the VMM's process to its first line and to the first line of {@code /init}: {@code cloister run
 * --engine emulated} and QEMU's TCG, with the same kernel, initrd, command line and memory, in turns. The initrd holds one static program
 * that says so and stops. Time on the clock, and processor time of the whole process, its compilers included.
 */
final class LinuxBench {
    private static final int ROUNDS = 3;
    private static final String MEMORY = "512M";
    private static final String COMMAND_LINE = "console=ttyS0 earlyprintk=ttyS0 panic=-1";
    private static final String BANNER = "Linux version";
    private static final String INIT = "/init has begun";
    /** How much of what was said last is looked at; more than is written at once. */
    private static final int TAIL = 4096;

    private static final int ELF_HEADER = 64;
    private static final int PROGRAM_HEADER = 56;
    private static final long BASE = 0x400000;
    /** mov eax, 1; mov edi, eax; mov esi, message; mov edx, length; syscall; mov eax, 34 (pause); syscall; jmp to that. */
    private static final String SAY = "b801000000 89c7 be%08x ba%02x000000 0f05 b822000000 0f05 ebf7";

    private LinuxBench() {}

    /** One start: to the banner and to /init, on the clock and by the processor, all in ms; the process's memory then, in MiB. */
    private record Start(double banner, double init, double bannerWork, double initWork, double resident) {
        double at(int figure) {
            return switch (figure) {
                case 0 -> banner;
                case 1 -> init;
                case 2 -> bannerWork;
                case 3 -> initWork;
                default -> resident;
            };
        }
    }

    static void run(PrintStream out, Path root, Path scratch) throws IOException {
        Optional<Path> kernel = DebianPackages.ofBuild().cloudKernel();
        if (kernel.isEmpty()) {
            out.println("Linux: skipped, Debian's package linux-image-cloud-amd64 can't be had\n");
            return;
        }
        boolean qemu = NativePeer.installed("qemu-system-x86_64").isPresent();
        Path initrd = Files.write(scratch.resolve("linux.cpio"), archive(program()));
        List<String> cloister = cloister(root, kernel.get(), initrd);
        List<String> tcg = qemu(kernel.get(), initrd);
        double[][] ours = new double[5][ROUNDS];
        double[][] theirs = new double[5][ROUNDS];
        for (int round = 0; round < ROUNDS; round++) {
            Start a = start(cloister);
            Start b = qemu ? start(tcg) : a;
            for (int figure = 0; figure < ours.length; figure++) {
                ours[figure][round] = a.at(figure);
                theirs[figure][round] = b.at(figure);
            }
        }
        report(out, "on the clock", ours, theirs, 0, qemu);
        report(out, "processor time", ours, theirs, 2, qemu);
        out.println(new Samples(ours[4]).row("cloister, resident memory at /init", "MiB"));
        if (qemu) {
            out.println(new Samples(theirs[4]).row("QEMU, TCG, resident memory at /init", "MiB"));
            out.printf(Locale.ROOT, "  ratio cloister/QEMU %47.2f%n%n", Samples.ratio(ours[4], theirs[4]));
        }
    }

    private static void report(
            PrintStream out, String title, double[][] ours, double[][] theirs, int first, boolean qemu) {
        List<String> names = List.of("to the kernel's first line", "to /init");
        out.println(Samples.header("Debian's cloud kernel (" + title + ")"));
        for (int n = 0; n < names.size(); n++) {
            out.println(new Samples(ours[first + n]).row("cloister, emulated, " + names.get(n), "ms"));
            if (qemu) {
                out.println(new Samples(theirs[first + n]).row("QEMU, TCG, " + names.get(n), "ms"));
                out.printf(
                        Locale.ROOT,
                        "  ratio cloister/QEMU %47.2f%n",
                        Samples.ratio(ours[first + n], theirs[first + n]));
            }
        }
        out.println(qemu ? "" : "  QEMU: skipped, qemu-system-x86_64 is not installed\n");
    }

    private static List<String> cloister(Path root, Path kernel, Path initrd) {
        return List.of(
                root.resolve("cloister").toString(),
                "run",
                "--engine",
                "emulated",
                "--kernel",
                kernel.toString(),
                "--initrd",
                initrd.toString(),
                "--cmdline",
                COMMAND_LINE,
                "--memory",
                MEMORY);
    }

    private static List<String> qemu(Path kernel, Path initrd) {
        return List.of(
                "qemu-system-x86_64",
                "-M",
                "pc",
                "-accel",
                "tcg",
                "-m",
                MEMORY,
                "-nodefaults",
                "-no-user-config",
                "-display",
                "none",
                "-no-reboot",
                "-serial",
                "stdio",
                "-kernel",
                kernel.toString(),
                "-initrd",
                initrd.toString(),
                "-append",
                COMMAND_LINE);
    }

    private static Start start(List<String> command) throws IOException {
        long before = System.nanoTime();
        Process process = Contender.process(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            InputStream said = process.getInputStream();
            ByteArrayOutputStream heard = new ByteArrayOutputStream();
            double[] banner = await(said, heard, BANNER, before, process.pid());
            double[] init = await(said, heard, INIT, before, process.pid());
            return new Start(banner[0], init[0], banner[1], init[1], DiskBench.residentMebibytes(process.pid()));
        } finally {
            process.destroyForcibly();
        }
    }

    /** Time and processor time until something was said; not numbers where the process ended before. */
    private static double[] await(InputStream said, ByteArrayOutputStream heard, String what, long before, long pid)
            throws IOException {
        byte[] buffer = new byte[TAIL / 2];
        while (!heard.toString(StandardCharsets.ISO_8859_1).contains(what)) {
            if (heard.size() > TAIL * 64) {
                heard.reset();
            }
            int count = said.read(buffer);
            if (count < 0) {
                return new double[] {Double.NaN, Double.NaN};
            }
            heard.write(buffer, 0, count);
        }
        return new double[] {(System.nanoTime() - before) / 1e6, EmulatorBench.processorNanos(pid) / 1e6};
    }

    /** A static program for 64-bit Linux that says its line and waits for ever. */
    private static byte[] program() {
        byte[] message = (INIT + "\n").getBytes(StandardCharsets.US_ASCII);
        int codeLength = HexFormat.of().parseHex(code(0, 0)).length;
        long start = BASE + ELF_HEADER + PROGRAM_HEADER;
        byte[] code = HexFormat.of().parseHex(code((int) start + codeLength, message.length));
        int length = ELF_HEADER + PROGRAM_HEADER + code.length + message.length;
        ByteBuffer file = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        file.put(HexFormat.of().parseHex("7f454c46020101000000000000000000"));
        file.putShort((short) 2).putShort((short) 62).putInt(1).putLong(start);
        file.putLong(ELF_HEADER).putLong(0).putInt(0).putShort((short) ELF_HEADER);
        file.putShort((short) PROGRAM_HEADER).putShort((short) 1).putShort((short) 64);
        file.putShort((short) 0).putShort((short) 0);
        file.putInt(1).putInt(5).putLong(0).putLong(BASE).putLong(BASE);
        file.putLong(length).putLong(length).putLong(0x1000);
        return file.put(code).put(message).array();
    }

    private static String code(int message, int length) {
        return String.format(Locale.ROOT, SAY, Integer.reverseBytes(message), length)
                .replace(" ", "");
    }

    /** An initial RAM disk with the program as /init. */
    private static byte[] archive(byte[] init) {
        Cpio archive = new Cpio();
        archive.add("init", 0100755, init);
        return archive.bytes();
    }
}
