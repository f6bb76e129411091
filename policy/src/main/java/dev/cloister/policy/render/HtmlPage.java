package dev.cloister.policy.render;

import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.Problem;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One page that needs nothing else: picture, data, style and script stand in it. Its content security policy lets it load nothing
 * and run only its own script, known by digest; so even markup that slipped through could not act.
 */
final class HtmlPage {
    private static final Pattern SLOT = Pattern.compile("\\{\\{([a-z]+)}}");

    private final GraphModel model;
    private final List<Problem> findings;

    HtmlPage(GraphModel model, List<Problem> findings) {
        this.model = model;
        this.findings = List.copyOf(findings);
    }

    String write() {
        Policy policy = model.policy();
        String script = Resources.text("graph.js");
        long errors = findings.stream().filter(Problem::isError).count();
        Map<String, String> slots = Map.of(
                "scripthash", hash(script),
                "name", Escape.markup(policy.name()),
                "file", Escape.markup(policy.file()),
                "digest", policy.digest(),
                "description", Escape.markup(policy.description()),
                "verdict", errors == 0 ? "may be enforced" : errors == 1 ? "1 error" : errors + " errors",
                "state", errors == 0 ? "good" : "bad",
                "style", Resources.text("colors.css") + Resources.text("svg.css") + Resources.text("page.css"),
                "svg", new SvgWriter(model).write(""),
                "rest", rest(script));
        // One pass: what a slot brings in is never looked at for slots.
        return SLOT.matcher(Resources.text("graph.html"))
                .replaceAll(slot -> Matcher.quoteReplacement(slots.getOrDefault(slot.group(1), "")));
    }

    private String rest(String script) {
        return "<script type=\"application/json\" id=\"data\">"
                + Escape.script(new PageData(model, findings).write())
                + "</script>\n<script>" + script + "</script>";
    }

    private static String hash(String script) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(script.getBytes(StandardCharsets.UTF_8));
            return Base64.getEncoder().encodeToString(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
