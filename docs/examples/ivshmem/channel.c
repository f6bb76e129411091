/*
 * channel: the channels of a Cloister domain from a Linux program, without a driver of their own.
 *
 *   channel list                  the domain's memory and event channels
 *   channel send FLOW             each line of standard input becomes a record (memory) or a signal (event)
 *   channel receive FLOW [COUNT]  prints records, one in a line; ends after COUNT
 *   channel poke FLOW             tries to write the channel's memory, as a reader may not
 *
 * Each channel is a PCI function of the ivshmem kind (1af4:1110): registers and the channel's directory entry in BAR 0, the memory
 * in BAR 2, both mapped through sysfs. "receive" sleeps on /dev/uioN where uio_pci_generic has the function (modprobe
 * uio_pci_generic; echo 1af4 1110 > /sys/bus/pci/drivers/uio_pci_generic/new_id), else it looks every few milliseconds.
 * The layout of registers and ring is docs/guest-abi.md. Needs root. Build: gcc -O2 -static -o channel channel.c
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DEVICES "/sys/bus/pci/devices"

enum { REG_MASK = 0x0, REG_STATUS = 0x4, REG_POSITION = 0x8, REG_DOORBELL = 0xC, REG_MAGIC = 0x10, REG_ENTRY = 0x80 };
enum { ENTRY_KIND = 0x28, ENTRY_DIRECTION = 0x2C, ENTRY_SIZE = 0x38, ENTRY_RECORD_BYTES = 0x48, ENTRY_RECORDS = 0x4C,
       ENTRY_STATE = 0x50, ENTRY_EPOCH = 0x54, ENTRY_PEER = 0x58 };
enum { KIND_MEMORY = 1, KIND_EVENT = 2, DIRECTION_IN = 1, DIRECTION_OUT = 2 };
enum { RING_MAGIC = 0x00, RING_EPOCH = 0x08, RING_RECORD_BYTES = 0x10, RING_RECORDS = 0x14, RING_WSC = 0x40, RING_WC = 0x80,
       RING_DATA = 0x1000, RECORD_HEADER = 8 };

#define DIRECTORY_MAGIC 0x52455453494F4C43ull /* "CLOISTER" */
#define CLSRING1 0x31474E4952534C43ull        /* "CLSRING1" */
#define PEER_RECEIVER 1u

struct channel {
    char device[64];
    volatile uint8_t *registers;
    uint8_t *memory;
    char flow[41];
    char peer[33];
    uint32_t kind, direction, record_bytes, records;
    uint64_t size;
};

static void fail(const char *what, const char *object)
{
    fprintf(stderr, "channel: %s %s: %s\n", what, object, strerror(errno));
    exit(1);
}

static uint32_t get32(const struct channel *c, unsigned offset)
{
    return *(volatile uint32_t *)(c->registers + offset);
}

static void put32(const struct channel *c, unsigned offset, uint32_t value)
{
    *(volatile uint32_t *)(c->registers + offset) = value;
}

/* Text is copied word by word: the registers are no memory. */
static void get_text(const struct channel *c, unsigned offset, char *text, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i += 4) {
        uint32_t word = get32(c, offset + i);
        memcpy(text + i, &word, 4);
    }
    text[bytes] = 0;
}

static unsigned long read_number(const char *device, const char *name)
{
    char path[160], text[64] = "";
    snprintf(path, sizeof path, DEVICES "/%s/%s", device, name);
    int fd = open(path, O_RDONLY);
    if (fd >= 0) {
        ssize_t got = read(fd, text, sizeof text - 1);
        text[got > 0 ? got : 0] = 0;
        close(fd);
    }
    return strtoul(text, NULL, 16);
}

static void *map(const char *device, int bar, size_t bytes, int protection)
{
    char path[160];
    snprintf(path, sizeof path, DEVICES "/%s/resource%d", device, bar);
    int fd = open(path, protection & PROT_WRITE ? O_RDWR | O_SYNC : O_RDONLY | O_SYNC);
    if (fd < 0)
        fail("open", path);
    void *mapped = mmap(NULL, bytes, protection, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED)
        fail("mmap", path);
    close(fd);
    return mapped;
}

/* Maps the registers and reads what the function says of its channel; 0 if it is no Cloister channel. */
static int open_function(struct channel *c, const char *device)
{
    if (read_number(device, "vendor") != 0x1af4 || read_number(device, "device") != 0x1110)
        return 0;
    memset(c, 0, sizeof *c);
    snprintf(c->device, sizeof c->device, "%.63s", device);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    /* "resource" begins with BAR 0's address; the range may begin within a page. */
    size_t within = read_number(device, "resource") & (page - 1);
    c->registers = (uint8_t *)map(device, 0, page, PROT_READ | PROT_WRITE) + within;
    uint64_t magic = get32(c, REG_MAGIC) | (uint64_t)get32(c, REG_MAGIC + 4) << 32;
    if (magic != DIRECTORY_MAGIC)
        return 0;
    get_text(c, REG_ENTRY, c->flow, 40);
    get_text(c, REG_ENTRY + ENTRY_PEER, c->peer, 32);
    c->kind = get32(c, REG_ENTRY + ENTRY_KIND);
    c->direction = get32(c, REG_ENTRY + ENTRY_DIRECTION);
    c->size = get32(c, REG_ENTRY + ENTRY_SIZE);
    c->record_bytes = get32(c, REG_ENTRY + ENTRY_RECORD_BYTES);
    c->records = get32(c, REG_ENTRY + ENTRY_RECORDS);
    return 1;
}

/* Calls back for each channel until one returns non-zero. */
static int each(int (*visit)(struct channel *, void *), struct channel *c, void *with)
{
    DIR *devices = opendir(DEVICES);
    if (!devices)
        fail("open", DEVICES);
    int found = 0;
    for (struct dirent *entry; !found && (entry = readdir(devices));)
        found = entry->d_name[0] != '.' && open_function(c, entry->d_name) && visit(c, with);
    closedir(devices);
    return found;
}

static int show(struct channel *c, void *unused)
{
    (void)unused;
    printf("%s %-20s %s %s %s, %s\n", c->device, c->flow, c->kind == KIND_MEMORY ? "memory" : "event",
           c->direction == DIRECTION_OUT ? "to" : "from", c->peer,
           get32(c, REG_ENTRY + ENTRY_STATE) == 1 ? "live" : "severed");
    return 0;
}

static int named(struct channel *c, void *name)
{
    return strcmp(c->flow, name) == 0;
}

static void open_channel(struct channel *c, char *flow, uint32_t direction, int protection)
{
    if (!each(named, c, flow)) {
        fprintf(stderr, "channel: this domain has no memory or event channel %s\n", flow);
        exit(1);
    }
    if (direction && c->direction != direction) {
        fprintf(stderr, "channel: %s goes the other way\n", flow);
        exit(1);
    }
    if (c->kind == KIND_MEMORY)
        c->memory = map(c->device, 2, c->size, protection);
}

static void doze(long milliseconds)
{
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&time, NULL);
}

#define RING64(c, offset) ((uint64_t *)((c)->memory + (offset)))
#define RING32(c, offset) ((uint32_t *)((c)->memory + (offset)))

/* ---- the writer ---- */

static void ring_reset(struct channel *c, uint64_t epoch)
{
    __atomic_store_n(RING64(c, RING_EPOCH), 0, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    *RING64(c, RING_WSC) = 0;
    *RING64(c, RING_WC) = 0;
    *RING64(c, RING_MAGIC) = CLSRING1;
    *RING32(c, RING_RECORD_BYTES) = c->record_bytes;
    *RING32(c, RING_RECORDS) = c->records;
    __atomic_store_n(RING64(c, RING_EPOCH), epoch, __ATOMIC_RELEASE);
}

static void ring_write(struct channel *c, uint64_t record, const char *text, uint32_t length)
{
    uint8_t *slot = c->memory + RING_DATA + (record & (c->records - 1)) * (uint64_t)c->record_bytes;
    __atomic_store_n(RING64(c, RING_WSC), record + 1, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    *(uint32_t *)slot = length;
    memcpy(slot + RECORD_HEADER, text, length);
    __atomic_store_n(RING64(c, RING_WC), record + 1, __ATOMIC_RELEASE);
}

static int send_lines(struct channel *c)
{
    char line[65536];
    uint32_t opening = 0;
    uint64_t record = 0, resets = 0;
    while (fgets(line, sizeof line, stdin)) {
        while (get32(c, REG_ENTRY + ENTRY_STATE) != 1)
            doze(50);
        uint32_t now = get32(c, REG_ENTRY + ENTRY_EPOCH);
        if (c->kind == KIND_MEMORY) {
            if (now != opening) {
                /* The memory is new with each opening of the channel. */
                ring_reset(c, (uint64_t)now << 32 | ++resets);
                record = 0;
                opening = now;
            }
            uint32_t length = (uint32_t)strcspn(line, "\n");
            uint32_t most = c->record_bytes - RECORD_HEADER;
            ring_write(c, record++, line, length < most ? length : most);
        }
        put32(c, REG_DOORBELL, PEER_RECEIVER << 16);
    }
    return 0;
}

/* ---- waiting ---- */

struct waiting {
    int uio;    /* /dev/uioN, or -1 */
    int config; /* the function's configuration space */
};

static struct waiting wait_open(struct channel *c)
{
    struct waiting w = {-1, -1};
    char path[192];
    snprintf(path, sizeof path, DEVICES "/%s/uio", c->device);
    DIR *folder = opendir(path);
    if (folder) {
        for (struct dirent *entry; w.uio < 0 && (entry = readdir(folder));) {
            if (strncmp(entry->d_name, "uio", 3) == 0) {
                snprintf(path, sizeof path, "/dev/%.32s", entry->d_name);
                w.uio = open(path, O_RDWR);
            }
        }
        closedir(folder);
    }
    if (w.uio >= 0) {
        snprintf(path, sizeof path, DEVICES "/%s/config", c->device);
        w.config = open(path, O_RDWR);
        if (w.config < 0)
            fail("open", path);
        put32(c, REG_MASK, 1);
    }
    fprintf(stderr, "channel: waiting %s\n", w.uio >= 0 ? "by uio" : "by polling");
    return w;
}

/* Whether a signal came since the last call; one that comes after this wakes the sleeper. So look at the channel before sleeping. */
static int wait_arm(struct channel *c, struct waiting *w)
{
    int signalled = get32(c, REG_STATUS) & 1;
    if (w->uio >= 0) {
        /* uio_pci_generic has set the command register's interrupt disable bit (bit 10). */
        uint16_t command;
        if (pread(w->config, &command, 2, 4) == 2) {
            command &= (uint16_t)~0x400;
            if (pwrite(w->config, &command, 2, 4) != 2)
                fail("write", "command register");
        }
    }
    return signalled;
}

static void wait_sleep(struct waiting *w)
{
    uint32_t count;
    if (w->uio < 0)
        doze(5);
    else if (read(w->uio, &count, sizeof count) != sizeof count)
        fail("read", "/dev/uio");
}

/* ---- the reader ---- */

enum { READ_EMPTY = -1, READ_AGAIN = -2 };

struct reader {
    uint64_t epoch, next, lost, malformed;
};

static int reader_epoch(struct channel *c, struct reader *r, uint64_t now)
{
    r->epoch = now;
    if (now == 0)
        return READ_EMPTY;
    r->next = 0;
    if (*RING64(c, RING_MAGIC) != CLSRING1 || *RING32(c, RING_RECORD_BYTES) != c->record_bytes
        || *RING32(c, RING_RECORDS) != c->records) {
        r->epoch = 0;
        r->malformed++;
        return READ_EMPTY;
    }
    return READ_AGAIN;
}

static int reader_skip(struct channel *c, struct reader *r, uint64_t behind)
{
    uint64_t now = __atomic_load_n(RING64(c, RING_EPOCH), __ATOMIC_ACQUIRE);
    if (now != r->epoch)
        return reader_epoch(c, r, now);
    if ((int64_t)behind < 0) {
        r->next += behind;
        r->malformed++;
        return READ_AGAIN;
    }
    uint64_t step = behind - (c->records > 1 ? c->records / 2 : 1);
    r->next += step;
    r->lost += step;
    return READ_AGAIN;
}

/* The next record's bytes, or READ_EMPTY, or READ_AGAIN. Nothing that the writer does makes it read outside the record. */
static int ring_read(struct channel *c, struct reader *r, char *text)
{
    uint64_t now = __atomic_load_n(RING64(c, RING_EPOCH), __ATOMIC_ACQUIRE);
    if (now != r->epoch)
        return reader_epoch(c, r, now);
    if (now == 0)
        return READ_EMPTY;
    uint64_t behind = __atomic_load_n(RING64(c, RING_WC), __ATOMIC_ACQUIRE) - r->next;
    if (behind == 0)
        return READ_EMPTY;
    if (behind > c->records)
        return reader_skip(c, r, behind);
    uint8_t *slot = c->memory + RING_DATA + (r->next & (c->records - 1)) * (uint64_t)c->record_bytes;
    uint32_t length = __atomic_load_n((uint32_t *)slot, __ATOMIC_RELAXED);
    int sound = length <= c->record_bytes - RECORD_HEADER;
    if (sound)
        memcpy(text, slot + RECORD_HEADER, length);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    uint64_t begun = __atomic_load_n(RING64(c, RING_WSC), __ATOMIC_ACQUIRE) - r->next;
    if (begun > c->records)
        return reader_skip(c, r, begun);
    now = __atomic_load_n(RING64(c, RING_EPOCH), __ATOMIC_ACQUIRE);
    if (now != r->epoch)
        return reader_epoch(c, r, now);
    r->next++;
    if (!sound) {
        r->malformed++;
        return READ_AGAIN;
    }
    return (int)length;
}

static long receive_records(struct channel *c, struct reader *r, long left)
{
    static char text[1 << 20];
    if (c->record_bytes < RECORD_HEADER || c->record_bytes > sizeof text || c->records == 0)
        return 0;
    for (int got; left != 0 && (got = ring_read(c, r, text)) != READ_EMPTY;) {
        if (got >= 0) {
            fwrite(text, 1, (size_t)got, stdout);
            putchar('\n');
            left--;
        }
    }
    fflush(stdout);
    return left;
}

static int receive(struct channel *c, long left)
{
    struct reader r = {0, 0, 0, 0};
    struct waiting w = wait_open(c);
    while (left != 0) {
        int signalled = wait_arm(c, &w);
        if (c->kind == KIND_MEMORY) {
            left = receive_records(c, &r, left);
        } else if (signalled) {
            puts("signal");
            fflush(stdout);
            left--;
        }
        if (left != 0 && !signalled)
            wait_sleep(&w);
    }
    if (r.lost || r.malformed)
        fprintf(stderr, "channel: %llu records overwritten before they were read, %llu malformed\n",
                (unsigned long long)r.lost, (unsigned long long)r.malformed);
    return 0;
}

static int poke(struct channel *c)
{
    if (!c->memory) {
        fprintf(stderr, "channel: an event has no memory\n");
        return 1;
    }
    volatile uint32_t *word = (volatile uint32_t *)(c->memory + RING_RECORD_BYTES);
    uint32_t before = *word;
    *word = ~before;
    uint32_t after = *word;
    printf("write %s\n", after == before ? "refused: the memory is as it was" : "accepted: the memory has changed");
    return after == before ? 0 : 2;
}

int main(int argc, char **argv)
{
    struct channel c;
    if (argc == 2 && strcmp(argv[1], "list") == 0)
        return each(show, &c, NULL);
    if (argc == 3 && strcmp(argv[1], "send") == 0) {
        open_channel(&c, argv[2], DIRECTION_OUT, PROT_READ | PROT_WRITE);
        return send_lines(&c);
    }
    if ((argc == 3 || argc == 4) && strcmp(argv[1], "receive") == 0) {
        open_channel(&c, argv[2], DIRECTION_IN, PROT_READ);
        return receive(&c, argc == 4 ? atol(argv[3]) : -1);
    }
    if (argc == 3 && strcmp(argv[1], "poke") == 0) {
        open_channel(&c, argv[2], 0, PROT_READ | PROT_WRITE);
        return poke(&c);
    }
    fprintf(stderr, "channel list | send FLOW | receive FLOW [COUNT] | poke FLOW\n");
    return 64;
}
