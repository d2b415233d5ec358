// What is tapped is kept in the device until the server has it. Each tap has a key of its own and is an entry of its own
// in the device's store, so that several windows of one device never lose or repeat one another's. The body says where taps
// are sent (data-taps).
const url = document.body.dataset.taps;
const prefix = 'brigade.tap:' + url + ':';
const atOnce = 50;
const patience = 8000; // ms that an answer may take

let listeners = [];
let busy = false;
let again = 0; // timer of the next try
let count = 0;

// watch calls back whenever what is kept changes, with what was settled or refused.
export const watch = callback => listeners.push(callback);

const notify = news => { for (const f of listeners) f(news); };

function newKey() {
  const random = crypto.getRandomValues(new Uint32Array(2)); // there is no randomUUID without https
  return `${Date.now().toString(36).padStart(9, '0')}-${(count++).toString(36).padStart(3, '0')}-${random[0].toString(36)}${random[1].toString(36)}`;
}

// kept lists what is not settled yet, the oldest first.
export function kept() {
  const list = [];
  for (let i = 0; i < localStorage.length; i++) {
    const name = localStorage.key(i);
    if (name.startsWith(prefix)) list.push(name);
  }
  return list.sort().map(name => JSON.parse(localStorage.getItem(name)));
}

// keptFor finds the last that is kept for a task, or for an order.
export const keptFor = (task, order) => kept().findLast(t => task ? t.task === task : t.order === order && !t.task);

const forget = key => localStorage.removeItem(prefix + key);

// tap keeps some taps and sends them as soon as it can.
export function tap(...list) {
  for (const t of list) {
    const entry = { key: newKey(), ...t };
    localStorage.setItem(prefix + entry.key, JSON.stringify(entry));
  }
  notify({});
  send();
}

// send settles what is kept, oldest first, until nothing is left or the server cannot be reached.
export async function send() {
  if (busy) return;
  busy = true;
  clearTimeout(again);
  try {
    for (let list = kept(); list.length; list = kept()) {
      if (!await settle(list.slice(0, atOnce))) {
        again = setTimeout(send, 3000);
        break;
      }
    }
  } finally {
    busy = false;
  }
}

// settle sends some taps; false when they must be sent again.
async function settle(list) {
  let answer;
  try {
    answer = await fetch(url, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(list), signal: AbortSignal.timeout(patience),
    });
  } catch {
    notify({ offline: true });
    return false;
  }
  if (answer.status === 401) notify({ signIn: true });
  if (!answer.ok) return false;
  let results;
  try {
    results = await answer.json();
  } catch {
    return false;
  }
  const refused = results.filter(r => r.outcome === 'refused');
  for (const r of results) if (r.outcome !== 'again') forget(r.key);
  notify({ settled: results.length, refused, taps: list });
  return results.length === list.length && results.every(r => r.outcome !== 'again');
}

addEventListener('online', send);
addEventListener('storage', e => { if (e.key?.startsWith(prefix)) notify({}); });
