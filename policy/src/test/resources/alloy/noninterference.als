/*
 * Labels, guards, types, grants and revocation of Cloister, over time.
 *
 * The model is of the rules, not of a policy: order of labels, guards, type rules and flows are arbitrary within the
 * scope of each command. Decisions look at endpoints only, as the decision core does; information moves along whatever
 * channel works; the theorems are about where information gets. docs/assurance/policy-semantics.md uses these names.
 *
 * Each theorem stands twice: for the model ("expect 0", no counterexample) and for its twins, the same model with one
 * flaw sown into it ("expect 1", a counterexample must be found). The build fails if either comes out otherwise.
 */
module noninterference

/* The flaws that can be sown. "no Seeded" is the model itself. */
abstract sig Flaw {}
one sig BoundsUnchecked, GuardForGuard, GuardUnsound, OrderNotTransitive, TypesUnchecked, EpochKept, LoadKeepsChannels
  extends Flaw {}
sig Seeded in Flaw {}

/* ---- what a policy says ---- */

/* A label and the labels that it dominates. */
sig Label { below: set Label }

pred dominates[high, low: Label] { low in high.below }

/* Dominance is a partial order: nothing else is known of it. */
fact PartialOrder {
  all l: Label | dominates[l, l]
  all l, m: Label | dominates[l, m] and dominates[m, l] implies l = m
  OrderNotTransitive in Seeded or below.below in below
}

sig Type {}
sig Kind {}

sig Endpoint { label: one Label, type: one Type }

/* The guards: trusted to turn what "from" dominates into what may be labelled "to". */
sig Guard in Endpoint { from, to: one Label }

/* CLP021: a guard's own label opens no further way in or out. */
fact GuardsAreSound {
  GuardUnsound in Seeded or all g: Guard {
    dominates[g.label, g.from] or dominates[g.label, g.to]
    dominates[g.to, g.label] or dominates[g.from, g.label]
  }
}

sig Flow { source, target: one Endpoint, kind: one Kind } { source != target }

/* The type rules: which type may send which kind to which. */
one sig Rules { allow: Type -> Kind -> Type }

/* ---- what changes ---- */

sig Epoch {}

/* Flows of the policy in force; channels that the daemon has granted and not revoked. */
var sig Declared, Granted in Flow {}

/* The epoch of each flow, and for which epochs someone still holds ends of its channel: a VMM need not let go. */
one sig Daemon { var epoch: Flow -> one Epoch, var held: Flow -> Epoch }

/*
 * The information of one endpoint, which may be any: b.holds = labels as which it is at b. A ghost: no decision looks
 * at it. Information of several endpoints moves side by side and would only be several copies of this.
 */
one sig Secret { origin: one Endpoint }
one sig Truth { var holds: Endpoint -> Label }

/* ---- gates ---- */

pred labelGate[s, t: Endpoint] {
  dominates[t.label, s.label] or guardAccepts[s, t] or guardReleases[s, t]
}

pred guardAccepts[s, t: Endpoint] {
  t in Guard
  GuardForGuard in Seeded or s not in Guard
  BoundsUnchecked in Seeded or dominates[t.from, s.label]
}

pred guardReleases[s, t: Endpoint] {
  s in Guard
  GuardForGuard in Seeded or t not in Guard
  BoundsUnchecked in Seeded or dominates[t.label, s.to]
}

pred typeGate[f: Flow] {
  TypesUnchecked in Seeded or f.source.type -> f.kind -> f.target.type in Rules.allow
}

/* The decision: a conjunction. */
pred allowed[f: Flow] { f in Declared and labelGate[f.source, f.target] and typeGate[f] }

/* ---- steps ---- */

/* An end in someone's hands moves information only while its epoch is the flow's. */
pred works[f: Flow] { f.(Daemon.epoch) in f.(Daemon.held) }

pred init {
  no Granted
  no Daemon.held
  Truth.holds = Secret.origin -> Secret.origin.label
}

pred grant[f: Flow] {
  allowed[f]
  f not in Granted
  Granted' = Granted + f
  Daemon.held' = Daemon.held + f -> f.(Daemon.epoch)
  Daemon.epoch' = Daemon.epoch
  Declared' = Declared
  Truth.holds' = Truth.holds
}

/* The flows' epochs become ones for which nobody holds an end; other flows keep theirs. */
pred fresh[fs: set Flow] {
  all f: Flow - fs | f.(Daemon.epoch') = f.(Daemon.epoch)
  EpochKept in Seeded
    implies Daemon.epoch' = Daemon.epoch
    else all f: fs | f.(Daemon.epoch') not in f.(Daemon.epoch) + f.(Daemon.held)
}

pred revoke[f: Flow] {
  f in Granted
  Granted' = Granted - f
  fresh[f]
  Daemon.held' = Daemon.held
  Declared' = Declared
  Truth.holds' = Truth.holds
}

/* Another policy is loaded: what it no longer declares is revoked with it. */
pred load {
  LoadKeepsChannels in Seeded
    implies (Granted' = Granted and fresh[none])
    else (Granted' = Granted & Declared' and fresh[Granted - Declared'])
  Daemon.held' = Daemon.held
  Truth.holds' = Truth.holds
}

/* A holder lets go of an end: it acknowledged the revocation, or was killed. */
pred surrender[f: Flow, e: Epoch] {
  f -> e in Daemon.held
  e != f.(Daemon.epoch)
  Daemon.held' = Daemon.held - f -> e
  Daemon.epoch' = Daemon.epoch
  Granted' = Granted
  Declared' = Declared
  Truth.holds' = Truth.holds
}

/* The label as which information labelled l arrives. Only a guard gives another, and only within its bounds. */
fun arrives[l: Label, s, t: Endpoint]: Label {
  not dominates[t.label, l] and s in Guard and dominates[s.from, l] and dominates[t.label, s.to] implies s.to else l
}

/* All that is at the source may get to the target. */
pred move[f: Flow] {
  works[f]
  Truth.holds' = Truth.holds
    + f.target -> { l: Label | some m: f.source.(Truth.holds) | l = arrives[m, f.source, f.target] }
  unchangedButHolds
}

pred unchangedButHolds {
  Granted' = Granted
  Declared' = Declared
  Daemon.epoch' = Daemon.epoch
  Daemon.held' = Daemon.held
}

pred stutter { unchangedButHolds and Truth.holds' = Truth.holds }

pred step {
  load or stutter
  or (some f: Flow | grant[f] or revoke[f] or move[f])
  or (some f: Flow, e: Epoch | surrender[f, e])
}

pred system { init and always step }

/* ---- theorems ---- */

/* What is at b may be there: b dominates it, or b is a guard that may take it in. */
pred lawful {
  all b: Endpoint, l: b.(Truth.holds) | dominates[b.label, l] or (b in Guard and dominates[b.from, l])
}

/* Information is labelled as where it comes from, or as some guard released it, who had it within its bounds. */
pred mediated {
  all l: Endpoint.(Truth.holds) |
    l = Secret.origin.label or some g: Guard | l = g.to and some m: g.(Truth.holds) | dominates[g.from, m]
}

/* No channel works that is not granted now. */
pred confined { all f: Flow | works[f] implies f in Granted }

/* Nothing is granted that the policy in force does not allow. */
pred current { all f: Granted | allowed[f] }

/* Information of type S is at an endpoint of type T only if the type rules lead from S to T. */
pred typed {
  let next = { s, t: Type | some k: Kind | s -> k -> t in Rules.allow } |
    Truth.holds.Label.type in Secret.origin.type.*next
}

/* Nothing new arrives but over a flow that is granted and declared at that moment. */
pred arrivalsAreGranted {
  all b: Endpoint | b.(Truth.holds') != b.(Truth.holds) implies some f: Granted & Declared | f.target = b
}

pred seededWith[f: set Flaw] { Seeded = f }

/* Intransitive noninterference. */
assert Noninterference { seededWith[none] and system implies always (lawful and mediated) }
/* Revocation. */
assert Revocation { seededWith[none] and system implies always (confined and current and arrivalsAreGranted) }
/* Type enforcement, carried through any number of hops. */
assert TypePipelines { seededWith[none] and system implies always typed }

check Noninterference for 3 but exactly 6 steps expect 0
check Revocation for 3 but exactly 5 steps expect 0
check TypePipelines for 3 but exactly 5 steps expect 0

/*
 * The same without a bound on time: all invariants together hold at first and are kept by every step, from any state
 * whatever, reachable or not.
 */
pred invariant { lawful and mediated and confined and current and typed }
assert Base { seededWith[none] and init implies invariant }
assert Inductive { seededWith[none] and invariant and step implies (after invariant) and arrivalsAreGranted }
check Base for 6 but exactly 1 steps expect 0
check Inductive for 4 but 5 Label, exactly 2 steps expect 0

/* ---- twins: each must have a counterexample ---- */

check TwinBounds { seededWith[BoundsUnchecked] and system implies always lawful } for 3 but exactly 6 steps expect 1
check TwinGuardForGuard { seededWith[GuardForGuard] and system implies always lawful } for 4 but exactly 6 steps expect 1
check TwinGuardUnsound { seededWith[GuardUnsound] and system implies always lawful } for 3 but exactly 6 steps expect 1
check TwinOrder { seededWith[OrderNotTransitive] and system implies always lawful } for 3 but exactly 6 steps expect 1
check TwinTypes { seededWith[TypesUnchecked] and system implies always typed } for 3 but exactly 6 steps expect 1
check TwinEpoch { seededWith[EpochKept] and system implies always arrivalsAreGranted } for 3 but exactly 6 steps expect 1
check TwinLoad { seededWith[LoadKeepsChannels] and system implies always arrivalsAreGranted } for 3 but exactly 6 steps expect 1

/* ---- the model is not vacuous: these things do happen ---- */

/* Information goes against the order, through a guard. */
run Downgrade {
  seededWith[none] and system
  eventually some b: Truth.holds.Label - Guard | not dominates[b.label, Secret.origin.label]
} for 3 but exactly 6 steps expect 1

/* Two guards in a row, each for its own part of the way. */
run TwoGuards {
  seededWith[none] and system
  eventually some b: Endpoint - Guard, l: b.(Truth.holds) | {
    not dominates[b.label, Secret.origin.label]
    no g: Guard | dominates[g.from, Secret.origin.label] and g.to = l
  }
} for 4 but exactly 8 steps expect 1

/* Granted, used, revoked while the end is kept, granted again and used again. */
run RevokedAndBack {
  seededWith[none] and system
  some f: Flow | eventually (move[f] and Truth.holds' != Truth.holds and after (revoke[f]
    and after (not works[f] and some f.(Daemon.held) and grant[f] and after works[f])))
} for 3 but exactly 7 steps expect 1

/* A load takes one granted flow away and leaves another. */
run Narrowed {
  seededWith[none] and system
  eventually (load and some Granted' and some Granted - Granted')
} for 3 but exactly 6 steps expect 1
