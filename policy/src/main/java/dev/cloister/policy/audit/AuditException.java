package dev.cloister.policy.audit;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A record could not be made durable, or a log can't be continued. The effect that the record would have told of must
 * not happen.
 */
public final class AuditException extends IOException {
    private static final long serialVersionUID = 1L;

    /** Makes the exception with what failed, on what, and what to do. */
    public AuditException(String message) {
        super(message);
    }

    /** Makes the exception with its cause, where there is one. */
    public AuditException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
