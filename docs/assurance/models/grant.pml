/*
 * Granting, revoking and epochs of one channel between the policy daemon and two VMMs: Channels and Broker of
 * dev.cloister.policy.daemon. docs/assurance/models.md says what stands for what, and which macros sow which flaw.
 *
 * Each VMM is honest or compromised from its start. A compromised one holds what it was handed for as long as the kernel lets
 * it, uses it whenever it can, and says whatever it likes; it can't stop a signal, and it can't get a descriptor by itself.
 * With ADOPT the daemon may be killed at any step and is started anew by its keeper, which kept its descriptors.
 */

#ifndef EPOCHS
#define EPOCHS   2
#endif
#ifndef RESTARTS
#define RESTARTS 1              /* crashes of a VMM that nobody caused, and starts after one */
#endif
#ifdef ADOPT
#ifndef CRASHES
#define CRASHES  1
#endif
#endif

#define SENDER   0
#define RECEIVER 1
#define QUEUE    2              /* messages to a VMM */

#define SET(e)     (1 << (e))
#define HAS(s, e)  ((s) & SET(e))

/* Places that must be reachable, or the properties say nothing: -DWITNESS=n must fail here. */
#ifndef WITNESS
#define WITNESS  0
#endif
#define witness(n) assert(WITNESS != n)

mtype = { Attach, Revoke, Attached, Revoked };

/* Stages of Channel; SENDS and RECEIVES wait for the sender's and the receiver's answer. */
#define CLOSED   0
#define SENDS    1
#define RECEIVES 2
#define LIVE     3
#define CLOSING  4

/* Sockets; what is in them outlives the daemon, because the keeper holds its ends. */
chan toVmm[2] = [QUEUE] of { mtype, byte };
chan toDaemon[2] = [1] of { mtype, byte };

/* The kernel's objects, one for each epoch: a bit set says of which epochs. */
byte sealed;                    /* takes no new writable mapping */
byte cut;                       /* truncated or closed: nobody gets a byte through any more */
byte data;                      /* the sender has put a byte in */
byte holds[2];                  /* this VMM has a mapping ... */
byte writable[2];               /* ... and may write to it */

/* VMM processes. */
bool alive[2] = true;
bool doomed[2];                 /* SIGKILL is on its way */
bool hostile[2];
byte restarts;                  /* deaths and new starts that nobody asked for, so far */

/* The audit log and the state journal on disk; both are written by one commit. */
byte granted;                   /* epochs whose grant is recorded */
byte closing;                   /* epochs whose end is recorded */
byte closed;                    /* epochs that the journal knows as over */
byte epochOnDisk;

/* The daemon's memory, lost when it is killed. Global for the properties' sake; nobody else reads it. */
byte stage = CLOSED;
byte epoch;
byte attached;                  /* VMMs that were handed an end and have not given it back */
byte owing;                     /* VMMs that have not answered to this stage yet */
byte known = 3;                 /* VMMs that it takes for alive */
byte forgiven[2];               /* answers to the daemon before this one that were let pass */
byte adoptedEpoch;              /* the epochs up to this one are from before it was adopted */
bool due;                       /* the stage's timer has run out */

bool asked;                     /* the operator wants the channel closed */
bool down;                      /* there is no daemon */
byte crashes;
byte ended;                     /* ghost: epochs that the daemon declared over: acknowledged, or past the deadline */

#define live(e) (!HAS(cut, e) && HAS(writable[SENDER], e) && HAS(holds[RECEIVER], e))

/* ---- kernel ---- */

inline die(v) {
    d_step {
        alive[v] = false; doomed[v] = false; hostile[v] = false;
        holds[v] = 0; writable[v] = 0;
        do
        :: len(toVmm[v]) > 0 -> toVmm[v]?_, _
        :: len(toVmm[v]) == 0 -> break
        od
    }
}

/* Ends doomed processes: no process can prevent it. */
active proctype Kernel() {
end:
    do
    :: atomic { doomed[0] -> die(0) }
    :: atomic { doomed[1] -> die(1) }
    od
}

/* A mapping is writable only if the descriptor came before the seal. */
inline map(v, e) {
    if
    :: HAS(cut, e)
    :: !HAS(cut, e) && !HAS(sealed, e) -> holds[v] = holds[v] | SET(e); writable[v] = writable[v] | SET(e)
    :: !HAS(cut, e) && HAS(sealed, e) -> holds[v] = holds[v] | SET(e)
    fi;
    assert(!(live(1) && live(2)))               /* never two live epochs */
}

/* ---- VMMs ---- */

inline passes(epochs) {
    assert(((epochs) & ended) == 0);            /* no byte after the end of its epoch */
    assert(((epochs) & ~granted) == 0);         /* none before its grant is recorded */
    if
    :: (epochs) & SET(2) -> witness(1)          /* a byte of the second epoch */
    :: else
    fi;
    data = data & ~(epochs)
}

proctype Vmm(byte v) {
    mtype what;
    byte e;
end:
    do
    :: atomic { alive[v] && !hostile[v] && nfull(toDaemon[v]) && toVmm[v]?[Attach, e] ->
        toVmm[v]?Attach, e;
        map(v, e);
        toDaemon[v]!Attached, e;
        e = 0 }
    :: atomic { alive[v] && !hostile[v] && nfull(toDaemon[v]) && toVmm[v]?[Revoke, e] ->
        toVmm[v]?Revoke, e;
        holds[v] = holds[v] & ~SET(e);
        writable[v] = writable[v] & ~SET(e);
        toDaemon[v]!Revoked, e;
        e = 0 }
    /* A compromised VMM takes what it is handed, and says whatever it wants at any time. */
    :: atomic { alive[v] && hostile[v] && nempty(toVmm[v]) ->
        toVmm[v]?what, e;
        if
        :: what == Attach -> map(v, e)
        :: else
        fi;
        what = 0; e = 0 }
    :: atomic { alive[v] && hostile[v] && nfull(toDaemon[v]) ->
        select(e : 1 .. EPOCHS);
        if
        :: toDaemon[v]!Attached, e
        :: toDaemon[v]!Revoked, e
        fi;
        e = 0 }
    /* It crashes, or is killed by somebody else. */
    :: atomic { alive[v] && restarts < RESTARTS -> die(v) }
    /* Information moves. */
    :: d_step { v == SENDER && (writable[SENDER] & ~cut & ~data) ->
        data = data | (writable[SENDER] & ~cut) }
    :: atomic { v == RECEIVER && (holds[RECEIVER] & ~cut & data) ->
        passes(holds[RECEIVER] & ~cut & data) }
    :: atomic { v == RECEIVER && hostile[v] && (writable[RECEIVER] & ~cut) ->
        assert(false) /* backwards */ }
    od
}

/* ---- the daemon ---- */

/* Where SIGKILL may hit the daemon: between any two things that others can see. What is between two points is its own memory. */
inline point() {
#ifdef ADOPT
    if
    :: crashes < CRASHES -> crashes++; goto crashed
    :: true
    fi
#else
    skip
#endif
}

/* One write and one fsync for all records of a turn; only then come the effects. */
inline commit(grants, ends, overs) {
    point();
    granted = granted | (grants);
    closing = closing | (ends);
    closed = closed | (overs);
#ifndef EPOCH_NOT_KEPT
    epochOnDisk = epoch;
#endif
    point()
}

inline enter(next) {
    stage = next; owing = 0; due = false
}

/* To send never waits: who doesn't empty its socket is killed. */
inline send(v, what, e) {
    if
    :: !alive[v]
    :: alive[v] && nfull(toVmm[v]) -> toVmm[v]!what, e
    :: alive[v] && full(toVmm[v]) -> doomed[v] = true
    fi;
    assert(what != Attach || HAS(granted, e));  /* no effect before its record */
    assert(what != Revoke || HAS(closing, e))
}

inline kill(v) {
    doomed[v] = alive[v]
}

inline protocolError(v) {
#ifndef REOPEN_AT_ONCE
    assert(hostile[v] || !alive[v]);            /* an honest VMM is never blamed */
#endif
    kill(v)
}

/* The daemon's own means: truncation or closing. Needs nobody's consent. */
inline hardCut(e) {
    cut = cut | SET(e); data = data & ~SET(e)
}

inline decide() {
    epoch++;
    assert(!HAS(granted, epoch));               /* no epoch twice */
#ifndef EFFECT_FIRST
    commit(SET(epoch), 0, 0);
#endif
    enter(SENDS);
    attached = SET(SENDER); owing = SET(SENDER);
    send(SENDER, Attach, epoch);
    point();
#ifdef EFFECT_FIRST
    commit(SET(epoch), 0, 0)
#endif
}

inline handReceiver() {
    attached = attached | SET(RECEIVER); owing = SET(RECEIVER);
    send(RECEIVER, Attach, epoch)
}

#ifdef ANSWER_WITHOUT_EPOCH
#define fresh(e) true
#else
#define fresh(e) ((e) == epoch)
#endif

/* An answer that nobody asked for ends its sender, unless it may be one to the daemon before this one: there is one at most. */
inline unexpected(v, e) {
#ifdef STALE_BLAMED
    protocolError(v)
#else
    if
    :: e > adoptedEpoch || forgiven[v] == 1 -> protocolError(v)
    :: else -> forgiven[v]++; witness(4)        /* an honest VMM's answer that comes too late */
    fi
#endif
}

inline onAttached(v, e) {
    if
    :: fresh(e) && HAS(attached, v) && stage == CLOSING         /* it was on its way */
    :: fresh(e) && HAS(owing, v) && stage == SENDS ->
        assert(e == epoch);                 /* an old answer is never taken for a new one */
        enter(RECEIVES);
#ifdef SEAL_LATE
        handReceiver()
#else
        sealed = sealed | SET(epoch);
        handReceiver()
#endif
    :: fresh(e) && HAS(owing, v) && stage == RECEIVES ->
        assert(e == epoch);
#ifdef SEAL_LATE
        sealed = sealed | SET(epoch);
#endif
        if
        :: adoptedEpoch > 0 -> witness(6)       /* live again after an adoption */
        :: else
        fi;
        enter(LIVE)
    :: else -> unexpected(v, e)
    fi
}

/* All have let go, or are dead. */
inline closeIfFree() {
    if
    :: stage == CLOSING && attached == 0 ->
#ifndef CUT_ONLY_AT_DEADLINE
        hardCut(epoch);
#endif
        ended = ended | SET(epoch);
        commit(0, 0, SET(epoch));
        enter(CLOSED)
    :: else
    fi
}

inline onRevoked(v, e) {
    if
    :: fresh(e) && HAS(owing, v) && stage == CLOSING ->
        assert(e == epoch);
        owing = owing & ~SET(v);
        attached = attached & ~SET(v);
        if
        :: attached == 0 -> witness(2)          /* both have let go in time */
        :: else
        fi;
        closeIfFree()
    :: else -> unexpected(v, e)
    fi
}

inline close() {
    enter(CLOSING);
    commit(0, SET(epoch), 0);
    owing = attached;
    if
    :: HAS(attached, SENDER) -> send(SENDER, Revoke, epoch); point()
    :: else
    fi;
    if
    :: HAS(attached, RECEIVER) -> send(RECEIVER, Revoke, epoch); point()
    :: else
    fi;
#ifdef REOPEN_AT_ONCE
    enter(CLOSED); attached = 0;
#endif
    closeIfFree()
}

inline deadline() {
#ifndef NO_CUT_AT_DEADLINE
    if
    :: stage == CLOSING -> hardCut(epoch)
    :: else
    fi;
#endif
    if
    :: stage == CLOSING -> ended = ended | SET(epoch); witness(3)
    :: else
    fi;
    if
    :: HAS(owing, SENDER) -> kill(SENDER)
    :: else
    fi;
    if
    :: HAS(owing, RECEIVER) -> kill(RECEIVER)
    :: else
    fi;
    due = false
}

inline onDeath(v) {
    known = known & ~SET(v);
    attached = attached & ~SET(v);
    owing = owing & ~SET(v);
    if
    :: stage == CLOSING -> closeIfFree()
    :: stage == CLOSED
    :: else -> witness(5); close()               /* an end dies while the channel is being opened, or lives */
    fi
}

#define gone(v) (HAS(known, v) && !alive[v] && empty(toDaemon[v]))

/* A new process with a new socket. */
inline start(w) {
    restarts++;
    if
    :: nempty(toDaemon[w]) -> toDaemon[w]?_, _
    :: empty(toDaemon[w])
    fi;
    if
    :: hostile[w] = true
    :: skip
    fi;
    alive[w] = true;
    known = known | SET(w)
}

inline handle() {
    if
    :: what == Attached -> onAttached(v, e)
    :: what == Revoked -> onRevoked(v, e)
    fi;
    what = 0; e = 0; v = 0
}

/* What the next daemon does before anything else: whatever the journal doesn't know as closed is cut and revoked. */
inline adopt() {
    epoch = epochOnDisk;
    adoptedEpoch = epoch;
    known = (alive[0] -> 1 : 0) | (alive[1] -> 2 : 0);
    attached = 0; stage = CLOSED; owing = 0; due = false;
    down = false; forgiven[0] = 0; forgiven[1] = 0;
    if
    :: epoch > 0 && !HAS(closed, epoch) ->
        hardCut(epoch);
        ended = ended | SET(epoch);
        attached = known;
        close()
    :: else
    fi
}

active proctype Daemon() {
    mtype what;
    byte e;
    byte v;
end:
    do
    /* One turn of the event loop each; timers and deaths are never kept waiting by messages. */
    :: atomic { !down && due -> deadline() }
    :: atomic { !down && !due && gone(SENDER) -> onDeath(SENDER) }
    :: atomic { !down && !due && gone(RECEIVER) -> onDeath(RECEIVER) }
    :: atomic { !down && !due && nempty(toDaemon[SENDER]) -> toDaemon[SENDER]?what, e; v = SENDER; handle() }
    :: atomic { !down && !due && nempty(toDaemon[RECEIVER]) -> toDaemon[RECEIVER]?what, e; v = RECEIVER; handle() }
    :: atomic { !down && !due && stage == CLOSED && epoch < EPOCHS && known == 3 -> decide() }
    :: atomic { !down && !due && asked ->
        asked = false;
        if
        :: stage != CLOSED && stage != CLOSING -> close()
        :: else
        fi }
    :: atomic { !down && !due && !HAS(known, SENDER) && restarts < RESTARTS -> start(SENDER) }
    :: atomic { !down && !due && !HAS(known, RECEIVER) && restarts < RESTARTS -> start(RECEIVER) }
#ifdef ADOPT
    :: atomic { down -> adopt() }
#endif
    od;
#ifdef ADOPT
crashed:
    atomic { what = 0; e = 0; v = 0; down = true; goto end }
#endif
}

/* Timers: a stage that waits for somebody comes to its end. */
active proctype Timer() {
end:
    do
#ifndef NO_DEADLINE
    :: atomic { !down && !due && owing != 0 && ((owing & 1 && !doomed[0] && alive[0]) || (owing & 2 && !doomed[1] && alive[1])) -> due = true }
#else
    :: atomic { !down && !due && owing != 0 && stage != CLOSING -> due = true }
#endif
    od
}

active proctype Operator() {
end:
    do
    :: atomic { !asked && (stage == SENDS || stage == RECEIVES || stage == LIVE) -> asked = true }
    od
}

init {
    atomic {
        if
        :: hostile[SENDER] = true
        :: skip
        fi;
        if
        :: hostile[RECEIVER] = true
        :: skip
        fi;
        run Vmm(SENDER);
        run Vmm(RECEIVER)
    }
}

#define isClosing (stage == CLOSING)
#define isClosed  (stage == CLOSED)
ltl everyRevokeEnds { [] (isClosing -> <> isClosed) }
