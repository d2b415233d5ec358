// A kitchen screen: HTML from the server, patched card by card as things change; taps that are never lost; keys, sound and
// a plain word at once when the connection is gone.
import * as link from '../kit/link.js';
import * as taps from '../kit/taps.js';
import { keep } from '../kit/keep.js';
import { say, tell } from '../kit/tell.js';
import { setClock } from '../kit/time.js';
import * as bell from './bell.js';
import * as keys from './keys.js';
import * as menus from './menus.js';
import * as settings from './settings.js';
import { tick } from './time.js';

const byId = id => document.getElementById(id);

// Patches: an element with an id takes the place of the one that has it; new ones wait until a list names them.
const waiting = new Map();

function replace(old, fresh) {
  const held = old.contains(document.activeElement) ? document.activeElement.dataset.f : undefined;
  old.replaceWith(fresh);
  if (held !== undefined) (fresh.querySelector(`[data-f="${held}"]`) || fresh.querySelector('[data-main]') || fresh.querySelector('button'))?.focus({ preventScroll: true });
}

function patch(html) {
  const fresh = link.parse(html);
  if (!fresh) return;
  tick(fresh);
  showKept(fresh);
  const old = byId(fresh.id);
  if (old) replace(old, fresh);
  else if (/^\w+-\d+$/.test(fresh.id)) waiting.set(fresh.id, fresh);
  schedule();
}

let wanted = null, frame = 0;

function arrange(text) {
  wanted = new Map(text.split(';').map(part => {
    const [name, ids] = part.split(':');
    return [name, ids ? ids.split(',') : []];
  }));
  schedule();
}

// schedule puts cards where they belong, once per frame however much has come in.
function schedule() {
  frame ||= requestAnimationFrame(() => { frame = 0; settle(); });
}

function settle() {
  let lost = null;
  for (const [name, ids] of wanted || []) {
    const list = document.querySelector(`[data-list="${name}"]`);
    const keep = new Set(ids);
    for (const card of [...list.children]) {
      if (keep.has(card.id)) continue;
      if (card.contains(document.activeElement)) lost = list;
      card.remove();
    }
    let place = list.firstElementChild;
    for (const id of ids) {
      const card = byId(id) || waiting.get(id);
      waiting.delete(id);
      if (!card) continue;
      if (card === place) place = place.nextElementSibling;
      else list.insertBefore(card, place);
    }
  }
  if (lost) lost.querySelector('[data-main]')?.focus({ preventScroll: true }); // a bump bar goes on with the next card
  keys.number();
  welcome();
  keep();
}

// New work is what was not here before: it is shown, flashed and rung for.
const seen = new Set();
let loaded = false;

function welcome() {
  let fresh = 0;
  for (const e of document.querySelectorAll('.ticks .row[data-task], .tick.ready[data-order]')) {
    const id = e.dataset.task || 'o' + e.dataset.order;
    if (seen.has(id)) continue;
    seen.add(id);
    if (!loaded) continue;
    e.closest('.tick').classList.add('fresh');
    fresh++;
  }
  if (fresh) bell.ring();
}

// What was tapped and is not settled yet is shown on its row, so that nobody taps twice.
function showKept(root = document) {
  const byTask = new Map(), byOrder = new Map();
  for (const t of taps.kept()) t.task ? byTask.set(t.task, t) : byOrder.set(t.order, t);
  const rows = root.matches?.('.row') ? [root] : root.querySelectorAll('.row[data-task]');
  for (const row of rows) mark(row, byTask.get(Number(row.dataset.task)));
  const cards = root.matches?.('.tick') ? [root] : root.querySelectorAll('.tick');
  for (const card of cards) mark(card, byOrder.get(Number(card.dataset.order)));
}

function mark(e, t) {
  const word = !t ? '' : say(link.isOff() ? 'kept' : 'sent');
  if ((e.dataset.kept || '') === word) return;
  if (word) e.dataset.kept = word; else delete e.dataset.kept;
  if (t) e.dataset.tapped = t.do; else delete e.dataset.tapped;
}

// Bumps, and what takes them back.
const bumped = []; // completions of this tablet, the last one last

function press(b) {
  const card = b.closest('.tick'), order = Number(card.dataset.order);
  if (b.dataset.do === 'hand_over') {
    if (!card.dataset.kept) taps.tap({ do: 'hand_over', order, number: card.dataset.number });
    return;
  }
  const ids = b.dataset.tasks.split(',').map(Number).filter(id => taps.keptFor(id)?.do !== b.dataset.do);
  if (!ids.length) return;
  if (b.dataset.do === 'complete') bumped.push({ ids, what: b.dataset.what });
  taps.tap(...ids.map(task => ({ do: b.dataset.do, task, order })));
}

function undo(ids, what) {
  taps.tap(...ids.map(task => ({ do: 'undo', task })));
  tell(say('undone', what));
}

function undoLast() {
  const last = bumped.pop();
  if (!last) return tell(say('nothing'));
  undo(last.ids, last.what);
}

link.mind(() => showKept());

document.addEventListener('click', e => {
  const go = e.target.closest('.tick .go'), undoOne = e.target.closest('[data-undo]'), again = e.target.closest('[data-recall]');
  const more = e.target.closest('[data-more]'), close = e.target.closest('[data-close]');
  if (go) press(go);
  if (more) menus.more(more.closest('.tick'));
  if (undoOne) { undo([Number(undoOne.dataset.undo)], undoOne.dataset.what); byId('lately').close(); }
  if (again) { taps.tap({ do: 'recall', task: Number(again.dataset.recall) }); byId('lately').close(); }
  if (close) byId('toast').replaceChildren();
  const tool = e.target.closest('[data-tool]');
  if (tool) tools[tool.dataset.tool]();
});

const open = id => byId(id)?.showModal();
const tools = {
  undo: undoLast,
  recent: () => open('lately'),
  help: () => open('help'),
  size: settings.nextSize,
  full: () => document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen(),
};

document.querySelector('.tabs [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
settings.setUp(() => keys.number());
setClock();
if (byId('texts')) {
  menus.setUp();
  keys.setUp({ u: undoLast, r: tools.recent, '?': tools.help, m: () => { const c = document.activeElement?.closest('.tick'); if (c) menus.more(c); } });
}
link.set('wait');
tick();
keys.number();
welcome();
showKept();
loaded = true;
if (document.body.dataset.view !== '86') link.follow({ patch, lists: arrange, clock: () => tick() }); else link.set(navigator.onLine ? 'on' : 'off');
taps.send();
setInterval(tick, 500, document);
