package dev.cloister.policy.text;

import java.io.Serial;

/** Why a policy can't be signed, or why it must not be trusted. The message says what was found and what to do. */
public final class PolicySignatureException extends Exception {
    @Serial
    private static final long serialVersionUID = 1L;

    /** What is wrong. */
    public enum Kind {
        /** There is no signature file. */
        SIGNATURE_MISSING,
        /** The signature file can't be read or isn't one. */
        SIGNATURE_MALFORMED,
        /** A key file can't be read. */
        KEY_UNREADABLE,
        /** A key file holds no Ed25519 key of the expected sort. */
        KEY_MALFORMED,
        /** The signature was made with a key that isn't trusted. */
        KEY_UNKNOWN,
        /** The signature was not made with the key that it names, or was altered. */
        SIGNATURE_WRONG,
        /** The signature is for another policy, or for another state of this one. */
        DIGEST_DIFFERS;

        /** Returns whether the policy was examined and found wanting; otherwise the examination itself failed. */
        public boolean isRefusal() {
            return this == SIGNATURE_MISSING
                    || this == KEY_UNKNOWN
                    || this == SIGNATURE_WRONG
                    || this == DIGEST_DIFFERS;
        }
    }

    private final Kind kind;

    PolicySignatureException(Kind kind, String message) {
        super(message);
        this.kind = kind;
    }

    /** Returns what is wrong. */
    public Kind kind() {
        return kind;
    }
}
