package dev.cloister.policy.protocol;

import java.io.IOException;

/** A frame or line from the other side that breaks the protocol; names the message, the field, the value and what was expected. */
public final class ProtocolException extends IOException {
    private static final long serialVersionUID = 1L;

    private final String messageName;
    private final String field;

    /**
     * Makes the exception.
     *
     * @param messageName name of the message, such as {@code Configure}
     * @param field name of the field
     * @param value what was found; shortened to 80 characters, unprintable ones replaced
     * @param expected what would have been right
     */
    public ProtocolException(String messageName, String field, String value, String expected) {
        super(messageName + "." + field + " is " + printable(value) + ": expected " + expected);
        this.messageName = messageName;
        this.field = field;
    }

    /**
     * Returns the name of the message.
     *
     * @return such as {@code Configure}
     */
    public String messageName() {
        return messageName;
    }

    /**
     * Returns the name of the field.
     *
     * @return such as {@code cpus}
     */
    public String field() {
        return field;
    }

    private static String printable(String value) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < value.length() && i < 80; i++) {
            char c = value.charAt(i);
            text.append(c >= ' ' && c < 0x7f ? c : '?');
        }
        return value.length() > 80 ? text.append("...").toString() : text.toString();
    }
}
