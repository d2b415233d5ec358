// The product's clock runs on between two words of the server.
let base = 0, scale = 1, at = 0, zone = 'UTC';

export const now = () => base + (performance.now() - at) * scale;

const clockFace = () => new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit' });
let face = null;

// setClock takes over what the server last told.
export function setClock() {
  const clock = document.getElementById('clock');
  if (clock.dataset.build !== document.body.dataset.build) location.reload(); // a newer Brigade answers
  if (zone !== clock.dataset.zone || !face) { zone = clock.dataset.zone; face = clockFace(); }
  scale = Number(clock.dataset.scale) || 1;
  base = Number(clock.dataset.now) + (clock.dataset.real ? Math.max(0, Date.now() - clock.dataset.real) * scale : 0); // of a kept picture
  at = performance.now();
}

export const hhmm = t => face.format(t);

export function span(ms) {
  const s = Math.max(0, Math.floor(ms / 1000)), two = n => String(n).padStart(2, '0');
  return s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)}` : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

// write changes an element's text when it is another one.
export const write = (e, text) => { if (e && e.textContent !== text) e.textContent = text; };
