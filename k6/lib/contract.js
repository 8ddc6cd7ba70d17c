// What every operation that viewers read has in common, told from its description alone.
import { ask, header } from './http.js';
import { expect, expectStatus } from './expect.js';
import { expired } from './tokens.js';
import { address } from './ops.js';
import { list, object, text } from './shape.js';

const absentID = '01900000-0000-7000-8000-000000000000';
const compressible = 2048; // bytes of a body that any coding shrinks

// Values that no parameter of the name takes.
const refused = {
  category: ['c'.repeat(101)], channel_ids: ['no-id', ''], content_rating: ['X'], content_type: ['radio'], cursor: ['forged'], end_time: ['soon'], fields: ['no_such_field'], genre: ['g'.repeat(101)],
  language: ['l'.repeat(36)], limit: ['0', '101', 'ten'], platform: ['fridge'], q: ['q'.repeat(201)], release_year: ['soon'], release_year_max: ['soon', '2101'],
  release_year_min: ['soon', '1887'], sort: ['no_such_field'], start_time: ['soon'], status: ['broken'], window: ['ever'],
};

export class Contract {
  constructor(op, smokeCase, catalogue, token) {
    this.op = op;
    this.case = smokeCase;
    this.catalogue = catalogue;
    this.token = op.access === 'public' ? undefined : token;
    this.values = smokeCase.values?.(catalogue) ?? {};
    this.needs = smokeCase.needs?.(catalogue);
  }

  // get asks with whatever the operation can't do without.
  get({ values = this.values, query, ...options } = {}) {
    const to = address(this.op.id, values, { ...this.needs, ...query });
    return ask(this.op.id, to, { token: this.token, ...options });
  }

  expect(what, ok, found) {
    return expect(this.op.id, what, ok, found);
  }

  run() {
    const answer = this.get();
    if (!expectStatus(this.op.id, answer, this.op.success)) return;
    this.form(answer);
    this.requestIDs(answer);
    this.methods();
    if (this.op.serve === 'hot' || this.op.serve === 'composed') this.caching(answer);
    if (this.op.access !== 'public') this.unauthorised();
    if (this.op.path.includes('{')) this.paths();
    this.parameters();
  }

  form(answer) {
    const type = this.case.type ?? 'application/json';
    this.expect(`is ${type}`, header(answer, 'Content-Type').startsWith(type), header(answer, 'Content-Type'));
    if (!this.case.shape) return;
    const faults = this.case.shape(answer.json(), this.op.id);
    this.expect('has its shape', faults.length === 0, faults);
  }

  requestIDs(answer) {
    const ids = [undefined, 'smoke-1', 'not valid'].map((requestID) => header(this.get({ requestID }), 'X-Request-Id'));
    this.expect('keeps a valid X-Request-Id', ids[1] === 'smoke-1', ids);
    this.expect('makes one else', new Set([header(answer, 'X-Request-Id'), ...ids, '', 'not valid']).size === 6, ids);
  }

  methods() {
    const head = this.get({ method: 'HEAD' });
    this.expect('takes HEAD', head.status === this.op.success && !head.body, head.status);
    const wrong = this.get({ method: 'DELETE', expect: [405] });
    this.expect('no other method', wrong.status === 405 && /\bGET\b/.test(header(wrong, 'Allow')), wrong.status);
  }

  caching(answer) {
    const tag = header(answer, 'ETag');
    this.expect('has a strong ETag', /^"[^"]+"$/.test(tag), tag);
    const control = this.op.max_age ? `public, max-age=${this.op.max_age}` : 'private, no-cache';
    this.expect(`is ${control}`, header(answer, 'Cache-Control') === control, header(answer, 'Cache-Control'));
    const vary = header(answer, 'Vary');
    this.expect('varies by who asks', this.op.access === 'public' || /\bAuthorization\b/i.test(vary), vary);
    this.revalidation(tag);
    this.codings(answer);
    const same = this.get({ query: { no_such_parameter: 1 } });
    this.expect('ignores unknown parameters', same.status === this.op.success && header(same, 'ETag') === tag, same.status);
  }

  revalidation(tag) {
    for (const etag of [tag, `"other", W/${tag}`, '*']) {
      const again = this.get({ etag, expect: [304] });
      this.expect(`is 304 for ${etag}`, again.status === 304 && !again.body && header(again, 'ETag') === tag, again.status);
    }
    const changed = this.get({ etag: '"other"' });
    this.expect('is whole for another ETag', changed.status === this.op.success, changed.status);
  }

  // codings: k6 decodes bodies, so that what it shows is equal for all. What is composed for one request is not coded.
  codings(answer) {
    const plain = this.op.serve === 'composed' || answer.body.length < compressible;
    for (const encoding of ['br', 'gzip']) {
      const coded = this.get({ encoding });
      const used = header(coded, 'Content-Encoding');
      const ought = used === encoding || (used === '' && plain);
      this.expect(`comes as ${encoding}`, ought && coded.body === answer.body, used);
      const again = this.get({ encoding, etag: header(coded, 'ETag'), expect: [304] });
      this.expect(`is 304 for its ETag as ${encoding}`, again.status === 304, again.status);
    }
  }

  // unauthorised comes before anything that the request may also lack.
  unauthorised() {
    for (const token of [null, 'forged', expired]) {
      for (const values of [this.values, absentID]) {
        this.fault(this.get({ token, values, expect: [401] }), 401, 'UNAUTHORIZED', []);
      }
    }
  }

  paths() {
    const names = [...this.op.path.matchAll(/{(\w+)}/g)].map((match) => match[1]);
    this.fault(this.get({ values: { ...this.values, [names[0]]: absentID }, expect: [404] }), 404, 'NOT_FOUND', []);
    this.fault(this.get({ values: 'no-id', expect: [400] }), 400, 'BAD_REQUEST', names);
  }

  parameters() {
    for (const { name } of this.op.query ?? []) {
      for (const value of refused[name] ?? []) {
        this.fault(this.get({ query: { [name]: value }, expect: [400] }), 400, 'BAD_REQUEST', [name]);
      }
    }
  }

  // fault expects an error's status, code and the fields that it names.
  fault(answer, status, code, fields) {
    if (!expectStatus(this.op.id, answer, status)) return;
    const body = answer.json();
    const faults = faultShape(body, 'error');
    const named = faults.length === 0 ? body.details.map((detail) => detail.field) : [];
    const ok = faults.length === 0 && body.code === code && body.request_id === header(answer, 'X-Request-Id');
    this.expect('errors have their form', ok, faults.length > 0 ? faults : body);
    this.expect(`errors name ${fields}`, fields.every((field) => named.includes(field)), named);
  }
}

const faultShape = object({ code: text, message: text, request_id: text, details: list(object({ field: text, code: text, message: text })) });
