package dev.cloister.policy.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The formatter has one layout, keeps every comment, and never changes what a text says. */
class PolicyFormatTest {
    private static final int CASES = 4000;
    private static final JsonFactory JSON5 = JsonFactory.builder()
            .enable(JsonReadFeature.ALLOW_JAVA_COMMENTS)
            .enable(JsonReadFeature.ALLOW_TRAILING_COMMA)
            .enable(JsonReadFeature.ALLOW_SINGLE_QUOTES)
            .enable(JsonReadFeature.ALLOW_UNQUOTED_FIELD_NAMES)
            .enable(JsonReadFeature.ALLOW_LEADING_PLUS_SIGN_FOR_NUMBERS)
            .enable(JsonReadFeature.ALLOW_LEADING_DECIMAL_POINT_FOR_NUMBERS)
            .build();

    static String format(String text) throws TextException {
        return new String(PolicyFormat.format(text.getBytes(StandardCharsets.UTF_8)), StandardCharsets.UTF_8);
    }

    @Test
    void keepsMeaningAndCommentsAndIsStable() throws Exception {
        for (long seed = 0; seed < CASES; seed++) {
            RandomJson json = new RandomJson(seed);
            String text = json.text(seed % 4 == 0 ? json.list(4) : json.map(4));
            String formatted = format(text);
            String what = "seed " + seed + ":\n" + text + "\n-----\n" + formatted;
            assertThat(tokens(formatted)).as(what).isEqualTo(tokens(text));
            assertThat(CanonicalTest.canonical(formatted)).as(what).isEqualTo(CanonicalTest.canonical(text));
            assertThat(comments(formatted)).as(what).isEqualTo(json.comments());
            assertThat(format(formatted)).as(what).isEqualTo(formatted);
            assertThat(formatted.lines()).as(what).noneMatch(line -> line.endsWith(" ") || line.contains("\t\n"));
            assertThat(formatted)
                    .as(what)
                    .doesNotContain("\n\n\n")
                    .doesNotContain("\r")
                    .endsWith("\n");
        }
    }

    /** What a reader of JSON5 sees, by another's parser: tokens, names and strings in their order, numbers by value. */
    private static List<String> tokens(String text) throws IOException {
        List<String> tokens = new ArrayList<>();
        try (JsonParser parser = JSON5.createParser(text)) {
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                tokens.add(token + " " + (token.isNumeric() ? parser.getDecimalValue() : parser.getText()));
            }
        }
        return tokens;
    }

    private static List<String> comments(String text) throws TextException {
        List<String> comments = new ArrayList<>();
        Lexer lexer = new Lexer(text.getBytes(StandardCharsets.UTF_8));
        while (lexer.next() != Lexer.Kind.END) {
            if (lexer.kind().isComment()) {
                comments.add(RandomJson.squeeze(lexer.tokenText()));
            }
        }
        return comments;
    }

    @Test
    void laysOutAPolicyWithComments() throws TextException {
        assertThat(format("""


            // What it is for.
            // Who wrote it.

            {version:+1, name : 'it''s' ,
            """.replace("''", "\\'") + """
                  /* The lattice.
                   * Two levels. */
                  lattice: {levels: [ // low to high
                      "low", 'hi"gh', ], compartments: []}, // few


                  flows: [
                    {name: "a", from: "x", to: "y", kind: "memory", recordBytes: 64, records: 64, rate: .5}, // first
                    /* only this */ {name: "b"},

                    // last
                    {name: "c" /* see */, from /* whence */ : "x"},
                    // nothing more
                  ],
                  digest: {"kernel": {"path": "images/hello.elf", "sha256": "%s"}}
                  // end
                } // over
                // and out\
                """.formatted("0123456789abcdef".repeat(4))))
                .isEqualTo("""
                    // What it is for.
                    // Who wrote it.

                    {
                      "version": 1,
                      "name": "it's",
                      /* The lattice.
                       * Two levels. */
                      "lattice": {
                        "levels": [ // low to high
                          "low",
                          "hi\\"gh"
                        ],
                        "compartments": []
                      }, // few

                      "flows": [
                        { "name": "a", "from": "x", "to": "y", "kind": "memory", "recordBytes": 64, "records": 64, "rate": 0.5 }, // first
                        /* only this */ { "name": "b" },

                        // last
                        { "name": "c" /* see */, /* whence */ "from": "x" }
                        // nothing more
                      ],
                      "digest": { "kernel": { "path": "images/hello.elf", "sha256": "%s" } }
                      // end
                    } // over
                    // and out
                    """.formatted("0123456789abcdef".repeat(4)));
    }

    @Test
    void breaksWhatDoesNotFit() throws TextException {
        String fits = "{ \"a\": \"" + "x".repeat(89) + "\" }";
        assertThat(fits).hasSize(100);
        assertThat(format(fits)).isEqualTo(fits + "\n");
        assertThat(format(fits.replace("\"a\"", "\"ab\""))).isEqualTo("{\n  \"ab\": \"" + "x".repeat(89) + "\"\n}\n");
        assertThat(format("[1,\n\n2]")).isEqualTo("[\n  1,\n\n  2\n]\n");
        assertThat(format("[\n\n1,\n2\n\n]")).isEqualTo("[1, 2]\n");
    }

    /** The examples that people start from are in the one layout. */
    @Test
    void leavesTheExamplesAsTheyAre() throws Exception {
        List<Path> policies;
        try (Stream<Path> files = Files.walk(Path.of("../examples"))) {
            policies = files.filter(file -> file.endsWith("policy.json")).toList();
        }
        assertThat(policies).isNotEmpty();
        for (Path policy : policies) {
            String text = Files.readString(policy);
            assertThat(format(text)).as("%s: cloister policy fmt", policy).isEqualTo(text);
        }
    }

    @Test
    void saysWhereATextIsWrong() {
        for (String text : List.of(
                "", "{", "[1 2]", "{a 1}", "{1: 2}", "[x]", "[,]", "{} {}", "[1,,2]", "[".repeat(65), "{]", "[}")) {
            assertThatThrownBy(() -> format(text))
                    .as(text)
                    .isInstanceOfSatisfying(
                            TextException.class, e -> assertThat(e.line()).isEqualTo(1));
        }
    }
}
