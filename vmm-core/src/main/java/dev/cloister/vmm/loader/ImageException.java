package dev.cloister.vmm.loader;

import java.io.IOException;

/**
 * An image, or what was asked of it, that cannot be loaded. The message says what is wrong, where in the file, the
 * value found, what was expected and what to do about it; the same parts are available one by one.
 */
public final class ImageException extends IOException {
    private static final long serialVersionUID = 1L;

    /** The offset of a problem that lies in no byte of the file (an option, or the amount of memory). */
    public static final long NO_OFFSET = -1;

    private final String what;
    private final long offset;
    private final String value;
    private final String expected;
    private final String remedy;

    /**
     * Describes the problem.
     *
     * @param what the field or object that is wrong
     * @param offset where in the image file, in bytes, or {@link #NO_OFFSET}
     * @param value what was found
     * @param expected what would have been right
     * @param remedy what a person can do
     */
    public ImageException(String what, long offset, String value, String expected, String remedy) {
        super(what + (offset < 0 ? "" : " at file offset 0x" + Long.toHexString(offset)) + ": found " + value
                + ", expected " + expected + "; " + remedy);
        this.what = what;
        this.offset = offset;
        this.value = value;
        this.expected = expected;
        this.remedy = remedy;
    }

    /**
     * The field or object that is wrong.
     *
     * @return its name
     */
    public String what() {
        return what;
    }

    /**
     * Where in the image file the problem is.
     *
     * @return an offset in bytes, or {@link #NO_OFFSET}
     */
    public long offset() {
        return offset;
    }

    /**
     * What was found.
     *
     * @return the value as text
     */
    public String value() {
        return value;
    }

    /**
     * What would have been right.
     *
     * @return the expectation as text
     */
    public String expected() {
        return expected;
    }

    /**
     * What a person can do about it.
     *
     * @return the advice as text
     */
    public String remedy() {
        return remedy;
    }
}
