/**
 * What happened before, as far as decisions depend on it: meters, running domains, open channels and contacts. It feeds the
 * decision core and decides nothing; no I/O, no clock, no third-party code.
 */
@NullMarked
package dev.cloister.policy.history;

import org.jspecify.annotations.NullMarked;
