/**
 * What crosses a socket: the messages between the policy daemon and a VMM process with their one binary codec, and the
 * line protocol of the control socket. Nothing here opens a socket, decides anything or knows how a channel is made. The
 * VMM process loads this package at start, so the binary half uses neither JSON, lambdas nor reflection.
 */
@NullMarked
package dev.cloister.policy.protocol;

import org.jspecify.annotations.NullMarked;
