/**
 * What every command shares: how its command line is parsed ({@link dev.cloister.cli.command.CommandLines}), and how it ends, with a
 * message ({@link dev.cloister.cli.command.CommandFailure}) and a documented exit code ({@link dev.cloister.cli.command.ExitCodes}).
 */
package dev.cloister.cli.command;
