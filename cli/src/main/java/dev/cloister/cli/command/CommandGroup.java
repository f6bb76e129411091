package dev.cloister.cli.command;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** A command that only groups others: alone it is an error of use, with a word on where its help is. */
public abstract class CommandGroup implements Runnable {
    @Spec
    private CommandSpec spec;

    /** Made by picocli. */
    protected CommandGroup() {}

    @Override
    public final void run() {
        throw new ParameterException(spec.commandLine(), "which command?");
    }
}
