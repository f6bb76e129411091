// Ways to stop a process from outside: how long until all of its threads stand, how long until they run again, whether the process can
// let itself go on. And how late a frame begins: absolute deadlines with and without a real-time priority, beside a busy CPU.
// usage: schedule ROUNDS; needs root for the freezers and for SCHED_FIFO, and says so where it is refused.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS 4
static volatile uint64_t *counters;
static int victim, pidfd, file = -1;
static const char *on, *off;

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void *spin(void *slot) {
    for (;;) (*(volatile uint64_t *)slot)++;
    return 0;
}

static void pin(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
}

static int start(int selfWake) {
    int pid = fork();
    if (pid) return pid;
    pin(1);
    if (selfWake) {  // a timer that always lies 5 ms ahead: the kernel sends its signal, also to a process that stands
        struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGCONT};
        struct itimerspec soon = {{0, 0}, {0, 5000000}};
        timer_t timer;
        timer_create(CLOCK_MONOTONIC, &event, &timer);
        for (;;) {
            timer_settime(timer, 0, &soon, 0);
            counters[0]++;
        }
    }
    pthread_t thread;
    for (int i = 1; i < THREADS; i++) pthread_create(&thread, 0, spin, (void *)&counters[i * 8]);
    spin((void *)&counters[0]);
    return 0;
}

static uint64_t progress(void) {
    uint64_t sum = 0;
    for (int i = 0; i < THREADS; i++) sum += counters[i * 8];
    return sum;
}

static void bySignal(int stop) { syscall(SYS_pidfd_send_signal, pidfd, stop ? SIGSTOP : SIGCONT, 0, 0); }
static void byFile(int stop) {
    const char *text = stop ? on : off;
    if (pwrite(file, text, strlen(text), 0) < 0) perror("freezer");
}

static int order(const void *a, const void *b) {
    int64_t x = *(int64_t *)a, y = *(int64_t *)b;
    return x < y ? -1 : x > y;
}

static void print(const char *what, int64_t *v, int n) {
    qsort(v, n, sizeof *v, order);
    printf("%-44s p50 %8.1f  p99 %8.1f  max %8.1f us\n", what, v[n / 2] / 1e3, v[n * 99 / 100] / 1e3, v[n - 1] / 1e3);
}

static void measure(const char *name, void (*change)(int), int rounds) {
    int64_t *call = calloc(rounds, 8), *stands = calloc(rounds, 8), *runs = calloc(rounds, 8);
    char text[64];
    for (int i = 0; i < rounds; i++) {
        for (int64_t t = now(); now() - t < 2000000;);
        int64_t begin = now();
        change(1);
        call[i] = now() - begin;
        int64_t last = now();
        for (uint64_t seen = progress(); now() - last < 6000000;) {
            uint64_t next = progress();
            if (next != seen) last = now(), seen = next;
        }
        stands[i] = last - begin;
        uint64_t seen = progress();
        begin = now();
        change(0);
        while (progress() == seen && now() - begin < 1000000000);
        runs[i] = now() - begin;
    }
    snprintf(text, sizeof text, "%s: the call", name);
    print(text, call, rounds);
    snprintf(text, sizeof text, "%s: until all threads stand", name);
    print(text, stands, rounds);
    snprintf(text, sizeof text, "%s: until one runs again", name);
    print(text, runs, rounds);
}

static void selfWake(const char *name, void (*change)(int)) {
    for (uint64_t seen = progress(); progress() == seen;);
    change(1);
    for (int64_t t = now(); now() - t < 20000000;);
    uint64_t before = progress();
    for (int64_t t = now(); now() - t < 50000000;);
    printf("%-44s %s\n", name, progress() == before ? "stands" : "RUNS AGAIN: it has a timer that sends it SIGCONT");
    change(0);
}

static void freezer(const char *name, const char *root, const char *control, const char *frozen, const char *thawed, int rounds) {
    char folder[128], path[192], pid[16];
    snprintf(folder, sizeof folder, "%s/cloister-bench-%d", root, getpid());
    if (mkdir(folder, 0755)) {
        printf("%s: not here (%s)\n", name, strerror(errno));
        return;
    }
    snprintf(path, sizeof path, "%s/cgroup.procs", folder);
    int procs = open(path, O_WRONLY);
    snprintf(path, sizeof path, "%s/%s", folder, control);
    file = open(path, O_RDWR);
    on = frozen;
    off = thawed;
    for (int wake = 0; wake < 2; wake++) {
        victim = start(wake);
        snprintf(pid, sizeof pid, "%d", victim);
        if (file < 0 || write(procs, pid, strlen(pid)) < 0) printf("%s: %s\n", name, strerror(errno));
        else if (wake) selfWake(name, byFile);
        else measure(name, byFile, rounds);
        kill(victim, SIGKILL);
        waitpid(victim, 0, 0);
    }
    close(procs);
    close(file);
    for (int i = 0; rmdir(folder) && i < 1000; i++) sched_yield();
}

static void deadlines(const char *name, int64_t period, int rounds) {
    int64_t *late = calloc(rounds, 8), at = now() + period;
    for (int i = 0; i < rounds; i++, at += period) {
        struct timespec t = {at / 1000000000, at % 1000000000};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, 0);
        late[i] = now() - at;
    }
    print(name, late, rounds);
}

int main(int argc, char **argv) {
    int rounds = argc > 1 ? atoi(argv[1]) : 200;
    counters = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pin(0);
    for (int wake = 0; wake < 2; wake++) {
        victim = start(wake);
        pidfd = syscall(SYS_pidfd_open, victim, 0);
        if (wake) selfWake("SIGSTOP", bySignal);
        else measure("SIGSTOP", bySignal, rounds);
        kill(victim, SIGKILL);
        waitpid(victim, 0, 0);
    }
    freezer("freezer v1", "/sys/fs/cgroup/freezer", "freezer.state", "FROZEN", "THAWED", rounds);
    const char *v2 = access("/sys/fs/cgroup/unified", F_OK) ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified";
    freezer("freezer v2", v2, "cgroup.freeze", "1", "0", rounds);
    victim = start(0);
    pin(1);  // beside four busy threads
    deadlines("10 ms deadline beside load", 10000000, rounds);
    struct sched_param high = {.sched_priority = 50};
    if (sched_setscheduler(0, SCHED_FIFO, &high)) printf("SCHED_FIFO: %s\n", strerror(errno));
    else deadlines("10 ms deadline beside load, SCHED_FIFO 50", 10000000, rounds);
    kill(victim, SIGKILL);
    return 0;
}
