/* A rival of the emulator: the smallest C loop that runs a flat image under KVM, from its first byte at 1 MiB in 32-bit
 * protected mode without paging. Usage: kvm_flat IMAGE; prints the nanoseconds of this thread's processor time between the
 * guest's bytes S and E on port 0xe9. */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { RAM = 64 << 20, ORIGIN = 0x100000 };

static void die(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static struct kvm_segment flat(uint16_t selector, uint8_t type) {
  struct kvm_segment s = {.limit = 0xffffffff, .selector = selector, .type = type, .present = 1, .db = 1, .s = 1, .g = 1};
  return s;
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  if (kvm < 0) die("/dev/kvm");
  int vm = ioctl(kvm, KVM_CREATE_VM, 0);
  if (vm < 0) die("KVM_CREATE_VM");
  unsigned char *ram = mmap(0, RAM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (ram == MAP_FAILED) die("mmap");
  int image = open(argv[1], O_RDONLY);
  if (image < 0 || read(image, ram + ORIGIN, RAM - ORIGIN) < 1) die(argv[1]);
  struct kvm_userspace_memory_region slot = {.memory_size = RAM, .userspace_addr = (uint64_t)ram};
  if (ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000) < 0) die("KVM_SET_TSS_ADDR");
  if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot) < 0) die("KVM_SET_USER_MEMORY_REGION");
  int vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
  if (vcpu < 0) die("KVM_CREATE_VCPU");
  int size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
  struct kvm_run *run = mmap(0, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
  if (run == MAP_FAILED) die("mmap vcpu");
  /* 64-bit mode is offered only to a vCPU with the host's CPUID. */
  struct {
    struct kvm_cpuid2 head;
    struct kvm_cpuid_entry2 entries[128];
  } cpuid = {.head.nent = 128};
  if (ioctl(kvm, KVM_GET_SUPPORTED_CPUID, &cpuid) < 0) die("KVM_GET_SUPPORTED_CPUID");
  if (ioctl(vcpu, KVM_SET_CPUID2, &cpuid) < 0) die("KVM_SET_CPUID2");
  struct kvm_sregs sregs;
  if (ioctl(vcpu, KVM_GET_SREGS, &sregs) < 0) die("KVM_GET_SREGS");
  sregs.cs = flat(8, 11);
  sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = flat(16, 3);
  sregs.cr0 |= 1;
  if (ioctl(vcpu, KVM_SET_SREGS, &sregs) < 0) die("KVM_SET_SREGS");
  struct kvm_regs regs = {.rip = ORIGIN, .rflags = 2};
  if (ioctl(vcpu, KVM_SET_REGS, &regs) < 0) die("KVM_SET_REGS");
  uint64_t start = 0;
  for (;;) {
    if (ioctl(vcpu, KVM_RUN, 0) < 0) die("KVM_RUN");
    if (run->exit_reason != KVM_EXIT_IO) {
      fprintf(stderr, "exit reason %u\n", run->exit_reason);
      return 1;
    }
    if (run->io.port != 0xe9) continue;
    if (*((char *)run + run->io.data_offset) == 'S') {
      start = now();
    } else {
      printf("%llu\n", (unsigned long long)(now() - start));
      return 0;
    }
  }
}
