/**
 * How messages look as bytes: types of fields, structures of them, and frames. A protocol is a table of
 * {@link dev.cloister.policy.wire.Struct structures}; its codec, its documentation and the bounds that its tests try all come from
 * that table. Nothing here knows any message.
 */
@NullMarked
package dev.cloister.policy.wire;

import org.jspecify.annotations.NullMarked;
