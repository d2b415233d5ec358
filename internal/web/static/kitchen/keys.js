// The keys of a bump bar. A card's main button is what a number, or Enter, presses; arrows move between cards.
import { is } from './settings.js';

const mains = () => [...document.querySelectorAll('.ticks [data-main], .ticks .row .go')].filter((b, _, all) => {
  const card = b.closest('.tick');
  return b.hasAttribute('data-main') || !all.some(x => x !== b && x.closest('.tick') === card && x.hasAttribute('data-main'));
});

// number writes on each card the key that bumps it.
export function number() {
  let n = 0;
  for (const b of mains()) {
    const badge = b.closest('.tick').querySelector('.badge');
    const text = ++n <= 9 ? String(n) : '';
    if (badge.textContent !== text) badge.textContent = text;
  }
}

// towards finds the card that lies next in a direction.
function towards(key, list) {
  const from = document.activeElement?.closest?.('.tick');
  if (!from) return list[0];
  const at = list.findIndex(b => b.closest('.tick') === from);
  if (key === 'ArrowRight') return list[Math.min(at + 1, list.length - 1)];
  if (key === 'ArrowLeft') return list[Math.max(at - 1, 0)];
  const here = from.getBoundingClientRect(), down = key === 'ArrowDown';
  let best = null, least = Infinity;
  for (const b of list) {
    const box = b.closest('.tick').getBoundingClientRect();
    const gap = down ? box.top - here.bottom : here.top - box.bottom;
    if (gap < -1) continue;
    const far = gap + 3 * Math.abs(box.left - here.left);
    if (far < least) [best, least] = [b, far];
  }
  return best || list[at];
}

// setUp hears the keys; acts are what the letters do.
export function setUp(acts) {
  document.addEventListener('keydown', e => {
    if (!is('keys') || e.ctrlKey || e.metaKey || e.altKey || document.querySelector('dialog[open]')) return;
    if (e.target.closest('input, select, textarea')) return;
    const list = mains();
    if (/^[1-9]$/.test(e.key)) {
      const b = list[e.key - 1];
      if (b) { b.focus(); b.click(); }
    } else if (e.key.startsWith('Arrow') && list.length) {
      const b = towards(e.key, list);
      b?.focus();
      b?.closest('.tick').scrollIntoView({ block: 'nearest' });
    } else {
      const act = acts[e.key === 'Backspace' ? 'u' : e.key.toLowerCase()];
      if (!act) return;
      act();
    }
    e.preventDefault();
  });
}
