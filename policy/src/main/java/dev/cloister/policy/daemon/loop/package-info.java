/**
 * The daemon's one thread and what it counts over time: the event loop with its gate, by which effects wait for their records, and
 * meters, leases, throttles and budgets. Knows neither domains nor channels.
 */
@NullMarked
package dev.cloister.policy.daemon.loop;

import org.jspecify.annotations.NullMarked;
