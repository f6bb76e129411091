package dev.cloister.policy.protocol;

import dev.cloister.policy.wire.Struct;

/**
 * One kind of message on a VMM's control socket, as data: the codec, the reference page and the tests follow it.
 *
 * @param number its type on the wire
 * @param body its fields; the structure's name is the message's
 * @param descriptors descriptors that travel with it, in words; empty: none may
 * @param purpose what it is for, one sentence
 * @param answer what follows, in words; may be empty
 * @param <M> the Java type
 */
record Message<M>(int number, Struct<? extends M> body, String descriptors, String purpose, String answer) {
    String name() {
        return body.name();
    }
}
