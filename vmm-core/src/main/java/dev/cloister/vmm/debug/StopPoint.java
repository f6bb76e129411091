package dev.cloister.vmm.debug;

/**
 * Where a guest shall stop.
 *
 * @param kind for what
 * @param address a linear address, for {@link Kind#EXECUTE_GPA} a guest-physical one
 * @param length bytes watched, 1 to {@link #MOST_BYTES}; 1 for execution
 */
public record StopPoint(Kind kind, long address, int length) {
    /** The longest watched range in bytes. */
    public static final int MOST_BYTES = 4096;

    /** What a stop point waits for. */
    public enum Kind {
        /** The instruction at a linear address is about to be executed. */
        EXECUTE,
        /** The instruction at a guest-physical address is about to be executed. */
        EXECUTE_GPA,
        /** Bytes were written. */
        WRITE,
        /** Bytes were read. */
        READ,
        /** Bytes were read or written. */
        ACCESS;

        /**
         * Whether it is data that is watched.
         *
         * @return false for both kinds of execution
         */
        public boolean isData() {
            return this != EXECUTE && this != EXECUTE_GPA;
        }
    }

    /** Checks the length. */
    public StopPoint {
        if (length < 1 || length > MOST_BYTES) {
            throw new IllegalArgumentException(length + " bytes watched; expected 1 to " + MOST_BYTES);
        }
    }

    /**
     * Reads the text of a command line.
     *
     * @param text {@code gpa:ADDRESS} or {@code gva:ADDRESS}, the address in decimal or, after {@code 0x}, hexadecimal digits
     * @return an execution stop point
     * @throws IllegalArgumentException if the text is anything else
     */
    public static StopPoint parse(String text) {
        String digits = text.substring(Math.min(4, text.length()));
        Kind kind = switch (text.substring(0, Math.min(4, text.length()))) {
            case "gpa:" -> Kind.EXECUTE_GPA;
            case "gva:" -> Kind.EXECUTE;
            default -> throw new IllegalArgumentException(wrong(text));
        };
        try {
            boolean hex = digits.startsWith("0x") || digits.startsWith("0X");
            return new StopPoint(
                    kind, hex ? Long.parseUnsignedLong(digits.substring(2), 16) : Long.parseUnsignedLong(digits), 1);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(wrong(text), e);
        }
    }

    private static String wrong(String text) {
        return "\"" + text + "\": expected gpa:ADDRESS or gva:ADDRESS, for example gva:0xffffffff81000000";
    }

    @Override
    public String toString() {
        String what = switch (kind) {
            case EXECUTE -> "gva:";
            case EXECUTE_GPA -> "gpa:";
            case WRITE -> "write of gva:";
            case READ -> "read of gva:";
            case ACCESS -> "access to gva:";
        };
        return what + "0x" + Long.toHexString(address);
    }
}
