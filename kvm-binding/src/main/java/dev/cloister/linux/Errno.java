package dev.cloister.linux;

/**
 * Linux error numbers (x86-64, {@code asm-generic/errno.h}), their symbolic names and short descriptions.
 *
 * <p>Only the numbers that this program reacts to are constants; {@link #name(int)} knows all that its calls document.
 */
public final class Errno {
    /** Operation not permitted. */
    public static final int EPERM = 1;
    /** No such file or directory. */
    public static final int ENOENT = 2;
    /** No such process. */
    public static final int ESRCH = 3;
    /** Interrupted system call; {@code KVM_RUN} returns it after a kick. */
    public static final int EINTR = 4;
    /** Input/output error. */
    public static final int EIO = 5;
    /** Argument list too long; KVM: the buffer for a list is too short. */
    public static final int E2BIG = 7;
    /** Bad file descriptor. */
    public static final int EBADF = 9;
    /** No child processes. */
    public static final int ECHILD = 10;
    /** Resource temporarily unavailable: a non-blocking call would block. */
    public static final int EAGAIN = 11;
    /** Cannot allocate memory. */
    public static final int ENOMEM = 12;
    /** Permission denied. */
    public static final int EACCES = 13;
    /** Bad address. */
    public static final int EFAULT = 14;
    /** Device or resource busy. */
    public static final int EBUSY = 16;
    /** File exists. */
    public static final int EEXIST = 17;
    /** No such device. */
    public static final int ENODEV = 19;
    /** Invalid argument. */
    public static final int EINVAL = 22;
    /** Too many open files. */
    public static final int EMFILE = 24;
    /** Inappropriate ioctl for device. */
    public static final int ENOTTY = 25;
    /** No space left on device. */
    public static final int ENOSPC = 28;
    /** Broken pipe: nobody reads the other end. */
    public static final int EPIPE = 32;
    /** Function not implemented. */
    public static final int ENOSYS = 38;
    /** Value too large; here also a truncated message. */
    public static final int EOVERFLOW = 75;
    /** Message too long. */
    public static final int EMSGSIZE = 90;
    /** Operation not supported. */
    public static final int EOPNOTSUPP = 95;
    /** Address already in use. */
    public static final int EADDRINUSE = 98;
    /** Software caused connection abort. */
    public static final int ECONNABORTED = 103;
    /** Connection reset by peer. */
    public static final int ECONNRESET = 104;

    // Index is the errno; "NAME description". Empty where Linux has no such number.
    private static final String[] TEXT = new String[134];

    static {
        String table = """
            1 EPERM Operation not permitted
            2 ENOENT No such file or directory
            3 ESRCH No such process
            4 EINTR Interrupted system call
            5 EIO Input/output error
            6 ENXIO No such device or address
            7 E2BIG Argument list too long
            8 ENOEXEC Exec format error
            9 EBADF Bad file descriptor
            10 ECHILD No child processes
            11 EAGAIN Resource temporarily unavailable
            12 ENOMEM Cannot allocate memory
            13 EACCES Permission denied
            14 EFAULT Bad address
            15 ENOTBLK Block device required
            16 EBUSY Device or resource busy
            17 EEXIST File exists
            18 EXDEV Invalid cross-device link
            19 ENODEV No such device
            20 ENOTDIR Not a directory
            21 EISDIR Is a directory
            22 EINVAL Invalid argument
            23 ENFILE Too many open files in system
            24 EMFILE Too many open files
            25 ENOTTY Inappropriate ioctl for device
            26 ETXTBSY Text file busy
            27 EFBIG File too large
            28 ENOSPC No space left on device
            29 ESPIPE Illegal seek
            30 EROFS Read-only file system
            31 EMLINK Too many links
            32 EPIPE Broken pipe
            33 EDOM Numerical argument out of domain
            34 ERANGE Numerical result out of range
            35 EDEADLK Resource deadlock avoided
            36 ENAMETOOLONG File name too long
            38 ENOSYS Function not implemented
            39 ENOTEMPTY Directory not empty
            40 ELOOP Too many levels of symbolic links
            61 ENODATA No data available
            62 ETIME Timer expired
            71 EPROTO Protocol error
            75 EOVERFLOW Value too large for defined data type
            77 EBADFD File descriptor in bad state
            88 ENOTSOCK Socket operation on non-socket
            90 EMSGSIZE Message too long
            93 EPROTONOSUPPORT Protocol not supported
            95 EOPNOTSUPP Operation not supported
            97 EAFNOSUPPORT Address family not supported by protocol
            98 EADDRINUSE Address already in use
            103 ECONNABORTED Software caused connection abort
            104 ECONNRESET Connection reset by peer
            105 ENOBUFS No buffer space available
            107 ENOTCONN Transport endpoint is not connected
            109 ETOOMANYREFS Too many references: cannot splice
            110 ETIMEDOUT Connection timed out
            111 ECONNREFUSED Connection refused
            114 EALREADY Operation already in progress
            115 EINPROGRESS Operation now in progress
            122 EDQUOT Disk quota exceeded
            125 ECANCELED Operation canceled
            133 EHWPOISON Memory page has hardware error
            """;
        table.lines().forEach(line -> {
            int space = line.indexOf(' ');
            TEXT[Integer.parseInt(line.substring(0, space))] = line.substring(space + 1);
        });
    }

    private Errno() {}

    /**
     * The symbolic name of an error number.
     *
     * @param errno a positive error number
     * @return for example {@code EACCES}, or {@code errno 200} where the number has no name here
     */
    public static String name(int errno) {
        String text = text(errno);
        return text == null ? "errno " + errno : text.substring(0, text.indexOf(' '));
    }

    /**
     * The description that {@code strerror} would give.
     *
     * @param errno a positive error number
     * @return for example {@code Permission denied}
     */
    public static String description(int errno) {
        String text = text(errno);
        return text == null ? "unknown error" : text.substring(text.indexOf(' ') + 1);
    }

    private static String text(int errno) {
        return errno > 0 && errno < TEXT.length ? TEXT[errno] : null;
    }
}
