package dev.cloister.it.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import dev.cloister.it.harness.Host;
import dev.cloister.it.harness.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Commands that start no guest, and the launcher. */
class ToolsTest {
    private static String quickstart() {
        return Cloister.root()
                .resolve(Path.of("examples", "quickstart", "policy.json"))
                .toString();
    }

    @Test
    void policyCheckPassesTheExampleAndNamesWhatItExamined() throws Exception {
        Cloister cloister = Cloister.fresh();
        assertThat(cloister.run("policy", "check", quickstart()).expect(0).out())
                .contains("may be enforced");
        Json json = cloister.run("policy", "check", "--json", quickstart())
                .expect(0)
                .json();
        assertThat(json.flag("passed")).isTrue();
    }

    @Test
    void policyWhyTellsEveryGateWithItsPlaceInTheFile() throws Exception {
        Cloister cloister = Cloister.fresh();
        Finished yes =
                cloister.run("policy", "why", quickstart(), "sensor", "guard").expect(0);
        assertThat(yes.out()).contains("declared", "labels", "policy.json:");
        Finished no =
                cloister.run("policy", "why", quickstart(), "sensor", "command").expect(1);
        assertThat(no.out()).contains("refused by gate declared").containsPattern("policy\\.json:[0-9]+:[0-9]+");
        assertThat(cloister.run("policy", "why", quickstart(), "sensor", "nobody")
                        .expect(65)
                        .err())
                .contains("sensor", "guard", "command", "logger");
    }

    @Test
    void doctorSpeaksJson() throws Exception {
        Finished end = Cloister.fresh().run("doctor", "--json");
        Json json = end.json();
        assertThat(end.code()).isEqualTo(json.flag("canRun") ? 0 : 69);
        assertThat(json.get("checks").named("/dev/kvm").text("verdict")).isNotBlank();
    }

    @Test
    void withoutKvmTheCommandsSayWhatIsMissingAndHowToGetIt() throws Exception {
        Host.needsMountNamespace();
        Cloister cloister = Cloister.fresh();
        String empty = Files.createDirectory(cloister.folder().resolve("dev")).toString();
        String hide = "d=" + empty + "; mount -t tmpfs none $d && for f in null zero random urandom; do "
                + "touch $d/$f && mount --bind /dev/$f $d/$f || exit 1; done; mount --rbind $d /dev && exec \"$@\"";
        assertThat(inNamespace(cloister, hide, "up", quickstart()).expect(0).err())
                .contains("auto chooses emulated", "/dev/kvm");
        assertThat(inNamespace(cloister, hide, "run", "--engine", "direct", "--kernel", quickstart())
                        .expect(69)
                        .err())
                .contains("/dev/kvm", "ENOENT", "cloister doctor");
        assertThat(inNamespace(cloister, hide, "doctor").expect(0).out()).contains("limited", "modprobe");
    }

    @Test
    void deviceThatIsNoKvmIsFoundOut() throws Exception {
        Host.needsKvm();
        Host.needsMountNamespace();
        Cloister cloister = Cloister.fresh();
        String replace = "mount --bind /dev/null /dev/kvm && exec \"$@\"";
        assertThat(inNamespace(cloister, replace, "up", quickstart()).expect(0).err())
                .contains("auto chooses emulated", "/dev/kvm", "KVM_GET_API_VERSION", "ENOTTY");
    }

    private static Finished inNamespace(Cloister cloister, String prepare, String... args)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("unshare", "-m", "sh", "-c", prepare, "sh"));
        command.addAll(Cloister.commandLine(args));
        return cloister.runCommand(command);
    }

    @Test
    void helpCompletionAndTyposAreOfUse() throws Exception {
        Cloister cloister = Cloister.fresh();
        assertThat(cloister.run("up", "--help").expect(0).out()).contains("Examples:", "--timeout");
        assertThat(cloister.run("generate-completion").expect(0).out()).contains("complete ", "cloister");
        assertThat(cloister.run("polcy", "check").expect(64).err()).contains("policy");
        assertThat(cloister.run("audit", "verify").expect(65).err()).contains("no audit log");
    }

    @Test
    void launcherFindsItsJavaAndHandsArgumentsAndExitCodeOn() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path launcher = launcherTree(cloister.folder().resolve("tree"));
        assertThat(launch(cloister, launcher, System.getProperty("java.home"), "--version")
                        .expect(0)
                        .out())
                .startsWith("cloister ");
        assertThat(launch(cloister, launcher, System.getProperty("java.home"), "policy", "check", "no such file")
                        .expect(65)
                        .out())
                .contains("no such file");
    }

    @Test
    void launcherSaysInOneLineThatTheJdkIsMissing() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path launcher = launcherTree(cloister.folder().resolve("tree"));
        Finished end = launch(cloister, launcher, "/no/such/jdk", "--version").expect(69);
        assertThat(end.err().lines()).singleElement().asString().contains("CLOISTER_JAVA_HOME", "/no/such/jdk", "25");
    }

    /** The launcher in a tree as a distribution has it: built, and no source that could be newer. */
    private static Path launcherTree(Path tree) throws IOException {
        Path dist = Files.createDirectories(tree.resolve(Path.of("cli", "target", "dist")));
        Files.createFile(dist.resolve("built"));
        Files.createSymbolicLink(dist.resolve("lib"), Cloister.dist().resolve("lib"));
        return Files.copy(
                Cloister.root().resolve("cloister"), tree.resolve("cloister"), StandardCopyOption.COPY_ATTRIBUTES);
    }

    private static Finished launch(Cloister cloister, Path launcher, String javaHome, String... args)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("env", "CLOISTER_JAVA_HOME=" + javaHome, launcher.toString()));
        command.addAll(List.of(args));
        return cloister.runCommand(command);
    }
}
