// Keeps what the screen shows, so that the device shows it again when it is loaded anew without a network. It needs a
// secure address (https, or the machine itself); elsewhere the screen keeps what it shows until it is loaded anew.
// The body says where the worker is (data-worker) and for which pages (data-scope).
import { now } from './time.js';

const { worker, scope } = document.body.dataset;
const store = 'brigade-' + scope.split('/')[1];
const every = 3000; // ms between two pictures, at least
const can = 'serviceWorker' in navigator && 'caches' in window;
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'";
let timer = 0;

function picture() {
  const copy = document.documentElement.cloneNode(true);
  for (const e of copy.querySelectorAll('[style]')) e.removeAttribute('style');
  for (const e of copy.querySelectorAll('[open]')) e.removeAttribute('open');
  copy.removeAttribute('style');
  copy.querySelector('#toast').replaceChildren();
  const clock = copy.querySelector('#clock');
  clock.dataset.now = now();
  clock.dataset.real = Date.now();
  return new Response('<!doctype html>' + copy.outerHTML, { headers: { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': policy } });
}

async function write() {
  timer = 0;
  const kept = await caches.open(store);
  await kept.put(location.href.split('#')[0], picture());
  document.body.dataset.pictured = 'yes';
}

// keep takes a picture of the screen soon.
export function keep() {
  if (can) timer ||= setTimeout(() => write().catch(() => {}), every);
}

// forget drops what is kept: whoever has the device next is not to see it.
export async function forget() {
  clearTimeout(timer);
  if (can) await caches.delete(store);
}

// files are read once more through the worker, which keeps them.
async function begin() {
  await navigator.serviceWorker.register(worker, { scope });
  await navigator.serviceWorker.ready;
  const kept = await caches.open(store);
  for (const f of performance.getEntriesByType('resource')) {
    if (f.name.includes('/static/') && !await kept.match(f.name)) await kept.add(f.name);
  }
  await write();
}

if (can) begin().catch(() => {});
document.addEventListener('submit', e => { if (e.target.action.endsWith('/logout')) forget(); });
