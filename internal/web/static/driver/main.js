// A driver's page on his phone: HTML from the server, patched as things change; taps that are never lost and done once; a plain
// word at once when the connection is gone; where he is, while he is on shift.
import * as link from '../kit/link.js';
import * as taps from '../kit/taps.js';
import { chime } from '../kit/bell.js';
import { keep } from '../kit/keep.js';
import { say } from '../kit/tell.js';
import { hhmm, now, setClock, span, write } from '../kit/time.js';
import * as where from './where.js';

const byId = id => document.getElementById(id);

// What is patched keeps what was typed, what was opened, and where the keys are.
function carryOver(old, fresh) {
  const same = e => fresh.querySelector('#' + CSS.escape(e.id));
  for (const d of old.querySelectorAll('details[id][open]')) same(d)?.setAttribute('open', '');
  for (const i of old.querySelectorAll('input[id]')) {
    const next = same(i);
    if (next) { next.value = i.value; next.checked = i.checked; }
  }
}

function focusIn(fresh, was) {
  if (!was) return;
  const next = was.id && byId(was.id) || fresh.querySelector('.go') || document.querySelector('main .go');
  next?.focus({ preventScroll: true });
}

// A patch waits while a finger is on the page, which would else have pressed what is no more.
let pressed = false, waiting = [];

function patch(html) {
  if (pressed) { waiting.push(html); return; }
  const fresh = link.parse(html), old = fresh && byId(fresh.id);
  if (!old) return;
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  carryOver(old, fresh);
  showKept(fresh);
  old.replaceWith(fresh);
  focusIn(fresh, focused);
  tick();
  follow();
  keep();
}

function release() {
  pressed = false;
  setTimeout(() => { for (const html of waiting.splice(0)) patch(html); });
}

addEventListener('pointerdown', () => { pressed = true; });
for (const kind of ['pointerup', 'pointercancel']) addEventListener(kind, release);

// buzz is felt where the page may be: browsers want it to be touched first.
function buzz(pattern) {
  if (navigator.userActivation?.hasBeenActive ?? true) navigator.vibrate?.(pattern);
}

// What follows from whether he works, and what is new.
const rung = new Set();
let loaded = false, awake = null;

function follow() {
  const atWork = byId('shift').dataset.works === 'true';
  where.follow(atWork);
  stayAwake(atWork);
  let fresh = 0;
  for (const trip of document.querySelectorAll('.trip')) {
    if (rung.has(trip.dataset.order)) continue;
    rung.add(trip.dataset.order);
    fresh++;
  }
  if (fresh && loaded) {
    chime();
    buzz([250, 120, 250]);
    scrollTo({ top: 0 });
  }
}

// stayAwake keeps the screen on while he works, where a browser can: a phone that sleeps says nothing of where it is.
async function stayAwake(is) {
  if (!is || document.hidden) { awake?.release().catch(() => {}); awake = null; return; }
  if (awake && !awake.released || !navigator.wakeLock) return;
  awake = await navigator.wakeLock.request('screen').catch(() => null);
}

// What was tapped and is not settled yet is shown where it was tapped, so that nobody taps twice. What may only be done after it
// can be done already: both are sent in their order.
function showKept(root = document) {
  const list = taps.kept(), has = (order, of) => list.findLast(t => t.order === order && of.split(' ').includes(t.do));
  const all = selector => root.matches?.(selector) ? [root, ...root.querySelectorAll(selector)] : [...root.querySelectorAll(selector)];
  for (const e of all('[data-of]')) {
    const t = has(e.dataset.order, e.dataset.of);
    if (t) { e.dataset.kept = say(link.isOff() ? 'kept' : 'sent'); e.dataset.tapped = t.do; } else { delete e.dataset.kept; delete e.dataset.tapped; }
  }
  for (const e of all('[data-after]')) e.hidden = !has(e.closest('[data-order]').dataset.order, e.dataset.after);
}

function listOf(form, button) {
  const f = new FormData(form);
  if (button?.name) f.set(button.name, button.value);
  const rest = { do: f.get('do'), reason: f.get('reason') || f.get('other')?.trim() || '', code: f.get('code') || '', photo: f.get('photo') || '', aged: f.has('aged') };
  return f.get('refs').split(',').map(ref => ({ ...rest, order: ref.split(':')[0] }));
}

document.addEventListener('submit', e => {
  if (!e.target.hasAttribute('data-tap')) return;
  e.preventDefault();
  const list = listOf(e.target, e.submitter), kept = taps.kept();
  if (list[0].do === 'problem' && !list[0].reason) { e.target.querySelector('[name=other]').focus(); return; }
  const fresh = list.filter(t => !kept.some(k => k.do === t.do && k.order === t.order));
  buzz(30);
  if (fresh.length) taps.tap(...fresh);
});

document.addEventListener('click', e => {
  if (e.target.closest('[data-close]')) byId('toast').replaceChildren();
  const map = e.target.closest('[data-map]');
  if (map && /iP(hone|ad|od)/.test(navigator.userAgent)) { // its maps do not hear geo:
    const [, at, q] = map.href.match(/^geo:([^?]*)\?q=(.*)$/);
    map.href = at === '0,0' ? 'maps://?q=' + q : 'maps://?daddr=' + at;
  }
});

function tick() {
  write(byId('clock'), hhmm(now()));
  for (const e of document.querySelectorAll('[data-until]')) {
    const left = e.dataset.until - now();
    write(e, left > 0 ? say('left', span(left)) : say('over'));
    e.classList.toggle('over', left <= 0);
  }
}

setClock();
link.set('wait');
link.mind(() => { showKept(); keep(); });
showKept();
tick();
follow();
loaded = true;
link.follow({ patch, clock: tick });
taps.send();
document.addEventListener('visibilitychange', follow);
setInterval(tick, 250);
