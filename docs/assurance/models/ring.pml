/*
 * The one-way memory ring without acknowledgement: RingWriter and RingReader of dev.cloister.policy.channel, the memory
 * channel of docs/guest-abi.md. docs/assurance/models.md says what stands for what, and which macros sow which flaw.
 *
 * Memory: the writer's stores become visible one by one and in any order (process Memory), except across a fence or a release.
 * The reader's loads of one copy are made in any order, except across an acquire or a fence. That is weaker than x86.
 */

#ifndef EPOCHS
#define EPOCHS  2       /* resets */
#endif
#ifndef RECORDS
#define RECORDS 4       /* most records in one epoch */
#endif
#define SLOTS   2       /* records in the ring: a power of two, of which a record is written twice and more */
#define WORDS   2       /* most words of a payload */

/* The region: epoch, wsc, wc, then for each slot its length and two words. */
#define EPOCH   0
#define WSC     1
#define WC      2
#define LEN(n)  (3 + ((n) % SLOTS) * 3)
#define WORD(n) (LEN(n) + 1)
#define CELLS   (3 + SLOTS * 3)

/* What record n of epoch e holds: no two records are alike, and the length changes each time that a slot is used again. */
#define VALUE(e, n)  ((e) * 8 + (n) + 1)
#define LENGTH(n)    (1 + ((n) / SLOTS) % 2)

/* Places that must be reachable, or the properties say nothing: -DWITNESS=n must fail here. */
#ifndef WITNESS
#define WITNESS 0
#endif

byte mem[CELLS];        /* what the reader sees */
bit  pending[CELLS];    /* a store that is not visible yet ... */
byte stored[CELLS];     /* ... and in any case the last value that the writer stored there */

bool writerDone;
#ifdef WRITER_WAITS
byte taken;             /* the flaw: a count that the reader keeps in the region */
#endif

#define visible (!pending[0] && !pending[1] && !pending[2] && !pending[3] && !pending[4] && \
                 !pending[5] && !pending[6] && !pending[7] && !pending[8])

/* Two stores to one cell keep their order. The wait is the memory's, not the writer's: Memory ends it without anybody's help. */
inline store(cell, value) {
    d_step { !pending[cell] -> pending[cell] = 1; stored[cell] = value }
}

inline fence() {
    visible
}

#ifdef HOSTILE
/* A compromised writer: each load finds whatever the attacker wants it to find at that moment. */
inline load(variable, cell) {
    if
    :: variable = 0
    :: variable = 1
    :: variable = 3
    :: variable = 255
    fi
}
#else
inline load(variable, cell) {
    variable = mem[cell]
}
#endif

#ifndef HOSTILE
/* Store buffers and caches. */
active proctype Memory() {
    byte i;
end:
    do
    :: atomic { pending[0] -> mem[0] = stored[0]; pending[0] = 0 }
    :: atomic { pending[1] -> mem[1] = stored[1]; pending[1] = 0 }
    :: atomic { pending[2] -> mem[2] = stored[2]; pending[2] = 0 }
    :: atomic { pending[3] -> mem[3] = stored[3]; pending[3] = 0 }
    :: atomic { pending[4] -> mem[4] = stored[4]; pending[4] = 0 }
    :: atomic { pending[5] -> mem[5] = stored[5]; pending[5] = 0 }
    :: atomic { pending[6] -> mem[6] = stored[6]; pending[6] = 0 }
    :: atomic { pending[7] -> mem[7] = stored[7]; pending[7] = 0 }
    :: atomic { pending[8] -> mem[8] = stored[8]; pending[8] = 0 }
    od
}

/* RingWriter. `epoch` and `written` are its fields; it loads nothing from the region. */
active proctype Writer() {
    byte epoch = 0;
    byte written;

    do
    :: epoch < EPOCHS ->
        /* reset */
#ifndef NO_EPOCH_ZERO
        store(EPOCH, 0);
        fence();
#endif
        store(WSC, 0);
        store(WC, 0);
        epoch++;
        written = 0;
        fence();                        /* setRelease */
        store(EPOCH, epoch);
        do
        :: written < RECORDS ->
#ifdef WRITER_WAITS
            written - taken < SLOTS;
#endif
            /* begin */
#ifndef LATE_ANNOUNCEMENT
#ifndef OPAQUE_ANNOUNCEMENT
            fence();                    /* setRelease: never seen before the count of the record before */
#endif
            store(WSC, written + 1);
#ifndef NO_STORE_FENCE
            fence();
#endif
#endif
#ifdef EARLY_COUNT
            store(WC, written + 1);
            fence();
#endif
            store(LEN(written), LENGTH(written));
            store(WORD(written), VALUE(epoch, written));
            if
            :: LENGTH(written) == 2 -> store(WORD(written) + 1, VALUE(epoch, written))
            :: else
            fi;
            /* commit */
#ifdef LATE_ANNOUNCEMENT
            store(WSC, written + 1);
#endif
#ifndef EARLY_COUNT
            fence();                    /* setRelease */
            store(WC, written + 1);
#endif
            written++
        :: break                        /* the guest resets whenever it likes */
        od
    :: epoch == EPOCHS -> break
    od;
    visible;
    writerDone = true;

    /* Nothing but the writer's stores is in the region, whatever the reader did. */
    byte i = 0;
    do
    :: i < CELLS -> assert(mem[i] == stored[i]); i++
    :: i == CELLS -> break
    od
}
#endif

/* RingReader. Its fields are its own; it may stop for ever at any step of any call. */
active proctype Reader() {
    byte epoch = 0;
    short read = 0;
    short lost = 0;                     /* of this epoch; the field counts over all of them */
    byte malformed = 0;
    short now;
    short behind;
    byte length;
    byte word0;
    byte word1;
    bit got0;
    bit got1;
    bit gotLength;
    short step;
    byte lastEpoch = 0;                 /* ghosts: what was accepted so far */
    short accepted = 0;

end:
    do
    :: break
    ::
        load(now, EPOCH);
        if
        :: now != epoch -> goto changeEpoch
        :: now == 0 -> goto next        /* EMPTY */
        :: else
        fi;
        load(behind, WC);
        behind = behind - read;
        if
        :: behind == 0 -> goto next     /* EMPTY */
        :: behind < 0 || behind > SLOTS -> goto overrun    /* one unsigned comparison in the code */
        :: else
        fi;

        /* copy: three loads in any order; what the length says about the words is judged when all are there */
        got0 = 0; got1 = 0; gotLength = 0;
        do
        :: !gotLength -> load(length, LEN(read)); gotLength = 1
        :: !got0 -> load(word0, WORD(read)); got0 = 1
        :: !got1 -> load(word1, WORD(read) + 1); got1 = 1
        :: gotLength && got0 && got1 -> break
        od;
        if
        :: length > WORDS -> length = 255       /* unsound: nothing was copied */
        :: else
#ifdef DOUBLE_FETCH
            load(length, LEN(read));
#endif
            assert(length <= WORDS)             /* the copy stays within the reader's array */
        fi;

        /* loadLoadFence, then the checks */
#ifdef EPOCH_FIRST
        load(now, EPOCH);
        if
        :: now != epoch -> goto changeEpoch
        :: else
        fi;
#endif
#ifndef NO_RECHECK
#ifdef RECHECK_BY_COUNT
        load(behind, WC);
        behind = behind - read;
#else
        load(behind, WSC);
        behind = behind - read;
#endif
        if
        :: behind < 0 || behind > SLOTS ->
            assert(WITNESS != 4);               /* a copy that may be torn */
            goto overrun
        :: else
        fi;
#endif
#if !defined(EPOCH_FIRST) && !defined(NO_EPOCH_RECHECK)
        load(now, EPOCH);
        if
        :: now != epoch -> goto changeEpoch
        :: else
        fi;
#endif
#ifdef READER_STORES
        mem[LEN(read)] = 0;             /* the flaw: the record is marked as taken */
#endif
        d_step {
            read++;
            accepted++;
#ifdef HOSTILE
            length = 0; word0 = 0; word1 = 0;
            accepted = 0; lost = 0; malformed = 0;
            read = read % 4
#else
            assert(length == LENGTH(read - 1));
            assert(word0 == VALUE(epoch, read - 1));
            assert(length < 2 || word1 == VALUE(epoch, read - 1));
            assert(epoch >= lastEpoch);
            lastEpoch = epoch;
            assert(accepted + lost == read);
            assert(!(WITNESS == 1 && epoch == 2));              /* a record of the second epoch */
            assert(!(WITNESS == 2 && lost > 0));                /* a record after an overrun */
            assert(!(WITNESS == 3 && length == 2));             /* a slot used again */
            length = 0; word0 = 0; word1 = 0; now = 0; behind = 0
#endif
        }
#ifdef WRITER_WAITS
        taken = read;
#endif
        goto next;

overrun:                                /* OVERRUN or CORRUPT */
        skip;
#ifndef NO_SKIP_RECHECK
        load(now, EPOCH);
        if
        :: now != epoch -> goto changeEpoch
        :: else
        fi;
#endif
        d_step {
            if
            :: behind < 0 -> read = read + behind; malformed = 1
            :: else ->
                step = behind - SLOTS / 2;
                read = read + step;
#ifndef UNCOUNTED
                lost = lost + step;
#endif
                step = 0
            fi;
            behind = 0; now = 0; length = 0; word0 = 0; word1 = 0;
#ifdef HOSTILE
            lost = 0; malformed = 0;
            read = read % 4
#else
            assert(!malformed);         /* a writer that keeps the contract is never blamed */
            assert(accepted + lost == read)
#endif
        }
        goto next;

changeEpoch:                            /* RESET, or EMPTY while the writer is at it */
        skip;
        d_step {
            epoch = now;
            if
            :: now != 0 -> read = 0; lost = 0; accepted = 0
            :: else -> skip
            fi;
            behind = 0; now = 0; length = 0; word0 = 0; word1 = 0
        }
        goto next;
next:
        skip
    od
}

#ifndef HOSTILE
/* The writer comes to its end whatever the reader does, also if it does nothing at all. */
ltl writerNeverWaits { <> writerDone }
#endif
