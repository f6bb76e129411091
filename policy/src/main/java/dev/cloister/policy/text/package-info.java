/**
 * A policy as text: the JSON5 lexer that keeps comments, the formatter, the canonical form (RFC 8785) and the digest over it,
 * and signatures. Nothing here knows what a policy means; what the text says is read in {@code dev.cloister.policy.language}.
 */
@NullMarked
package dev.cloister.policy.text;

import org.jspecify.annotations.NullMarked;
