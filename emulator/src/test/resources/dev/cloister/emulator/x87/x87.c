/* One x87 instruction per record of standard input: 160 bytes of FXSAVE image, 16 of code (its length, then the bytes), 128 of
   memory at 0x10000000 (RSI points there), RFLAGS; each answer is the same without the code, then whether the instruction
   faulted. Code lies at 0x10080000. */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
struct in { uint8_t image[160], code[16], memory[128]; uint64_t flags; } in;
struct out { uint8_t image[160], memory[128]; uint64_t flags, fault; } out;
static sigjmp_buf env;
static uint8_t area[512] __attribute__((aligned(64))), plain[512] __attribute__((aligned(64)));
static void handler(int s, siginfo_t *i, void *p) { siglongjmp(env, 1); }
int main(void) {
    struct sigaction sa;
    unsigned char *code = mmap((void *)0x10080000, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    unsigned char *memory = mmap((void *)0x10000000, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (code == MAP_FAILED || memory == MAP_FAILED) return 1;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = (void *)handler;
    sa.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGFPE, &sa, 0);
    __asm__ volatile("fninit\n fxsave64 %0" : "=m"(plain));
    while (fread(&in, sizeof in, 1, stdin) == 1) {
        uint64_t flags = in.flags, rax = 0;
        memcpy(code, in.code + 1, in.code[0]);
        code[in.code[0]] = 0xc3;
        memcpy(memory, in.memory, 128);
        memcpy(area, plain, 512);
        memcpy(area, in.image, 24);
        memcpy(area + 32, in.image + 32, 128);
        out.fault = 0;
        if (sigsetjmp(env, 0) == 0) {
            __asm__ volatile(
                "push %0\n popfq\n fxrstor64 %2\n call *%3\n fxsave64 %2\n pushfq\n pop %0\n fxrstor64 %5\n"
                : "+r"(flags), "+a"(rax), "+m"(area) : "r"(code), "S"(memory), "m"(plain) : "memory", "cc");
        } else {
            out.fault = 1;
            memset(area, 0, 160);
        }
        memcpy(out.image, area, 160);
        memcpy(out.memory, memory, 128);
        out.flags = flags;
        fwrite(&out, sizeof out, 1, stdout);
        __asm__ volatile("fxrstor64 %0" : : "m"(plain));
    }
    return 0;
}
