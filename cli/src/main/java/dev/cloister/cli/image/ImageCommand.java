package dev.cloister.cli.image;

import dev.cloister.cli.command.CommandGroup;
import picocli.CommandLine.Command;

/** {@code cloister image}: the group of its commands. */
@Command(
        name = "image",
        mixinStandardHelpOptions = true,
        description = "Makes guest images.",
        subcommands = {LinuxImageCommand.class, RootfsImageCommand.class},
        footer = {"", "Example:", "  cloister image linux guest", "  cloister image rootfs debian"})
public final class ImageCommand extends CommandGroup {}
