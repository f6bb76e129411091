/* Executes instructions natively for comparison with the executor: each input line holds the code as hexadecimal, then 16 general
   registers (RSP's is ignored), RFLAGS, 8 quad words of XMM0-3 and 8 of memory at 0x10000000; each output line the same after it. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
unsigned long gpr[17], vec[8] __attribute__((aligned(16))), host_rsp;
void *code;
static void run(void) {
    __asm__ volatile(
        "push %%rbp\n push %%rbx\n push %%r12\n push %%r13\n push %%r14\n push %%r15\n"
        "mov %%rsp, host_rsp(%%rip)\n"
        "movdqa vec(%%rip), %%xmm0\n movdqa vec+16(%%rip), %%xmm1\n movdqa vec+32(%%rip), %%xmm2\n movdqa vec+48(%%rip), %%xmm3\n"
        "push gpr+128(%%rip)\n"
        "mov gpr(%%rip), %%rax\n mov gpr+8(%%rip), %%rcx\n mov gpr+16(%%rip), %%rdx\n mov gpr+24(%%rip), %%rbx\n"
        "mov gpr+40(%%rip), %%rbp\n mov gpr+48(%%rip), %%rsi\n mov gpr+56(%%rip), %%rdi\n mov gpr+64(%%rip), %%r8\n"
        "mov gpr+72(%%rip), %%r9\n mov gpr+80(%%rip), %%r10\n mov gpr+88(%%rip), %%r11\n mov gpr+96(%%rip), %%r12\n"
        "mov gpr+104(%%rip), %%r13\n mov gpr+112(%%rip), %%r14\n mov gpr+120(%%rip), %%r15\n"
        "popfq\n call *code(%%rip)\n"
        "mov %%rax, gpr(%%rip)\n mov %%rcx, gpr+8(%%rip)\n mov %%rdx, gpr+16(%%rip)\n mov %%rbx, gpr+24(%%rip)\n"
        "mov %%rbp, gpr+40(%%rip)\n mov %%rsi, gpr+48(%%rip)\n mov %%rdi, gpr+56(%%rip)\n mov %%r8, gpr+64(%%rip)\n"
        "mov %%r9, gpr+72(%%rip)\n mov %%r10, gpr+80(%%rip)\n mov %%r11, gpr+88(%%rip)\n mov %%r12, gpr+96(%%rip)\n"
        "mov %%r13, gpr+104(%%rip)\n mov %%r14, gpr+112(%%rip)\n mov %%r15, gpr+120(%%rip)\n"
        "pushfq\n pop gpr+128(%%rip)\n cld\n"
        "movdqa %%xmm0, vec(%%rip)\n movdqa %%xmm1, vec+16(%%rip)\n movdqa %%xmm2, vec+32(%%rip)\n movdqa %%xmm3, vec+48(%%rip)\n"
        "mov host_rsp(%%rip), %%rsp\n"
        "pop %%r15\n pop %%r14\n pop %%r13\n pop %%r12\n pop %%rbx\n pop %%rbp\n" ::: "memory", "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9",
        "r10", "r11", "xmm0", "xmm1", "xmm2", "xmm3", "cc");
}
int main(void) {
    unsigned char *c = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned long *m = mmap((void *)0x10000000, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    char hex[64];
    code = c;
    if (c == MAP_FAILED || m == MAP_FAILED) return 1;
    while (scanf("%63s", hex) == 1) {
        int n = 0;
        for (; hex[2 * n]; n++) { unsigned v; sscanf(hex + 2 * n, "%2x", &v); c[n] = v; }
        c[n] = 0xc3;
        for (int i = 0; i < 17; i++) scanf("%lx", &gpr[i]);
        for (int i = 0; i < 8; i++) scanf("%lx", &vec[i]);
        for (int i = 0; i < 8; i++) scanf("%lx", &m[i]);
        run();
        for (int i = 0; i < 17; i++) printf("%lx ", gpr[i]);
        for (int i = 0; i < 8; i++) printf("%lx ", vec[i]);
        for (int i = 0; i < 8; i++) printf("%lx ", m[i]);
        printf("\n");
    }
    return 0;
}
