package dev.cloister.cli.policy;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.text.JsonText;
import dev.cloister.policy.text.PolicySignature;
import dev.cloister.policy.text.PolicySignatureException;
import dev.cloister.policy.text.TrustedKey;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code cloister policy verify}: proves that a trusted key signed a policy. */
@Command(
        name = "verify",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Verifies a policy's signature, FILE.sig: a trusted key signed this policy with these fragments.",
        footer = {
            "",
            "Exits 0 if so; 1 if the policy is unsigned, changed, or signed otherwise;",
            "65 if policy, signature file or a key can't be understood.",
            "",
            "Examples:",
            "  cloister policy verify --trusted-key public.pem policy.json",
            "  cloister up --trusted-key public.pem policy.json",
        })
final class VerifyCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "FILE", description = "the policy")
    private Path file;

    @Option(
            names = "--trusted-key",
            required = true,
            paramLabel = "KEY",
            description = "public key: PEM, Ed25519; may be given several times")
    private List<Path> keyFiles;

    @Option(names = "--signature", paramLabel = "SIG", description = "the signature, if not FILE.sig")
    private Path signatureFile;

    @Option(names = "--json", description = "print the verdict as JSON")
    private boolean json;

    @Override
    public Integer call() throws CommandFailure {
        try {
            List<TrustedKey> keys = new ArrayList<>();
            for (Path keyFile : keyFiles) {
                keys.add(TrustedKey.read(keyFile));
            }
            PolicySignature signature =
                    PolicySignature.read(signatureFile == null ? PolicySignature.fileOf(file) : signatureFile);
            signature.requireTrusted(keys);
            signature.requireCovers(PolicyFile.load(file).digest());
            String text = file + ": signed\n  digest " + signature.digest() + "\n  key    " + signature.keyId();
            spec.commandLine().getOut().println(json ? json(true, "", signature.digest(), signature.keyId()) : text);
            return ExitCodes.OK;
        } catch (PolicySignatureException e) {
            return failed(e);
        }
    }

    private int failed(PolicySignatureException e) throws CommandFailure {
        int code = e.kind().isRefusal() ? ExitCodes.FOUND : ExitCodes.BAD_INPUT;
        if (!json) {
            throw new CommandFailure(code, e.getMessage(), e);
        }
        spec.commandLine().getOut().println(json(false, e.getMessage(), "", ""));
        return code;
    }

    private String json(boolean verified, String why, String digest, String keyId) {
        return JsonText.of(json -> {
            json.writeStartObject();
            json.writeStringField("file", file.toString());
            json.writeBooleanField("verified", verified);
            json.writeStringField("why", why);
            json.writeStringField("digest", digest);
            json.writeStringField("keyId", keyId);
            json.writeEndObject();
        });
    }
}
