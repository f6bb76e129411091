package dev.cloister.cli.image;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code cloister image}: the group of its commands. */
@Command(
        name = "image",
        mixinStandardHelpOptions = true,
        description = "Makes guest images.",
        subcommands = {LinuxImageCommand.class, RootfsImageCommand.class},
        footer = {"", "Example:", "  cloister image linux guest", "  cloister image rootfs debian"})
public final class ImageCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which image? See cloister image --help");
    }
}
