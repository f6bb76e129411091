/* Executes vector instructions natively for comparison with the executor. The file named by the first argument holds records of
   RECORD bytes, which are replaced in place by the state after the instruction: code, general registers in hardware order, RFLAGS,
   the code segment's selector (0x33 or, for 32-bit code, 0x23), what ended the case (3 is the breakpoint behind the instruction), 512 bytes of memory and the XSAVE image up to the AVX
   component. The state travels through signal frames, so that every register is exactly the record's. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <ucontext.h>
#include <unistd.h>
#define BASE 0x10000000UL
#define SIZE 0x100000UL
#define CODE (BASE + 0x80000)
enum { RECORD = 2048, GPR = 64, FLAGS = 192, RIP = 200, TRAP = 208, ERROR = 216, CR2 = 224, WINDOW = 232, SELECTOR = 248, MEMORY = 256, IMAGE = 768, IMAGE_SIZE = 832 };
static const int order[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                              REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
static unsigned char *records;
static long count, current = -1;
static unsigned long *word(unsigned char *r, int at) { return (unsigned long *)(r + at); }
static void finish(unsigned char *r, ucontext_t *u) {
    unsigned char *image = (unsigned char *)u->uc_mcontext.fpregs;
    unsigned long present = *word(image, 512);
    for (int i = 0; i < 16; i++) word(r, GPR)[i] = u->uc_mcontext.gregs[order[i]];
    *word(r, FLAGS) = u->uc_mcontext.gregs[REG_EFL];
    *word(r, RIP) = u->uc_mcontext.gregs[REG_RIP] - CODE;
    *word(r, TRAP) = u->uc_mcontext.gregs[REG_TRAPNO];
    *word(r, ERROR) = u->uc_mcontext.gregs[REG_ERR];
    *word(r, CR2) = u->uc_mcontext.gregs[REG_CR2];
    memcpy(r + MEMORY, (void *)*word(r, WINDOW), 512);
    memcpy(r + IMAGE, image, IMAGE_SIZE);
    if (!(present & 1)) { memset(r + IMAGE, 0, 24); memset(r + IMAGE + 32, 0, 128); *(short *)(r + IMAGE) = 0x37f; }
    if (!(present & 2)) memset(r + IMAGE + 160, 0, 256);
    if (!(present & 4)) memset(r + IMAGE + 576, 0, 256);
}
static void start(unsigned char *r, ucontext_t *u) {
    unsigned char *image = (unsigned char *)u->uc_mcontext.fpregs;
    for (int i = 0; i < 16; i++) u->uc_mcontext.gregs[order[i]] = word(r, GPR)[i];
    u->uc_mcontext.gregs[REG_EFL] = *word(r, FLAGS);
    u->uc_mcontext.gregs[REG_RIP] = CODE;
    *(unsigned short *)&u->uc_mcontext.gregs[REG_CSGSFS] = *word(r, SELECTOR);
    memcpy((void *)CODE, r, 16);
    memcpy((void *)*word(r, WINDOW), r + MEMORY, 512);
    memcpy(image, r + IMAGE, 416);
    memcpy(image + 576, r + IMAGE + 576, 256);
    *word(image, 512) |= 7;
}
static void handler(int signal, siginfo_t *info, void *context) {
    /* The flag for alignment checks has come along. */
    __asm__ volatile("pushfq; andq $~0x40000, (%rsp); popfq");
    if (current >= 0) finish(records + current * RECORD, context);
    if (++current >= count) _exit(0);
    start(records + current * RECORD, context);
}
int main(int argc, char **argv) {
    struct stat s;
    int fd = open(argv[1], O_RDWR);
    if (fd < 0 || fstat(fd, &s)) return 1;
    count = s.st_size / RECORD;
    records = mmap(0, s.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    void *m = mmap((void *)BASE, SIZE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (records == MAP_FAILED || m == MAP_FAILED) return 2;
    stack_t stack = {.ss_sp = malloc(1 << 18), .ss_size = 1 << 18};
    sigaltstack(&stack, 0);
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    int signals[] = {SIGTRAP, SIGILL, SIGFPE, SIGSEGV, SIGBUS};
    for (int i = 0; i < 5; i++) sigaction(signals[i], &action, 0);
    /* Segments that 32-bit code can use. */
    __asm__ volatile("mov %0, %%ds; mov %0, %%es; vzeroupper; int3" : : "r"(0x2b));
    return 3;
}
