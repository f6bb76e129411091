package dev.cloister.policy.text;

import java.nio.charset.StandardCharsets;

/**
 * The formatter of policies: one layout for all, in which every comment keeps its words and its place. Deterministic and
 * idempotent; the document that is read from the result is the one that was read from the source. Thread-safe, without state.
 *
 * <p>Names and strings are in double quotes, trailing commas go, two spaces indent. What fits in 100 columns stands on one line;
 * objects directly within an array, the rows of a table, may take 140, and the lists of the document's own members (domains,
 * flows) have each row on a line of its own. A SHA-256 digest counts as 16 columns, since nobody
 * reads it to its end. Of the blank lines between members one is kept, and they keep an object or array from being joined into
 * one line. Escapes in strings stay as they were written.
 */
public final class PolicyFormat {
    private PolicyFormat() {}

    /**
     * Returns the text in the one layout.
     *
     * @param json5 UTF-8 text of at most 64 MiB, nested at most 64 deep
     * @return UTF-8, ending in a newline
     * @throws TextException with the place of the first thing that is wrong
     */
    public static byte[] format(byte[] json5) throws TextException {
        LayoutItem document = new LayoutReader(json5).document();
        return new LayoutWriter(json5.length).document(document).getBytes(StandardCharsets.UTF_8);
    }
}
