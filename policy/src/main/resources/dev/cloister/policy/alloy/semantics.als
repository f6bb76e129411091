
/* ======== The language: the same for every policy. docs/assurance/policy-semantics.md explains each name. ======== */

/* A level and those that stand directly below it. */
abstract sig Level { below: set Level }

abstract sig Compartment {}

abstract sig Label { level: one Level, compartments: set Compartment }

pred dominates[high, low: Label] {
  low.level in high.level.*below
  low.compartments in high.compartments
}

abstract sig Type {}

/* Kinds of channel. What sends over an acknowledged one sees something of the receiver. */
abstract sig Kind {}
one sig Memory, Event, Stream, Console, Datagram, Wire, DiskAccess, Log extends Kind {}
fun acknowledged: set Kind { Stream + Datagram + Wire + DiskAccess }

abstract sig Endpoint { label: one Label, type: lone Type }

/* Host CPUs: those that a domain may run on (none: any), and those on which the schedule lets it run, and when. */
abstract sig Cpu {}
abstract sig Interval {}
abstract sig Domain extends Endpoint { pinned, scheduled: set Cpu, runs: set Interval }
sig Exclusive in Domain {}

abstract sig HostEndpoint extends Endpoint {}

/* @console and @audit: outside all conflict sets. */
sig Exempt in HostEndpoint {}
sig Disk in HostEndpoint {}

/* A domain that may take in what "from" dominates and release to what dominates "to". */
abstract sig Guard extends Domain { from, to: one Label, sanitizes: set ConflictSet }

abstract sig Flow { source, target: one Endpoint, kind: one Kind }

/* Flows that a fragment forbids; flows with a budget for their reverse edge. */
sig Forbidden, Budgeted in Flow {}

abstract sig TypeRule { senders, receivers: set Type, kinds: set Kind }

abstract sig ConflictSet {}
sig Historic, Concurrent in ConflictSet {}
abstract sig Party { group: one ConflictSet, members: set Endpoint }

abstract sig Assertion { sources, targets, via: set Endpoint }
sig Never, UnlessVia, Must, Strict in Assertion {}

/* Ways between domains that are no flows. */
abstract sig Share {}
one sig SharedCache, SharedCore, SharedMemoryBus, SharedDisk extends Share {}
abstract sig ResidualRisk { one_, two: set Endpoint, shares: set Share }

/* ---- gates ---- */

pred labelGate[s, t: Endpoint] {
  dominates[t.label, s.label] or guardAccepts[s, t] or guardReleases[s, t]
}

pred guardAccepts[s, t: Endpoint] { t in Guard and s not in Guard and dominates[t.from, s.label] }

pred guardReleases[s, t: Endpoint] { s in Guard and t not in Guard and dominates[t.label, s.to] }

pred typeGate[s, t: Endpoint, k: Kind] {
  no Type or some r: TypeRule | some s.type & r.senders and some t.type & r.receivers and k in r.kinds
}

/* The gates that depend on nothing but the policy. */
pred granted[f: Flow] {
  f not in Forbidden
  labelGate[f.source, f.target]
  typeGate[f.source, f.target, f.kind]
}

/* ---- the same as relations, for the evaluator ---- */

fun dominated: Endpoint -> Endpoint { { s, t: Endpoint | dominates[t.label, s.label] } }
fun labelsAllow: Endpoint -> Endpoint { { s, t: Endpoint | labelGate[s, t] } }
fun typesAllow: Endpoint -> Kind -> Endpoint { { s: Endpoint, k: Kind, t: Endpoint | typeGate[s, t, k] } }
fun grantedFlows: set Flow { { f: Flow | granted[f] } }

/* Allowed by a guard alone. */
fun mediated: Endpoint -> Endpoint { labelsAllow - dominated }

/* ---- the information-flow graph ---- */

fun declared: Endpoint -> Endpoint { { s, t: Endpoint | some f: grantedFlows | f.source = s and f.target = t } }

/* What the sender sees of the receiver, with and without a budget. */
fun induced[fs: set Flow]: Endpoint -> Endpoint {
  { s, t: Endpoint | some f: fs & grantedFlows | f.kind in acknowledged and f.target = s and f.source = t }
}
fun budgeted: Endpoint -> Endpoint { induced[Budgeted] }
fun unbudgeted: Endpoint -> Endpoint { induced[Flow - Budgeted] }

fun cpus[d: Domain]: set Cpu { some d.scheduled implies d.scheduled else d.pinned }
pred alone[d: Domain] { d in Exclusive and no d.scheduled }
pred meetOnCore[a, b: Domain] {
  some cpus[a] and some cpus[b] implies some cpus[a] & cpus[b] else not (alone[a] or alone[b])
}
pred meetOnBus[a, b: Domain] { some a.runs and some b.runs implies some a.runs & b.runs }
fun uses[d: Domain]: set Disk { { k: Disk | some f: Flow | f.source + f.target = d + k } }

pred sharing[a, b: Domain, s: Share] {
  a != b
  s = SharedCache
    or (s = SharedCore and meetOnCore[a, b])
    or (s = SharedMemoryBus and meetOnBus[a, b])
    or (s = SharedDisk and some uses[a] & uses[b])
}
pred acceptedRisk[a, b: Endpoint, s: Share] {
  some r: ResidualRisk | s in r.shares and (a in r.one_ and b in r.two or b in r.one_ and a in r.two)
}
fun accepted: Endpoint -> Endpoint { { a, b: Domain | some s: Share | sharing[a, b, s] and acceptedRisk[a, b, s] } }
fun undeclared: Endpoint -> Endpoint {
  { a, b: Domain | some s: Share | sharing[a, b, s] and not acceptedRisk[a, b, s] }
}

/* ---- assertions ---- */

fun definite: Endpoint -> Endpoint { declared + unbudgeted }

/* Everything that is known and was decided on: what strict assertions look at. */
fun known: Endpoint -> Endpoint { definite + budgeted + accepted }

fun edges[a: Assertion]: Endpoint -> Endpoint { a in Strict implies known else definite }

/* Paths that don't touch those endpoints, between different ends. */
fun paths[e: Endpoint -> Endpoint, avoid: set Endpoint]: Endpoint -> Endpoint {
  ^((Endpoint - avoid) <: e :> (Endpoint - avoid)) - iden
}

pred holds[a: Assertion] {
  a in Never implies no a.sources <: paths[edges[a], none] :> a.targets
  a in UnlessVia implies no a.sources <: paths[edges[a], a.via] :> a.targets
  a in Must implies (a.sources -> a.targets) - iden in paths[declared, none]
}

/* ---- noninterference ---- */

fun against: Endpoint -> Endpoint { { a, b: Endpoint | not dominates[b.label, a.label] } }

/* Guards cut the paths that they mediate. */
fun unguarded: Endpoint -> Endpoint { (declared + unbudgeted) - mediated }

/* Against the order by flows that nothing bounds and nobody has accepted. */
fun leaks: Endpoint -> Endpoint { ^unguarded & against }

/* The same with shared resources that nobody has accepted. */
fun interferes: Endpoint -> Endpoint { ^(unguarded + undeclared) & against }

/* Only over budgeted reverse edges and accepted sharing as well; and only over undeclared sharing on top of these. */
fun toleratedWays: Endpoint -> Endpoint { unguarded + (budgeted - mediated) + accepted }
fun residual: Endpoint -> Endpoint { (^toleratedWays & against) - leaks }
fun throughHardware: Endpoint -> Endpoint { (^(toleratedWays + undeclared) & against) - leaks - residual }

/* Verdicts: who plans time on CPUs wants undeclared sharing closed. Whoever is neither is safe. */
fun ends[r: Endpoint -> Endpoint]: set Domain { Domain & (r.Endpoint + Endpoint.r) }
fun unsafe: set Domain { ends[some Interval implies interferes else leaks] }
fun ambiguous: set Domain { ends[^(toleratedWays + undeclared) & against] - unsafe }

/* ---- conflicts of interest ---- */

fun apart[s: ConflictSet]: set Endpoint { Exempt + { g: Guard | s in g.sanitizes } }

/* Whom information of a party can reach, ever, if nothing holds it up. */
fun reachOf[p: Party]: set Endpoint { p.members.*((Endpoint - apart[p.group]) <: declared) }

/* Where two parties of a historic set could meet: some opening is going to be refused. */
fun meetingPlaces: ConflictSet -> Endpoint {
  { s: Historic, e: Endpoint - apart[s] | some disj p, q: group.s | e in reachOf[p] & reachOf[q] }
}

/* Concurrent sets of which two parties have domains: some start is going to be refused. */
fun crowded: set ConflictSet {
  { s: Concurrent | some disj p, q: group.s | some (p.members & Domain) - apart[s] and some (q.members & Domain) - apart[s] }
}

/* Flows between domains that can never run together. */
fun neverTogether: set Flow {
  { f: Flow | some s: Concurrent, disj p, q: group.s |
    f.source in (p.members & Domain) - apart[s] and f.target in (q.members & Domain) - apart[s] }
}
