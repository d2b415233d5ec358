// Where the phone is, while its driver is on shift: gathered as the phone tells it, sent every few seconds together, kept while
// there is no network. What the phone refuses is said plainly.
import { now } from '../kit/time.js';

const { positions: url, acting } = document.body.dataset;
const box = document.getElementById('where');
const every = 5000; // ms between two batches
const apart = 3000; // ms between two positions, at least
const quiet = 30000; // ms without a batch: an empty one says that he is there
const most = 600; // positions are kept; the oldest go first
const atOnce = 100;
let watch = null, wanted = false, agreed = acting === undefined, gathered = [], busy = false, last = 0, sent = 0;

// tell says in a word of the page why nobody knows where he is; '' = it is known.
function tell(what) {
  box.hidden = !what;
  box.dataset.state = what;
  if (!what) return;
  box.querySelector('p').textContent = box.dataset[what];
  const b = box.querySelector('button');
  b.hidden = what === 'insecure' || what === 'unknown';
  b.textContent = what === 'share' ? b.dataset.ask : b.dataset.again;
}

function taken(p) {
  tell('');
  if (performance.now() - last < apart && last) return;
  last = performance.now();
  gathered.push({ lat: p.coords.latitude, lon: p.coords.longitude, at: Math.round(now()) });
  if (gathered.length > most) gathered.shift();
  if (!sent) send();
}

function refused(fault) {
  if (fault.code !== fault.PERMISSION_DENIED) return tell('unknown'); // it goes on trying
  stop();
  tell('refused');
}

function start() {
  if (watch !== null) return;
  if (!isSecureContext || !navigator.geolocation) return tell('insecure');
  watch = navigator.geolocation.watchPosition(taken, refused, { enableHighAccuracy: true, maximumAge: 5000, timeout: 30000 });
}

function stop() {
  if (watch !== null) navigator.geolocation.clearWatch(watch);
  watch = null;
}

// follow says whether where he is matters now: he is on shift.
export function follow(is) {
  if (is === wanted) return;
  wanted = is;
  if (!is) { stop(); gathered = []; return tell(''); }
  if (agreed) start(); else tell('share');
}

async function send() {
  if (busy || !wanted || !agreed || (!gathered.length && performance.now() - sent < quiet)) return;
  busy = true;
  const batch = gathered.slice(0, atOnce);
  try {
    const answer = await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(batch), signal: AbortSignal.timeout(8000) });
    if (answer.status === 401) location.reload(); // he has to sign in; what is tapped is kept
    if (answer.ok || answer.status === 422) { // what is no place on earth is not sent again
      gathered.splice(0, batch.length);
      sent = performance.now();
      document.body.dataset.positioned = new Date().toISOString();
    }
  } catch {
    // it is sent with the next
  } finally {
    busy = false;
  }
}

box.querySelector('button').addEventListener('click', () => { agreed = true; tell(''); start(); });
document.addEventListener('visibilitychange', () => { if (!document.hidden && wanted && agreed) start(); });
setInterval(send, every);
