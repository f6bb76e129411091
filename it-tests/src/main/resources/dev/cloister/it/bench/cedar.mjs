// Times Cedar's decisions: node cedar.mjs CALLS ROUNDS; prints nanoseconds per decision for each round.
import { readFileSync } from 'node:fs';
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';

const calls = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const rounds = Number(process.argv[3]);
const parsed = cedar.preparsePolicySet('flows', {
  staticPolicies: `permit(principal, action, resource) when {
    principal.receivers.contains(resource)
    && resource.levels.contains(principal.level)
    && resource.compartments.containsAll(principal.compartments)
  };`,
});
if (parsed.type !== 'success') {
  throw new Error(JSON.stringify(parsed));
}
const figures = [];
// The first round warms up and is thrown away.
for (let round = -1; round < rounds; round++) {
  const start = process.hrtime.bigint();
  for (const { call, allowed } of calls) {
    const answer = cedar.statefulIsAuthorized(call);
    if (answer.type !== 'success' || (answer.response.decision === 'allow') !== allowed) {
      throw new Error(`Cedar answers ${JSON.stringify(answer)} to ${JSON.stringify(call)}`);
    }
  }
  if (round >= 0) {
    figures.push(Number(process.hrtime.bigint() - start) / calls.length);
  }
}
console.log(figures.join(' '));
