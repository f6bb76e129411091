/**
 * Connections of AF_VSOCK over streams of a policy: the frames in which the two ends of a flow carry them, and the ends that programs
 * of the host have of them, in Unix sockets. A guest's end is in the VMM. What comes over a stream is another domain's and is never
 * trusted; nothing waits but each side's one thread.
 */
@NullMarked
package dev.cloister.policy.socket;

import org.jspecify.annotations.NullMarked;
