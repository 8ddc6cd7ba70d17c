// Asks the edge for every operation that it answers itself, in every way that its description tells of.
import { cases } from '../lib/cases.js';
import { discover } from '../lib/catalogue.js';
import { Contract } from '../lib/contract.js';
import { expectStatus, guarded } from '../lib/expect.js';
import { ask } from '../lib/http.js';
import { operations } from '../lib/ops.js';
import { editor, viewers } from '../lib/tokens.js';

const asked = operations.filter((op) => ['hot', 'composed', 'both'].includes(op.serve));
const lacking = asked.filter((op) => !cases[op.id]).map((op) => op.id);
if (lacking.length > 0) throw new Error(`lib/cases.js lacks ${lacking.join(', ')}`);
const unknown = Object.keys(cases).filter((id) => !asked.some((op) => op.id === id));
if (unknown.length > 0) throw new Error(`lib/cases.js has ${unknown.join(', ')}, which the edge does not answer`);

export const options = {
  vus: 1,
  iterations: 1,
  thresholds: { checks: ['rate==1'], http_req_failed: ['rate==0'] },
};

export function setup() {
  return discover(viewers[0], 1);
}

export default function (catalogue) {
  const contracts = new Map(asked.map((op) => [op.id, new Contract(op, cases[op.id], catalogue, viewers[0])]));
  const again = (id, query, options) => contracts.get(id).get({ query, ...options });
  for (const [id, contract] of contracts) {
    guarded(id, () => contract.run());
    guarded(id, () => cases[id].also?.(again, catalogue));
  }
  guarded('hidden', hidden);
}

// hidden: the origin's own operations are not there for players, whoever asks.
function hidden() {
  for (const path of ['/v2/admin/movies', '/internal/feed', '/no-such-path']) {
    expectStatus('hidden', ask('hidden', path, { token: editor, expect: [404] }), 404);
  }
}
