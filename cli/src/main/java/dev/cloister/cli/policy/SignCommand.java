package dev.cloister.cli.policy;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.text.JsonText;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.text.AtomicFile;
import dev.cloister.policy.text.PolicySignature;
import dev.cloister.policy.text.PolicySignatureException;
import dev.cloister.policy.text.SigningKey;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code cloister policy sign}: signs a policy's digest. */
@Command(
        name = "sign",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Signs a policy and the fragments that it includes with an Ed25519 key; the signature goes to "
                + "FILE.sig. A policy that can't be loaded is not signed.",
        footer = {
            "",
            "Exits 0; 65 if policy or key are bad.",
            "",
            "Examples:",
            "  openssl genpkey -algorithm ed25519 -out key.pem",
            "  openssl pkey -in key.pem -pubout -out public.pem",
            "  cloister policy sign --key key.pem policy.json",
        })
final class SignCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "FILE", description = "the policy")
    private Path file;

    @Option(names = "--key", required = true, paramLabel = "KEY", description = "private key: PEM, PKCS #8, Ed25519")
    private Path keyFile;

    @Option(
            names = "--serial",
            paramLabel = "N",
            description =
                    "number that grows with every policy signed for an installation: a daemon refuses a lower one than "
                            + "it has seen (default: seconds since 1970; 0: none)")
    private Long serial;

    @Option(names = "--output", paramLabel = "SIG", description = "where the signature goes, if not to FILE.sig")
    private Path output;

    @Option(names = "--json", description = "print digest and key id as JSON")
    private boolean json;

    @Override
    public Integer call() throws CommandFailure, IOException {
        SigningKey key = readKey();
        if (key.isReadableByOthers()) {
            spec.commandLine()
                    .getErr()
                    .println("cloister: warning: others can read the private key; chmod 600 " + keyFile);
        }
        Policy policy = PolicyFile.load(file);
        PolicySignature signature = PolicySignature.sign(policy.digest(), serial(), key);
        Path target = output == null ? PolicySignature.fileOf(file) : output;
        AtomicFile.replace(target, signature.toJson());
        String text = "signed " + file + "\n  digest    " + signature.digest() + "\n  serial    " + signature.serial()
                + "\n  key       " + signature.keyId() + "\n  signature " + target;
        spec.commandLine().getOut().println(json ? json(signature, target) : text);
        return ExitCodes.OK;
    }

    private long serial() throws CommandFailure {
        long asked = serial == null ? Instant.now().getEpochSecond() : serial;
        if (asked < 0) {
            throw new CommandFailure(ExitCodes.USAGE, "--serial " + asked + ": expected 0 or more");
        }
        return asked;
    }

    private SigningKey readKey() throws CommandFailure {
        try {
            return SigningKey.read(keyFile);
        } catch (PolicySignatureException e) {
            throw new CommandFailure(ExitCodes.BAD_INPUT, e.getMessage(), e);
        }
    }

    private String json(PolicySignature signature, Path target) {
        return JsonText.of(json -> {
            json.writeStartObject();
            json.writeStringField("file", file.toString());
            json.writeStringField("digest", signature.digest());
            json.writeNumberField("serial", signature.serial());
            json.writeStringField("keyId", signature.keyId());
            json.writeStringField("signature", target.toString());
            json.writeEndObject();
        });
    }
}
