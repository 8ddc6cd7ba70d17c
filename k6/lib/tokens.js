// The tokens that k6/run has minted, kept once for all VUs.
import { SharedArray } from 'k6/data';
import { tokenDir } from './env.js';

function lines(name) {
  return new SharedArray(name, () => open(`${tokenDir}/${name}`).split('\n').filter((line) => line !== ''));
}

export const viewers = lines('viewers'); // each of an account of its own
export const players = lines('players'); // the i-th is of the i-th generated account
export const expired = lines('expired')[0];
export const editor = lines('editor')[0];
