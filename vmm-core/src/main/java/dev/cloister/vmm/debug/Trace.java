package dev.cloister.vmm.debug;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A readable record of what vCPUs did, one line for each event: {@code VCPU KIND DETAILS}. Never longer than its bound: what comes
 * after that is counted, and the last line says so. Thread-safe. A stream that fails ends the record, not the guest.
 */
public final class Trace implements AutoCloseable {
    /** The bound where none is given: 64 MiB. */
    public static final long DEFAULT_LIMIT = 64L << 20;

    /** The least bound: room for the first and the last line. */
    public static final long LEAST_LIMIT = 4096;

    private static final int END_RESERVE = 256;
    private static final int BUFFER = 64 << 10;
    private static final String[] EXCEPTIONS = {
        "#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "9", "#TS", "#NP", "#SS", "#GP", "#PF", "15",
        "#MF", "#AC", "#MC", "#XM", "#VE", "#CP"
    };
    private static final int PAGE_FAULT = 14;

    private final OutputStream out;
    private final long limit;
    private long written;
    private long lost;
    private boolean closed;
    private @Nullable IOException failure;

    /**
     * Begins a record.
     *
     * @param out where to, closed with the trace; writes go to it from vCPU threads
     * @param limit the most bytes, {@link #LEAST_LIMIT} or more
     */
    public Trace(OutputStream out, long limit) {
        if (limit < LEAST_LIMIT) {
            throw new IllegalArgumentException(
                    "a trace of at most " + limit + " bytes; expected " + LEAST_LIMIT + " or more");
        }
        this.out = new BufferedOutputStream(out, BUFFER);
        this.limit = limit;
        line("# cloister trace: vCPU, kind (insn, exit, fault, irq, end), details; at most " + limit + " bytes");
    }

    /**
     * An instruction that this program executed.
     *
     * @param vcpu the vCPU's number
     * @param cs its CS selector before it
     * @param rip its RIP before it
     * @param text the instruction
     */
    public void instruction(int vcpu, int cs, long rip, String text) {
        line(start(vcpu, "insn")
                .append(hex(cs, 4))
                .append(':')
                .append(hex(rip, 8))
                .append("  ")
                .append(text));
    }

    /**
     * An exit from guest code.
     *
     * @param vcpu the vCPU's number
     * @param text kind and details
     */
    public void exit(int vcpu, String text) {
        line(start(vcpu, "exit").append(text));
    }

    /**
     * An exception that an instruction raised and this program delivers.
     *
     * @param vcpu the vCPU's number
     * @param vector 0 to 31
     * @param errorCode its error code, 0 where it has none
     * @param faultAddress the linear address, for a page fault
     * @param rip the instruction's RIP
     * @param instruction the instruction's text, or empty if it could not be decoded
     */
    public void exception(int vcpu, int vector, int errorCode, long faultAddress, long rip, String instruction) {
        String name = vector >= 0 && vector < EXCEPTIONS.length ? EXCEPTIONS[vector] : Integer.toString(vector);
        StringBuilder text =
                start(vcpu, "fault").append(name).append(" error 0x").append(Integer.toHexString(errorCode));
        if (vector == PAGE_FAULT) {
            text.append(" gva 0x").append(Long.toHexString(faultAddress));
        }
        text.append(" rip 0x").append(Long.toHexString(rip));
        line(instruction.isEmpty() ? text : text.append("  ").append(instruction));
    }

    /**
     * An interrupt that this program delivers.
     *
     * @param vcpu the vCPU's number
     * @param vector 0 to 255
     * @param rip where it interrupts
     */
    public void interrupt(int vcpu, int vector, long rip) {
        line(start(vcpu, "irq")
                .append("vector 0x")
                .append(Integer.toHexString(vector))
                .append(" rip 0x")
                .append(Long.toHexString(rip)));
    }

    private static StringBuilder start(int vcpu, String kind) {
        StringBuilder text = new StringBuilder(96).append(vcpu).append(' ').append(kind);
        return text.append(" ".repeat(6 - kind.length()));
    }

    private static String hex(long value, int digits) {
        String text = Long.toHexString(value);
        return "0".repeat(Math.max(0, digits - text.length())) + text;
    }

    private synchronized void line(CharSequence text) {
        if (closed || failure != null) {
            return;
        }
        byte[] bytes = (text + "\n").getBytes(StandardCharsets.US_ASCII);
        if (lost > 0 || written + bytes.length > limit - END_RESERVE) {
            lost++;
            return;
        }
        write(bytes);
    }

    private void write(byte[] bytes) {
        try {
            out.write(bytes);
            written += bytes.length;
        } catch (IOException e) {
            failure = e;
        }
    }

    /**
     * Writes the last line and closes the stream; a second call does nothing.
     *
     * @return what a person should know: events that had no room, or that writing failed; empty if all is there
     */
    public synchronized String end() {
        if (closed) {
            return "";
        }
        closed = true;
        String note = lost == 0
                ? ""
                : "the trace is full: " + lost + " events had no room in " + limit + " bytes; --trace-limit gives more";
        write(("- end    " + (lost == 0 ? "of the trace: nothing is missing" : note) + "\n")
                .getBytes(StandardCharsets.US_ASCII));
        try {
            out.close();
        } catch (IOException e) {
            failure = failure == null ? e : failure;
        }
        return failure == null ? note : "the trace ends early, writing failed: " + failure.getMessage();
    }

    @Override
    public void close() {
        end();
    }
}
