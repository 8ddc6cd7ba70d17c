// A viewer's device: it has one token and one way to ask, and some remember ETags.
import exec from 'k6/execution';
import { ask, header } from './http.js';
import { viewers } from './tokens.js';

const keepShare = 0.5; // of the devices have an HTTP cache
const returnShare = 0.5; // of its requests are for what it holds: the home screen, a title that is looked at again

// What players send: browsers and current SDKs offer br, older ones gzip, a few nothing.
const encodings = ['gzip, deflate, br', 'gzip, deflate, br', 'gzip, deflate, br, zstd', 'gzip', 'gzip', ''];

export const pick = (all) => all[Math.floor(Math.random() * all.length)];

// popular picks with probability about 1/rank: a few take most.
export const popular = (all) => all[Math.floor(Math.pow(all.length + 1, Math.random())) - 1];

export class Device {
  constructor() {
    this.token = viewers[exec.vu.idInTest % viewers.length];
    this.encoding = pick(encodings);
    this.known = Math.random() < keepShare ? new Map() : null; // path → what was answered there
  }

  // again returns the operation and path of something that the device has an answer to, or for a first visit undefined.
  again() {
    if (!this.known?.size || Math.random() > returnShare) return undefined;
    const [path, { op }] = pick([...this.known]);
    return [op, path];
  }

  // get returns the answer and the ETag that it was asked with.
  get(op, path, options) {
    const etag = this.known?.get(path)?.etag;
    const answer = ask(op, path, { token: this.token, encoding: this.encoding, etag, ...options });
    if (answer.status === 200) this.known?.set(path, { op, etag: header(answer, 'ETag') });
    return { answer, etag };
  }
}
