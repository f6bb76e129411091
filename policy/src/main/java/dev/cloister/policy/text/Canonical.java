package dev.cloister.policy.text;

/**
 * The canonical form of a JSON text (RFC 8785, JSON Canonicalization Scheme): no space, names sorted by their UTF-16 units,
 * numbers as ECMAScript writes them, UTF-8. Two texts that differ only in comments, layout, quotes and the order of names
 * have the same canonical form; two that mean different things to a policy's loader have not. Thread-safe, without state.
 */
public final class Canonical {
    private Canonical() {}

    /**
     * Returns the canonical form of one document.
     *
     * <p>Refused besides what isn't JSON5 (see {@link TextException}): a name twice in one object, half of a surrogate pair,
     * numbers beyond a double, and whole numbers that a double can't hold to their last digit (RFC 8785 section 3.2.2.3 and RFC 7493
     * section 2.2 want them as strings): two policies with different numbers must never share a digest.
     *
     * @param json5 UTF-8 text of at most 64 MiB, nested at most 64 deep
     * @throws TextException with the place of the first thing that is wrong
     */
    public static byte[] bytes(byte[] json5) throws TextException {
        return new CanonicalWriter(json5).document().toByteArray();
    }
}
