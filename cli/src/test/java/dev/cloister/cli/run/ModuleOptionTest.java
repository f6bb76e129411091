package dev.cloister.cli.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModuleOptionTest {
    @TempDir
    private Path folder;

    @Test
    void aModulesArgumentsStandBehindItsFile() {
        String given = folder + "/vmlinuz console=hvc0 root=nfs://host";
        assertThat(ModuleOption.of(given))
                .isEqualTo(new ModuleOption(folder.resolve("vmlinuz"), "vmlinuz console=hvc0 root=nfs://host"));
        assertThat(ModuleOption.of("initrd.img")).isEqualTo(new ModuleOption(Path.of("initrd.img"), "initrd.img"));
    }

    @Test
    void aFileWithABlankInItsNameIsTakenWhole() throws Exception {
        Path file = Files.createFile(folder.resolve("my kernel"));
        assertThat(ModuleOption.of(file.toString())).isEqualTo(new ModuleOption(file, "my kernel"));
    }
}
