/* One SSE, FMA or F16C instruction per record of standard input: operation, MXCSR, three operands of 64 bits; each answer is the
   result, MXCSR afterwards and whether the instruction faulted. The order of operations is that of SseOperation. */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
struct in { uint32_t op, mxcsr; uint64_t a, b, c; } in;
struct out { uint64_t r; uint32_t mxcsr, fault; } out;
static sigjmp_buf env;
static uint32_t after, plain = 0x1f80;
static void handler(int s, siginfo_t *i, void *p) {
    after = ((ucontext_t *)p)->uc_mcontext.fpregs->mxcsr;
    siglongjmp(env, 1);
}
typedef double v2 __attribute__((vector_size(16)));
#define VECTOR(text) __asm__ volatile("ldmxcsr %1\n " text "\n stmxcsr %2\n ldmxcsr %3" : "+x"(x) : "m"(in.mxcsr), "m"(after), "m"(plain), "x"(y), "x"(z) : "memory"); break;
#define TO_INT(text) __asm__ volatile("ldmxcsr %1\n " text "\n stmxcsr %2\n ldmxcsr %3" : "=r"(g) : "m"(in.mxcsr), "m"(after), "m"(plain), "x"(x) : "memory"); is_int = 1; break;
#define FROM_INT(text) g = in.a; __asm__ volatile("ldmxcsr %1\n " text "\n stmxcsr %2\n ldmxcsr %3" : "+x"(x) : "m"(in.mxcsr), "m"(after), "m"(plain), "r"(g) : "memory"); break;
#define COMPARE(text) __asm__ volatile("ldmxcsr %1\n " text " %5, %4\n pushfq\n pop %0\n stmxcsr %2\n ldmxcsr %3" : "=&r"(g) : "m"(in.mxcsr), "m"(after), "m"(plain), "x"(x), "x"(y) : "memory", "cc"); is_int = 1; g &= 0x45; break;
int main(void) {
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_sigaction = handler;
    sa.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGFPE, &sa, 0);
    while (fread(&in, sizeof in, 1, stdin) == 1) {
        v2 x = {0, 0}, y = {0, 0}, z = {0, 0};
        uint64_t g = 0;
        int is_int = 0;
        memcpy(&x, &in.a, 8);
        memcpy(&y, &in.b, 8);
        memcpy(&z, &in.c, 8);
        after = 0;
        out.fault = 0;
        out.r = 0;
        if (sigsetjmp(env, 0) == 0) {
            switch (in.op) {
                case 0: VECTOR("addsd %4, %0")
                case 1: VECTOR("subsd %4, %0")
                case 2: VECTOR("mulsd %4, %0")
                case 3: VECTOR("divsd %4, %0")
                case 4: VECTOR("sqrtsd %0, %0")
                case 5: VECTOR("minsd %4, %0")
                case 6: VECTOR("maxsd %4, %0")
                case 7: VECTOR("vfmadd213sd %5, %4, %0")
                case 8: VECTOR("vfmsub213sd %5, %4, %0")
                case 9: VECTOR("vfnmadd213sd %5, %4, %0")
                case 10: VECTOR("vfnmsub213sd %5, %4, %0")
                case 11: VECTOR("roundsd $0, %0, %0")
                case 12: VECTOR("roundsd $1, %0, %0")
                case 13: VECTOR("roundsd $2, %0, %0")
                case 14: VECTOR("roundsd $3, %0, %0")
                case 15: VECTOR("roundsd $12, %0, %0")
                case 16: TO_INT("cvtsd2si %4, %k0")
                case 17: TO_INT("cvtsd2si %4, %0")
                case 18: TO_INT("cvttsd2si %4, %k0")
                case 19: TO_INT("cvttsd2si %4, %0")
                case 20: FROM_INT("cvtsi2sd %k4, %0")
                case 21: FROM_INT("cvtsi2sd %4, %0")
                case 22: VECTOR("cvtsd2ss %0, %0")
                case 23: COMPARE("comisd")
                case 24: COMPARE("ucomisd")
                case 25: VECTOR("addss %4, %0")
                case 26: VECTOR("subss %4, %0")
                case 27: VECTOR("mulss %4, %0")
                case 28: VECTOR("divss %4, %0")
                case 29: VECTOR("sqrtss %0, %0")
                case 30: VECTOR("minss %4, %0")
                case 31: VECTOR("maxss %4, %0")
                case 32: VECTOR("vfmadd213ss %5, %4, %0")
                case 33: VECTOR("vfmsub213ss %5, %4, %0")
                case 34: VECTOR("vfnmadd213ss %5, %4, %0")
                case 35: VECTOR("vfnmsub213ss %5, %4, %0")
                case 36: VECTOR("roundss $0, %0, %0")
                case 37: VECTOR("roundss $1, %0, %0")
                case 38: VECTOR("roundss $2, %0, %0")
                case 39: VECTOR("roundss $3, %0, %0")
                case 40: VECTOR("roundss $12, %0, %0")
                case 41: TO_INT("cvtss2si %4, %k0")
                case 42: TO_INT("cvtss2si %4, %0")
                case 43: TO_INT("cvttss2si %4, %k0")
                case 44: TO_INT("cvttss2si %4, %0")
                case 45: FROM_INT("cvtsi2ss %k4, %0")
                case 46: FROM_INT("cvtsi2ss %4, %0")
                case 47: VECTOR("cvtss2sd %0, %0")
                case 48: COMPARE("comiss")
                case 49: COMPARE("ucomiss")
                case 50: VECTOR("vcvtph2ps %0, %0")
                case 51: VECTOR("vcvtps2ph $4, %0, %0")
                default: return 2;
            }
            if (is_int) out.r = g; else memcpy(&out.r, &x, 8);
        } else {
            out.fault = 1;
        }
        out.mxcsr = after;
        fwrite(&out, sizeof out, 1, stdout);
    }
    return 0;
}
