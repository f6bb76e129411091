package dev.cloister.policy.alloy;

import edu.mit.csail.sdg.alloy4.A4Reporter;
import edu.mit.csail.sdg.alloy4.ErrorWarning;
import edu.mit.csail.sdg.ast.Command;
import edu.mit.csail.sdg.parser.CompModule;
import edu.mit.csail.sdg.parser.CompUtil;
import edu.mit.csail.sdg.translator.A4Options;
import edu.mit.csail.sdg.translator.A4Solution;
import edu.mit.csail.sdg.translator.TranslateAlloyToKodkod;
import java.util.ArrayList;
import java.util.List;

/** An Alloy module, parsed, whose commands can be run with the solver that is written in Java. */
final class AlloyModule {
    private final List<String> warnings = new ArrayList<>();
    private final A4Reporter reporter = new A4Reporter() {
        @Override
        public void warning(ErrorWarning warning) {
            warnings.add(warning.toString());
        }
    };
    private final CompModule module;

    private AlloyModule(String text) {
        module = CompUtil.parseEverything_fromString(reporter, text);
    }

    /** Parses a module; what Alloy warns of, such as an expression that is always empty, fails the test. */
    static AlloyModule parse(String text) {
        AlloyModule parsed = new AlloyModule(text);
        if (!parsed.warnings.isEmpty()) {
            throw new AssertionError(String.join("\n", parsed.warnings));
        }
        return parsed;
    }

    List<Command> commands() {
        return module.getAllCommands();
    }

    Command command(String label) {
        return commands().stream()
                .filter(command -> command.label.equals(label))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no command " + label));
    }

    /** Runs a command. A check is satisfiable if it has a counterexample. */
    A4Solution run(Command command) {
        A4Options options = new A4Options();
        options.skolemDepth = 1;
        return TranslateAlloyToKodkod.execute_command(reporter, module.getAllReachableSigs(), command, options);
    }

    /** Evaluates an expression of this module in an instance. */
    Object eval(A4Solution instance, String expression) {
        return instance.eval(CompUtil.parseOneExpression_fromString(module, expression));
    }
}
