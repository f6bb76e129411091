/**
 * Pictures of a policy: DOT, SVG and one self-contained HTML page. Everything that the policy's author wrote is hostile here: it is
 * escaped for the language that it is put into. Layout is deterministic; no external program is run.
 */
@NullMarked
package dev.cloister.policy.render;

import org.jspecify.annotations.NullMarked;
