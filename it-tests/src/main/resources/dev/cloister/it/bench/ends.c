/* The two ends of a doorbell or of a stream, and the rival of the daemon's relay between them. Descriptors from 3 on are given:
 *   ends ping ROUNDS PERIOD     3 to signal, 4 to be signalled: sends a signal each PERIOD nanoseconds and waits for its echo;
 *                               prints "median p99" of the round trips in nanoseconds
 *   ends pong ROUNDS            3 to be signalled, 4 to signal: echoes
 *   ends pump BYTES             3 a pipe's write end: fills it
 *   ends sink BYTES QUANTUM     3 a pipe's read end, 4 an eventfd for a credit for each QUANTUM bytes, 0 for none;
 *                               prints MiB/s from the first byte to the last
 *   ends sync FILE ROUNDS       appends a line of 300 bytes and calls fdatasync, each 10 ms; prints "median p99" in nanoseconds
 *   ends splice                 3 a pipe's read end, 4 another's write end: moves what comes, by splice(2) */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define PART (64 << 10)

static void die(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void await(int fd, short events) {
  struct pollfd p = {.fd = fd, .events = events};
  while (poll(&p, 1, -1) < 0)
    if (errno != EINTR) die("poll");
}

static void ring(int fd) {
  uint64_t one = 1;
  if (write(fd, &one, sizeof one) != sizeof one) die("write eventfd");
}

static void heed(int fd) {
  uint64_t count;
  await(fd, POLLIN);
  if (read(fd, &count, sizeof count) != sizeof count) die("read eventfd");
}

static int by_value(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

static void sleep_until(uint64_t due) {
  struct timespec at = {.tv_sec = (time_t)(due / 1000000000u), .tv_nsec = (long)(due % 1000000000u)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, 0) == EINTR) {
  }
}

static void tell(uint64_t *took, long rounds) {
  qsort(took, (size_t)rounds, sizeof *took, by_value);
  printf("%llu %llu\n", (unsigned long long)took[rounds / 2], (unsigned long long)took[rounds * 99 / 100]);
}

static int ping(long rounds, uint64_t period) {
  uint64_t *took = calloc((size_t)rounds, sizeof *took);
  if (!took) die("calloc");
  uint64_t due = now();
  for (long i = 0; i < rounds; i++) {
    due += period;
    sleep_until(due);
    uint64_t begun = now();
    ring(3);
    heed(4);
    took[i] = now() - begun;
    if (now() > due + period) due = now();
  }
  tell(took, rounds);
  return 0;
}

static int sync_lines(const char *name, long rounds) {
  char line[300];
  memset(line, 'x', sizeof line);
  uint64_t *took = calloc((size_t)rounds, sizeof *took);
  if (!took) die("calloc");
  int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) die(name);
  for (long i = 0; i < rounds; i++) {
    sleep_until(now() + 10000000u);
    uint64_t begun = now();
    if (write(fd, line, sizeof line) != (ssize_t)sizeof line) die("write");
    if (fdatasync(fd)) die("fdatasync");
    took[i] = now() - begun;
  }
  tell(took, rounds);
  return 0;
}

static int pong(long rounds) {
  for (long i = 0; i < rounds; i++) {
    heed(3);
    ring(4);
  }
  return 0;
}

static int pump(uint64_t bytes) {
  static char part[PART];
  memset(part, 'x', sizeof part);
  while (bytes > 0) {
    ssize_t n = write(3, part, bytes < PART ? (size_t)bytes : PART);
    if (n > 0) bytes -= (uint64_t)n;
    else if (errno == EAGAIN) await(3, POLLOUT);
    else if (errno != EINTR) die("write pipe");
  }
  return 0;
}

static int sink(uint64_t bytes, uint64_t quantum) {
  static char part[PART];
  uint64_t got = 0, owed = 0, begun = 0;
  while (got < bytes) {
    ssize_t n = read(3, part, sizeof part);
    if (n > 0) {
      if (!begun) begun = now();
      got += (uint64_t)n;
      owed += (uint64_t)n;
      for (; quantum && owed >= quantum; owed -= quantum) ring(4);
    } else if (n == 0) {
      fprintf(stderr, "the stream ended after %llu bytes\n", (unsigned long long)got);
      return 1;
    } else if (errno == EAGAIN) await(3, POLLIN);
    else if (errno != EINTR) die("read pipe");
  }
  printf("%.1f\n", (double)got / 1048576.0 / ((double)(now() - begun) / 1e9));
  return 0;
}

static int move(void) {
  /* The sink goes as soon as it has all it wants. */
  signal(SIGPIPE, SIG_IGN);
  for (;;) {
    ssize_t n = splice(3, 0, 4, 0, PART, SPLICE_F_MOVE);
    if (n == 0 || (n < 0 && errno == EPIPE)) return 0;
    if (n < 0 && errno == EAGAIN) {
      await(3, POLLIN);
      await(4, POLLOUT);
    } else if (n < 0 && errno != EINTR) die("splice");
  }
}

int main(int argc, char **argv) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (argc >= 4 && !strcmp(argv[1], "ping")) return ping(atol(argv[2]), strtoull(argv[3], 0, 10));
  if (argc >= 3 && !strcmp(argv[1], "pong")) return pong(atol(argv[2]));
  if (argc >= 3 && !strcmp(argv[1], "pump")) return pump(strtoull(argv[2], 0, 10));
  if (argc >= 4 && !strcmp(argv[1], "sink")) return sink(strtoull(argv[2], 0, 10), strtoull(argv[3], 0, 10));
  if (argc >= 4 && !strcmp(argv[1], "sync")) return sync_lines(argv[2], atol(argv[3]));
  if (argc >= 2 && !strcmp(argv[1], "splice")) return move();
  fputs("ends ping|pong|pump|sink|sync|splice ...\n", stderr);
  return 64;
}
