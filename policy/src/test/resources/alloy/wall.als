/*
 * The Chinese wall of Cloister, over time: historic sets by what information has reached, concurrent sets by what runs.
 *
 * As in noninterference.als, each theorem has twins with one flaw sown into the model, for which a counterexample must
 * be found.
 */
module wall

abstract sig Flaw {}
one sig OneHopOnly, ReceiverOnly, ForgetOnClose, ForgetOnCrash, StartUnchecked extends Flaw {}
sig Seeded in Flaw {}

/* ---- what a policy says ---- */

sig Endpoint {}

/* @console and @audit: they count for no set and carry nothing on. */
sig Exempt in Endpoint {}

/* A conflict set; its sanitisers are the guards that name it in "sanitizes". */
sig ConflictSet { sanitizers: set Endpoint }
sig Historic, Concurrent in ConflictSet {}
fact Modes { ConflictSet = Historic + Concurrent and no Historic & Concurrent }

/* A member of a set. Nobody is in two parties of one set (an error of the loader). */
sig Party { group: one ConflictSet, members: set Endpoint }
fact PartiesAreDisjoint { all disj p, q: Party | p.group = q.group implies no p.members & q.members }

sig Flow { source, target: one Endpoint } { source != target }

/* Who may hold several parties' information of a set, and passes none on as such. */
fun apart[s: ConflictSet]: set Endpoint { s.sanitizers + Exempt }

/* The members for which the set counts. */
fun counted[p: Party]: set Endpoint { p.members - apart[p.group] }

/* ---- what changes ---- */

/* Channels that are open; domains that run. */
var sig Live in Flow {}
var sig Running in Endpoint {}

/* The daemon's journal: which parties' information has reached whom, as far as it can have. */
one sig Journal { var contacts: Endpoint -> Party }

/* Where it really is. A ghost: no decision looks at it. */
one sig Truth { var knows: Endpoint -> Party }

/* ---- the gate ---- */

fun own: Endpoint -> Party { { e: Endpoint, p: Party | e in p.members and p.group in Historic } }

/* Whom a party's information can reach over those channels is among its contacts. */
pred carriedOn[c: Endpoint -> Party, live: set Flow] {
  all p: Party, f: live | f.source in c.p and f.source not in apart[p.group] implies f.target in c.p
}

pred clean[c: Endpoint -> Party, es: set Endpoint] {
  all s: Historic, e: es - apart[s] | lone e.c & group.s
}

/*
 * The channel may be opened if these can be the contacts then. They may be more than the least that is right: a journal
 * that is too careful is no flaw.
 */
pred historyGate[f: Flow, then: Endpoint -> Party] {
  Journal.contacts in then
  OneHopOnly in Seeded
    implies then = Journal.contacts + f.target -> { p: f.source.(Journal.contacts) | f.source not in apart[p.group] }
    else carriedOn[then, Live + f]
  clean[then, ReceiverOnly in Seeded implies f.target else Endpoint]
}

pred startGate[e: Endpoint] {
  StartUnchecked in Seeded or no disj p, q: Party {
    p.group = q.group and p.group in Concurrent
    e in counted[p]
    some counted[q] & Running
  }
}

/* ---- steps ---- */

pred init {
  no Live
  no Running
  Journal.contacts = own
  Truth.knows = own
}

pred open_[f: Flow] {
  f not in Live
  historyGate[f, Journal.contacts']
  Live' = Live + f
  Truth.knows' = Truth.knows
  Running' = Running
}

pred close[f: Flow] {
  f in Live
  Live' = Live - f
  Journal.contacts' = (ForgetOnClose in Seeded implies own else Journal.contacts)
  Truth.knows' = Truth.knows
  Running' = Running
}

/* The daemon or the machine fails: all channels are gone, the journal is read again. */
pred crash {
  no Live'
  no Running'
  Journal.contacts' = (ForgetOnCrash in Seeded implies own else Journal.contacts)
  Truth.knows' = Truth.knows
}

pred start[e: Endpoint] {
  e not in Running
  startGate[e]
  Running' = Running + e
  unchangedButRunning
}

pred stop[e: Endpoint] {
  e in Running
  Running' = Running - e
  unchangedButRunning
}

pred unchangedButRunning {
  Live' = Live
  Journal.contacts' = Journal.contacts
  Truth.knows' = Truth.knows
}

pred move[f: Flow] {
  f in Live
  Truth.knows' = Truth.knows
    + f.target -> { p: f.source.(Truth.knows) | f.source not in apart[p.group] }
  Live' = Live
  Journal.contacts' = Journal.contacts
  Running' = Running
}

pred stutter { unchangedButRunning and Running' = Running }

pred step {
  crash or stutter
  or (some f: Flow | open_[f] or close[f] or move[f])
  or (some e: Endpoint | start[e] or stop[e])
}

pred system { init and always step }

/* ---- theorems ---- */

/* Nobody but a sanitising guard ever holds information of two parties of a historic set. */
pred wall { clean[Truth.knows, Endpoint] }

/* Domains of two parties of a concurrent set never run together. */
pred alone {
  no disj p, q: Party | p.group = q.group and p.group in Concurrent
    and some counted[p] & Running and some counted[q] & Running
}

pred seededWith[f: set Flaw] { Seeded = f }

assert HistoricWall { seededWith[none] and system implies always wall }
assert ConcurrentWall { seededWith[none] and system implies always alone }
check HistoricWall for 3 but 1 ConflictSet, 3 Flow, exactly 6 steps expect 0
check ConcurrentWall for 3 but exactly 4 steps expect 0

/* Without a bound on time: the journal covers the truth and is closed under the open channels, and stays so. */
pred invariant {
  Truth.knows in Journal.contacts
  own in Journal.contacts
  carriedOn[Journal.contacts, Live]
  clean[Journal.contacts, Endpoint]
  alone
}
assert Base { seededWith[none] and init implies invariant }
assert Inductive { seededWith[none] and invariant and step implies wall and (after invariant) }
check Base for 6 but exactly 1 steps expect 0
check Inductive for 5 but 2 ConflictSet, 4 Party, exactly 2 steps expect 0

/* ---- twins: each must have a counterexample ---- */

check TwinOneHop { seededWith[OneHopOnly] and system implies always wall } for 4 but 2 ConflictSet, exactly 8 steps expect 1
check TwinReceiverOnly { seededWith[ReceiverOnly] and system implies always wall }
  for 4 but 2 ConflictSet, exactly 8 steps expect 1
check TwinForgetOnClose { seededWith[ForgetOnClose] and system implies always wall }
  for 4 but 2 ConflictSet, exactly 8 steps expect 1
check TwinForgetOnCrash { seededWith[ForgetOnCrash] and system implies always wall }
  for 4 but 2 ConflictSet, exactly 8 steps expect 1
check TwinStart { seededWith[StartUnchecked] and system implies always alone } for 4 but exactly 5 steps expect 1

/* ---- the model is not vacuous ---- */

/* A consultant who has seen one party's information goes on seeing it, also after a crash. */
run WorksWithOne {
  seededWith[none] and system
  some p: Party, e: Endpoint - p.members - Exempt - ConflictSet.sanitizers, f: Flow |
    some q: Party - p | p.group = q.group and p.group in Historic and some q.members
      and eventually (e in Truth.knows.p and crash and after eventually (open_[f] and f.target = e))
} for 4 but exactly 7 steps expect 1

/* Information of both parties meets in a sanitising guard, which goes on sending. */
run MeetsInGuard {
  seededWith[none] and system
  some disj p, q: Party, g: Endpoint - Exempt, f: Flow |
    p.group = q.group and f.source = g and f.target not in p.members + q.members + Exempt
      and eventually (g in Truth.knows.p & Truth.knows.q and f in Live)
} for 4 but exactly 9 steps expect 1

/* Two endpoints that at first may be joined are kept apart in the end, because of where information has got. */
run Refused {
  seededWith[none] and system
  some f: Flow, disj p, q: Party | {
    p.group = q.group and p.group in Historic
    no (f.source + f.target) & (p.members + q.members + apart[p.group])
    eventually (f.source in Journal.contacts.p and f.target in Journal.contacts.q)
    always (f.source in Journal.contacts.p and f.target in Journal.contacts.q implies not open_[f])
  }
} for 4 but exactly 7 steps expect 1

/* Parties of a concurrent set take turns. */
run TakeTurns {
  seededWith[none] and system
  some disj p, q: Party | p.group = q.group and p.group in Concurrent
    and eventually (some counted[p] & Running) and eventually (some counted[q] & Running)
} for 4 but exactly 6 steps expect 1
