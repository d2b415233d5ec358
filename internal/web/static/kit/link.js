// The link to the server: a stream that comes back by itself, a lamp, a plain word at once when it is gone, and what is
// tapped meanwhile. The body says where the stream is (data-live); the page has the elements link, offline, trouble and clock.
import * as taps from './taps.js';
import { keep } from './keep.js';
import { say, tell } from './tell.js';
import { hhmm, now, setClock } from './time.js';

const body = document.body;
const byId = id => document.getElementById(id);
const missedAfter = 12000; // ms without a sign of life
let heard = performance.now(), state = '', lastNews = 0, stream, hear = null;

export const isOff = () => state === 'off';

// parse makes an element of the HTML of one.
export function parse(html) {
  const box = document.createElement('template');
  box.innerHTML = html;
  return box.content.firstElementChild;
}

function explain() {
  const gone = byId('offline'), n = taps.kept().length;
  gone.textContent = say(gone.dataset.text, hhmm(lastNews || now())) + (n ? ' ' + say('queued', n) : '');
}

// set says how the link is: on, off, or wait.
export function set(to) {
  if (state === to) return;
  state = to;
  const lamp = byId('link');
  lamp.dataset.state = to;
  lamp.querySelector('.words').textContent = lamp.getAttribute('data-say-' + to);
  body.classList.toggle('offline', to === 'off');
  byId('offline').hidden = to !== 'off';
  if (to === 'off') explain();
  if (to === 'on') taps.send();
  if (to === 'off') keep();
}

function alive() {
  heard = performance.now();
  lastNews = now();
  set('on');
}

function connect() {
  stream?.close();
  stream = new EventSource(body.dataset.live);
  stream.onopen = alive;
  stream.onerror = () => {
    set('off');
    if (stream.readyState === EventSource.CLOSED) setTimeout(connect, 2000);
  };
  stream.addEventListener('clock', e => { byId('clock').replaceWith(parse(e.data)); setClock(); alive(); });
  stream.addEventListener('trouble', e => { alive(); byId('trouble').innerHTML = e.data; });
  for (const [name, f] of Object.entries(hear)) stream.addEventListener(name, e => { alive(); f(e.data); });
}

// follow connects a page, which hears its messages by their names.
export function follow(messages) {
  hear = messages;
  connect();
}

// mind tells what becomes of taps; shown is called whenever what is kept changes.
export function mind(shown) {
  taps.watch(news => {
    if (news.offline) set('off');
    if (news.signIn) tell(say('sign'), true);
    for (const r of news.refused || []) tell(say('refused', r.why), true);
    shown(news);
    const n = taps.kept().length;
    body.dataset.kept = n;
    if (state === 'off' || !news.settled) explain();
    else if (!n && body.classList.contains('was-kept')) tell(say('settled'));
    body.classList.toggle('was-kept', n > 0 && state === 'off' || n > 0 && body.classList.contains('was-kept'));
  });
}

addEventListener('offline', () => set('off'));
addEventListener('online', () => { if (hear) connect(); else set('on'); });
setInterval(() => {
  if (hear && state === 'on' && performance.now() - heard > missedAfter) { set('off'); connect(); }
}, 500);
