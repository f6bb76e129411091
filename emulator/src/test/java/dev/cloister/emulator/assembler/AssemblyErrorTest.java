package dev.cloister.emulator.assembler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a person who made a mistake is told. */
final class AssemblyErrorTest {
    private static List<AssemblyError> errors(String source) {
        AssemblyException e = catchThrowableOfType(
                AssemblyException.class, () -> Assembler.create().assemble("bad.asm", source));
        assertThat(e).as("no error for: " + source).isNotNull();
        return e.errors();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "moov ax, bx | 1 | did you mean 'mov'",
                "frobnicate | 1 | unknown instruction",
                "mov ax, ebx | 1 | does not take (ax, ebx)",
                "mov [bx], 5 | 5 | write byte, word, dword or qword",
                "inc | 1 | does not take 0 operands",
                "mov rax, 1 | 5 | exists in 'bits 64' only",
                "mov al, 300 | 1 | does not take",
                "db 256 | 4 | does not fit in 8 bits",
                "jmp nowhere | 5 | 'nowhere' is not defined",
                "db 1 / 0 | 6 | division by zero",
                "db 0x | 4 | not a number",
                "db 'abc | 4 | no closing",
                "db (1 + 2 | 10 | expected ')'",
                "db 1 2 | 6 | expected the end of the line",
                "db | 3 | expected an expression",
                "db # | 4 | unexpected character",
                "mov ax, [bx+bp] | 9 | 16-bit address",
                "mov ax, [ax] | 9 | 16-bit address",
                "mov eax, [eax+ecx*3] | 10 | base + index",
                "mov eax, [esp*2] | 10 | esp or rsp as index",
                "loop $ + 500 | 6 | reaches -128 to 127",
                "jmp short $ + 500 | 5 | reaches -128 to 127",
                "bits 20 | 6 | expected 16, 32 or 64",
                "section .rodata | 9 | expected .text, .data or .bss",
                "format coff | 8 | expected flat, elf32 or elf64",
                "align 3 | 1 | power of two",
                "times -1 nop | 1 | a count is 0 to",
                "%include 'x' | 1 | can't include",
                "%define x 1 | 1 | expected %include",
                "%macro m 1 | 1 | has no %endm",
                "eax: nop | 1 | is a register",
                "lock | 5 | the instruction that the prefix belongs to",
            })
    void pointsAtTheMistake(String source, int column, String message) {
        AssemblyError error = errors(source).getFirst();
        assertThat(error.message()).contains(message);
        assertThat(error.line()).isEqualTo(1);
        assertThat(error.column()).isEqualTo(column);
        assertThat(error.file()).isEqualTo("bad.asm");
        assertThat(error.text()).isEqualTo(source);
    }

    @Test
    void reportsSeveralErrorsInOneRun() {
        assertThat(errors("mov ax, ebx\nnop\nfoo bar\ndb 256"))
                .extracting(AssemblyError::line)
                .containsExactlyInAnyOrder(1, 3, 4);
        assertThat(errors("jmp gone\nmov al, ebx\njmp lost"))
                .extracting(AssemblyError::line)
                .containsExactly(1, 2, 3);
    }

    @Test
    void refusesASecondDefinitionAndNamesTheFirst() {
        assertThat(errors("a: nop\na: nop").getFirst().message()).contains("already defined at bad.asm:1");
    }

    @Test
    void namesTheUseOfTheMacroThatWentWrong() {
        AssemblyError error =
                errors("%macro m 1\nmov ax, %1\n%endm\nnop\nm ebx").getFirst();
        assertThat(error.line()).isEqualTo(2);
        assertThat(error.message()).contains("in a macro used at bad.asm:5");
        assertThat(errors("%macro m 1\n%endm\nm").getFirst().message()).contains("takes 1 parameters, here are 0");
    }

    @Test
    void stopsIncludesAndMacrosThatNameThemselves(@TempDir Path directory) throws Exception {
        Path self = directory.resolve("self.asm");
        Files.writeString(self, "%include \"self.asm\"");
        AssemblyException e = catchThrowableOfType(
                AssemblyException.class, () -> Assembler.create().assemble(self));
        assertThat(e).hasMessageContaining("deeper than 16");
        assertThat(errors("%macro m 0\nm\n%endm\nm").getFirst().message()).contains("nest deeper");
    }

    @Test
    void showsTheLineWithACaret() {
        assertThat(errors("db 256").getFirst().toString())
                .isEqualTo("bad.asm:1:4: 0x100 does not fit in 8 bits\n    db 256\n       ^");
    }

    @Test
    void boundsWhatASourceMayAskFor() {
        assertThat(errors("times 0x7fffffff db 0").getFirst().message()).contains("a count is 0 to");
        assertThat(errors("db " + "(".repeat(100) + "1").getFirst().message()).contains("nested deeper");
        assertThat(errors("resq 0x4000000").getFirst().message()).contains("grows beyond");
    }

    @Test
    void answersAnyTextWithAnImageOrWithErrors() {
        Random random = new Random(20261120);
        String[] words = {
            "mov", "eax", ",", "[", "]", "rax", "+", "*", "4", "times", "equ", "x", ":", "db", "'a'", "$", "jmp", "(",
            "-", "bits", "64", "lock", "word", "%1", ".l", "st1", "cr0", "far", "short", "align", "section", ".bss",
            "\n"
        };
        for (int i = 0; i < 4000; i++) {
            StringBuilder source = new StringBuilder();
            for (int n = random.nextInt(12); n >= 0; n--) {
                source.append(words[random.nextInt(words.length)]).append(' ');
            }
            try {
                assertThat(Assembler.create()
                                .assemble("fuzz", source.toString())
                                .image())
                        .isNotNull();
            } catch (AssemblyException e) {
                assertThat(e.errors()).isNotEmpty();
            }
        }
    }
}
