/**
 * Records in other tools' formats, and the choice of records: pure functions of a record, but for the journal's socket. What a guest
 * or a peer may have put into a record stays escaped in all of them.
 */
@NullMarked
package dev.cloister.policy.audit.export;

import org.jspecify.annotations.NullMarked;
