package dev.cloister.linux;

import java.io.IOException;

/** A Linux system call failed. The message reads {@code open("/dev/kvm") failed: EACCES (Permission denied)}. */
public final class ErrnoException extends IOException {
    private static final long serialVersionUID = 1L;

    private final String call;
    private final String object;
    private final int errno;

    /**
     * A failure without further advice.
     *
     * @param call the call's name, such as {@code open} or {@code KVM_CREATE_VM}
     * @param object what it was applied to, such as {@code "/dev/kvm"} or {@code slot 3}; empty where there is nothing to say
     * @param errno the positive error number
     */
    public ErrnoException(String call, String object, int errno) {
        this(call, object, errno, "");
    }

    /**
     * A failure with a sentence on what to do.
     *
     * @param call the call's name
     * @param object what it was applied to
     * @param errno the positive error number
     * @param advice what the reader may do about it; may be empty
     */
    public ErrnoException(String call, String object, int errno, String advice) {
        super(call + "(" + object + ") failed: " + Errno.name(errno) + " (" + Errno.description(errno) + ")"
                + (advice.isEmpty() ? "" : ". " + advice));
        this.call = call;
        this.object = object;
        this.errno = errno;
    }

    /**
     * The call that failed.
     *
     * @return its name
     */
    public String call() {
        return call;
    }

    /**
     * What the call was applied to.
     *
     * @return the object, as it stands in the message
     */
    public String object() {
        return object;
    }

    /**
     * The error number.
     *
     * @return a positive number, see {@link Errno}
     */
    public int errno() {
        return errno;
    }

    /**
     * The symbolic name of the error number.
     *
     * @return for example {@code ENOENT}
     */
    public String errnoName() {
        return Errno.name(errno);
    }
}
