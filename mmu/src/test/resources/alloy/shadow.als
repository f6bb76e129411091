/*
 * Shadow page tables of several domains over time: filled from the guests' tables, flushed, and cleared where a channel is taken away.
 *
 * Each theorem has twins with one flaw sown into the model, for which a counterexample must be found.
 */
module shadow

abstract sig Flaw {}
one sig UncheckedFill, WriteAlways, RevokeForgets, RevokeOneSpace, OnePieceOnly extends Flaw {}
sig Seeded in Flaw {}

abstract sig Right {}
one sig Read, Write extends Right {}

/* Pages of the host's memory. Those that are nobody's are the monitor's: its code, and the shadow tables themselves. */
sig Frame {}

/* Guest-physical pages: what a guest's tables name. The number is also some frame's number on the host. */
sig Gpa { sameNumber: one Frame }

/* Linear pages, in stretches that one large page can map. */
sig Stretch {}
sig Page { stretch: one Stretch }

sig Domain { own: Gpa -> lone Frame }
fact MemoryIsPrivate { all disj c, d: Domain | no Gpa.(c.own) & Gpa.(d.own) }

/* One-way memory: the source's window may be written, the target's only read. */
sig Channel { frame: one Frame, at: one Gpa, source, target: one Domain } { source != target }
fact WindowsAreApart {
  all c: Channel | c.frame not in Gpa.(Domain.own) and no c.at.(Domain.own)
  all disj b, c: Channel | b.frame != c.frame and b.at != c.at
}
var sig Live in Channel {}

/* An address space of a guest. */
sig Space {
  domain: one Domain,
  /* What the guest's own tables grant. */
  var guest: Page -> Gpa -> Right,
  /* What the real tables grant. */
  var shadow: Page -> Frame -> Right,
  /* Pages whose shadow came from a large page of the guest. */
  var pieces: set Page,
  /* Pages that the guest has changed and has not invalidated yet. */
  var owed: set Page
}
fact GuestEntries {
  always all s: Space, p: Page {
    lone s.guest[p].Right
    Write in Gpa.(s.guest[p]) implies Read in Gpa.(s.guest[p])
  }
}

/* ---- what the guard says ---- */

fun backing[d: Domain]: Gpa -> Frame -> Right {
  { g: Gpa, f: Frame, r: Right |
    g -> f in d.own or (some c: Live | c.at = g and c.frame = f and (c.source = d or c.target = d and r = Read)) }
}

fun granted[s: Space, p: Page]: Frame -> Right {
  { f: Frame, r: Right | some g: Gpa | r in s.guest[p][g] and r in backing[s.domain][g][f] }
}

/* ---- steps ---- */

pred same[ss: set Space] {
  all s: ss | s.guest' = s.guest and s.shadow' = s.shadow and s.pieces' = s.pieces and s.owed' = s.owed
}

pred init { no Live and no shadow and no pieces and no owed }

/* The guest changes the entries of one stretch to anything, large page or small ones. */
pred change[s: Space, st: Stretch] {
  all p: Page - stretch.st | s.guest'[p] = s.guest[p]
  s.owed' = s.owed + { p: s.shadow.Right.Frame | s.guest'[p] != s.guest[p] }
  s.shadow' = s.shadow
  s.pieces' = s.pieces
  same[Space - s]
  Live' = Live
}

/* A fault is answered, or a neighbour is filled with it: what the guest's entry and the guard both grant, or less. */
pred fill[s: Space, p: Page] {
  (UncheckedFill in Seeded and s.shadow'[p] = { f: Frame, r: Right | some g: Gpa | g.sameNumber = f and r in s.guest[p][g] })
  or (WriteAlways in Seeded and s.shadow'[p] = granted[s, p].Right -> Right)
  or s.shadow'[p] in granted[s, p]
  all q: Page - p | s.shadow'[q] = s.shadow[q]
  s.pieces' - p = s.pieces - p
  s.owed' = s.owed - p
  s.guest' = s.guest
  same[Space - s]
  Live' = Live
}

/* INVLPG. The guest may rely on it for all of a large page. */
pred invalidate[s: Space, p: Page] {
  let all_ = p + (s.pieces & stretch.(p.stretch)), gone = (OnePieceOnly in Seeded implies p else all_) {
    s.shadow' = s.shadow - gone -> Frame -> Right
    s.owed' = s.owed - all_
    s.pieces' = s.pieces - gone
  }
  s.guest' = s.guest
  same[Space - s]
  Live' = Live
}

/* CR3 is loaded, or the tables are full: the space begins anew. */
pred flush[s: Space] {
  no s.shadow'
  no s.pieces'
  no s.owed'
  s.guest' = s.guest
  same[Space - s]
  Live' = Live
}

pred grant[c: Channel] {
  c not in Live
  Live' = Live + c
  same[Space]
}

/* A channel is taken away, and acknowledged when this step ends. */
pred revoke[c: Channel] {
  c in Live
  Live' = Live - c
  all s: Space | s.guest' = s.guest and s.pieces' = s.pieces and s.owed' = s.owed
  RevokeForgets in Seeded
    implies shadow' = shadow
    else RevokeOneSpace in Seeded
      implies (some s: Space | s.shadow' = s.shadow - Page -> c.frame -> Right and (all t: Space - s | t.shadow' = t.shadow))
      else (all s: Space | s.shadow' = s.shadow - Page -> c.frame -> Right)
}

pred stutter { same[Space] and Live' = Live }

pred step {
  stutter
  or (some c: Channel | grant[c] or revoke[c])
  or (some s: Space | flush[s] or (some st: Stretch | change[s, st]) or (some p: Page | fill[s, p] or invalidate[s, p]))
}

pred system { init and always step }

/* ---- theorems ---- */

/* No entry reaches a frame outside the domain's memory and granted channels, or writes what it may only read. */
pred confined { all s: Space | Page.(s.shadow) in Gpa.(backing[s.domain]) }

/* No entry grants more than the guest's does, unless the guest owes an invalidation. */
pred noMore { all s: Space, p: Page - s.owed | s.shadow[p] in granted[s, p] }

/* What two domains reach is a live channel between them, and only its source writes. */
pred apart {
  all disj s, t: Space | s.domain != t.domain implies
    all f: s.shadow[Page].Right & t.shadow[Page].Right | some c: Live {
      c.frame = f and c.source + c.target = s.domain + t.domain
      Write in s.shadow[Page][f] implies s.domain = c.source
    }
}

pred seededWith[f: set Flaw] { Seeded = f }

assert Confined { seededWith[none] and system implies always confined }
assert NoMore { seededWith[none] and system implies always noMore }
check Confined for 3 but 2 Domain, exactly 3 steps expect 0
check NoMore for 3 but 2 Domain, exactly 3 steps expect 0

/* Without a bound on time: the invariant holds at first, and every step keeps it. It keeps domains apart. */
pred invariant {
  confined
  noMore
}
assert Base { seededWith[none] and init implies invariant }
assert Inductive { seededWith[none] and invariant and step implies (after invariant) }
assert Apart { seededWith[none] and invariant implies apart }
check Base for 4 but exactly 1 steps expect 0
check Inductive for 3 but 3 Domain, 4 Frame, exactly 2 steps expect 0
check Apart for 3 but 3 Domain, 4 Frame, exactly 1 steps expect 0

/* ---- twins: each must have a counterexample ---- */

check TwinUncheckedFill { seededWith[UncheckedFill] and system implies always confined } for 3 but 2 Domain, exactly 4 steps expect 1
check TwinWriteAlways { seededWith[WriteAlways] and system implies always noMore } for 3 but 2 Domain, exactly 4 steps expect 1
check TwinRevokeForgets { seededWith[RevokeForgets] and system implies always confined } for 3 but 2 Domain, exactly 5 steps expect 1
check TwinRevokeOneSpace { seededWith[RevokeOneSpace] and system implies always confined } for 3 but 2 Domain, exactly 6 steps expect 1
check TwinOnePieceOnly { seededWith[OnePieceOnly] and system implies always noMore } for 3 but 2 Domain, exactly 6 steps expect 1

/* ---- the model is not vacuous ---- */

/* Two domains run out of shadow tables at the same time, each in its own memory. */
run BothRun {
  seededWith[none] and system
  some disj s, t: Space | s.domain != t.domain and eventually (Write in Frame.(Page.(s.shadow)) and Write in Frame.(Page.(t.shadow)))
} for 3 but 2 Domain, exactly 5 steps expect 1

/* A channel is written by its source and read by its target, and is then reached by nobody. */
run ChannelComesAndGoes {
  seededWith[none] and system
  some c: Channel, disj s, t: Space {
    s.domain = c.source and t.domain = c.target
    eventually (Write in Page.(s.shadow)[c.frame] and some Page.(t.shadow)[c.frame] and eventually c.frame not in Page.(Space.shadow).Right)
  }
} for 3 but 2 Domain, exactly 6 steps expect 1

/* A guest that owes an invalidation goes on with what it had, until it pays. */
run StaleUntilInvalidated {
  seededWith[none] and system
  some s: Space, p: Page | eventually {
    p in s.owed and not s.shadow[p] in granted[s, p]
    invalidate[s, p]
    after no s.shadow[p]
  }
} for 3 but 2 Domain, exactly 6 steps expect 1
