/**
 * What the daemon writes down: the audit records of each turn, which its effects wait for, and the log files of serial lines and logs.
 */
@NullMarked
package dev.cloister.policy.daemon.journal;

import org.jspecify.annotations.NullMarked;
