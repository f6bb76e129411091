package dev.cloister.policy.explain;

import dev.cloister.policy.model.SourcePosition;

/** What a gate has to say, and the rule of the policy that it applied. */
record Words(String text, SourcePosition position) {}
