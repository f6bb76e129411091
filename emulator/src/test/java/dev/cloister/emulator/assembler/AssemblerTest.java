package dev.cloister.emulator.assembler;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the language means, apart from single encodings. */
final class AssemblerTest {
    private static String flat(String source) throws AssemblyException {
        return HexFormat.of()
                .formatHex(Assembler.of(OutputFormat.FLAT)
                        .assemble("test.asm", source)
                        .image());
    }

    @Test
    void laysOutData() throws AssemblyException {
        assertThat(flat("db 1, 'ab', \"c\", `\\n\\0`, 0x10 | 1\ndw 0x1234, 'x'\ndd -1\ndq 1 << 40"))
                .isEqualTo("0161626311".replace("6311", "630a0011") + "34127800" + "ffffffff" + "0000000000010000");
    }

    @Test
    void readsNumbersInEveryNotation() throws AssemblyException {
        assertThat(flat("db 10, 0x10, 10h, 0b101, 0o17, 1_0")).isEqualTo("0a1010050f0a");
    }

    @Test
    void bindsOperatorsAsCDoes() throws AssemblyException {
        assertThat(flat("db 2 + 3 * 4, (2 + 3) * 4, 1 << 2 + 1, 7 & 3 | 8, ~0 & 0xF, 7 / 2, 7 % 2, -1 + 2, 6 ^ 3"))
                .isEqualTo("0e14080b0f03010105");
    }

    @Test
    void keepsLocalLabelsApart() throws AssemblyException {
        assertThat(flat("bits 32\na: nop\n.x: jmp .x\nb: nop\n.x: jmp .x\njmp a.x"))
                .isEqualTo("90ebfe90ebfeebf9");
    }

    @Test
    void choosesShortJumpsWhereTheyReachAndLongOnesElsewhere() throws AssemblyException {
        assertThat(flat("bits 32\njmp over\ntimes 127 db 0\nover:")).startsWith("eb7f");
        assertThat(flat("bits 32\njmp over\ntimes 128 db 0\nover:")).startsWith("e980000000");
        assertThat(flat("bits 16\njz over\ntimes 128 db 0\nover:")).startsWith("0f848000");
        assertThat(flat("bits 32\njmp near over\nover:")).isEqualTo("e900000000");
    }

    @Test
    void settlesJumpsThatDependOnEachOther() throws AssemblyException {
        String source = "bits 32\na: jmp c\ntimes 120 db 0\nb: jmp a\nc: jmp b\ntimes 200 nop\njmp a";
        assertThat(flat(source)).isEqualTo(flat(source)).startsWith("eb");
    }

    @Test
    void countsFromHereAndFromTheSectionsStart() throws AssemblyException {
        assertThat(flat("org 0x7C00\nnop\ndw $, $$\ntimes 16 - ($ - $$) db 0xAA\ndw 0xAA55"))
                .isEqualTo("90017c007c" + "aa".repeat(11) + "55aa");
    }

    @Test
    void evaluatesTheLocationAnewForEachRepetition() throws AssemblyException {
        assertThat(flat("t: times 3 db ($ - t) * 2")).isEqualTo("000204");
    }

    @Test
    void allowsConstantsBeforeTheirDefinition() throws AssemblyException {
        assertThat(flat("bits 32\nadd eax, later\nlater equ 5 + more\nmore equ 1"))
                .isEqualTo("83c006");
    }

    @Test
    void alignsCodeWithNops() throws AssemblyException {
        assertThat(flat("ret\nalign 4\nret\nalign 4, 0xCC")).isEqualTo("c3909090c3cccccc");
    }

    @Test
    void addressesRelativeToTheNextInstruction() throws AssemblyException {
        assertThat(flat("bits 64\ndefault rel\nmov dword [x], 5\nx:")).isEqualTo("c7050000000005000000");
        assertThat(flat("bits 64\nlea rax, [rel x]\nx:\nmov al, [fs:x]"))
                .isEqualTo("488d0500000000" + "648a042507000000");
    }

    @Test
    void encodesFarJumpsOfTheAskedSize() throws AssemblyException {
        assertThat(flat("bits 16\njmp dword 8:0x12345678")).isEqualTo("66ea785634120800");
        assertThat(flat("bits 32\njmp 8:0x12345678")).isEqualTo("ea785634120800");
        assertThat(flat("bits 64\njmp far [rax]\njmp far qword [rax]")).isEqualTo("ff2848ff28");
    }

    @Test
    void expandsMacrosWithParametersAndUniqueLabels() throws AssemblyException {
        String source =
                "bits 32\n%macro spin 2\nmov %1, %2\n%%again: dec %1\njnz %%again\n%endm\nspin ecx, 5\nspin edx, 6";
        assertThat(flat(source)).isEqualTo("b9050000004975fd" + "ba060000004a75fd");
    }

    @Test
    void putsTextBeforeDataWhateverTheSourceOrder() throws AssemblyException {
        assertThat(flat("section .data\nd: db 1\nsection .text\nbits 32\nmov eax, d\nsection .bss\nresb 100"))
                .isEqualTo("b810000000" + "00".repeat(11) + "01");
    }

    @Test
    void includesRelativeToTheIncludingFile(@TempDir Path directory) throws Exception {
        Files.createDirectories(directory.resolve("lib"));
        Files.writeString(directory.resolve("lib/b.inc"), "db 2");
        Files.writeString(directory.resolve("lib/a.inc"), "db 1\n%include \"b.inc\"");
        Path source = Files.writeString(directory.resolve("x.asm"), "%include \"lib/a.inc\"\ndb 3");
        assertThat(Assembler.create().assemble(source).image()).containsExactly(1, 2, 3);
    }

    @Test
    void writesElfWithEntryAndPvhNote() throws AssemblyException {
        String source = "format elf64\npvhnote start\nentry start\nnop\nbits 32\nstart: hlt\nsection .data\ndb 7\n"
                + "section .bss\nresb 4096";
        Assembly assembly = Assembler.create().assemble("x.asm", source);
        ByteBuffer elf = ByteBuffer.wrap(assembly.image()).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(assembly.format()).isEqualTo(OutputFormat.ELF64);
        assertThat(elf.getInt(0)).isEqualTo(0x464C457F);
        assertThat(elf.getShort(18)).isEqualTo((short) 62);
        assertThat(elf.getLong(24)).isEqualTo(0x10_0001).isEqualTo(assembly.entry());
        assertThat(elf.getShort(56)).isEqualTo((short) 3);
        // Second segment: one byte from the file, the rest of it zero when loaded.
        assertThat(elf.getLong(64 + 56 + 16)).isEqualTo(0x10_1000);
        assertThat(elf.getLong(64 + 56 + 32)).isEqualTo(1);
        assertThat(elf.getLong(64 + 56 + 40)).isEqualTo(0x10 + 4096);
        int note = (int) elf.getLong(64 + 2 * 56 + 8);
        assertThat(elf.getInt(note + 8)).isEqualTo(18);
        assertThat(elf.getLong(note + 16)).isEqualTo(0x10_0001);
    }

    @Test
    void writesElf32WhenAskedWhateverTheSourceSays() throws AssemblyException {
        Assembly assembly = Assembler.of(OutputFormat.ELF32).assemble("x.asm", "format elf64\n_start: hlt");
        ByteBuffer elf = ByteBuffer.wrap(assembly.image()).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(elf.get(4)).isEqualTo((byte) 1);
        assertThat(elf.getInt(24)).isEqualTo(0x10_0000);
        assertThat(elf.getInt(52 + 4)).isEqualTo(4096);
        assertThat(elf.get(4096)).isEqualTo((byte) 0xF4);
    }

    @Test
    void givesTheSameBytesEachTime() throws IOException, AssemblyException {
        Path quickstart = Path.of("..", "examples", "quickstart", "command.asm");
        byte[] once = Assembler.create().assemble(quickstart).image();
        assertThat(Assembler.create().assemble(quickstart.toAbsolutePath()).image())
                .isEqualTo(once);
        assertThat(new String(once, StandardCharsets.ISO_8859_1)).doesNotContain("examples");
    }
}
