// What the browser adds to Brigade's pages: clocks that run on, bars that move, cards that travel from column to column,
// and a lamp that tells at once when the connection is lost. Everything else is HTML from the server.
(() => {
  'use strict';
  const $ = (selector, root = document) => root.querySelectorAll(selector);
  const still = matchMedia('(prefers-reduced-motion: reduce)');

  // The product's clock: what the server last told, running on at its speed.
  let base = 0, scale = 1, at = 0;
  const now = () => base + (performance.now() - at) * scale;

  function setClock() {
    const clock = document.getElementById('clock');
    if (!clock) return;
    if (clock.dataset.build !== document.body.dataset.build) location.reload(); // a newer Brigade answers
    base = Number(clock.dataset.now);
    scale = Number(clock.dataset.scale) || 1;
    at = performance.now();
    tick();
  }

  function span(ms) {
    const s = Math.max(0, Math.floor(ms / 1000)), two = n => String(n).padStart(2, '0');
    return s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)}` : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  }

  function tick(root = document) {
    const t = now();
    const clock = document.getElementById('clock');
    if (clock) clock.textContent = new Intl.DateTimeFormat('en-GB', { timeZone: clock.dataset.zone, hour: '2-digit', minute: '2-digit' }).format(t);
    for (const e of $('[data-since]', root)) e.textContent = span(t - e.dataset.since);
    for (const e of $('.left[data-due]', root)) {
      const left = e.dataset.due - t;
      e.textContent = left < 0 ? '+' + span(-left) : span(left);
      e.classList.toggle('over', left < -1000);
    }
  }

  // A bar goes from where the task stands now to its end, by CSS.
  function runBars(root) {
    for (const bar of $('.bar[data-start]', root)) {
      const start = Number(bar.dataset.start), due = Number(bar.dataset.due), t = now();
      const part = due > start ? Math.min(1, Math.max(0, (t - start) / (due - start))) : 1;
      const fill = bar.firstElementChild;
      fill.style.setProperty('--from', part);
      fill.style.setProperty('--left', Math.max(0, (due - t) / scale) + 'ms');
      fill.classList.add('runs');
    }
  }

  // A card that leaves one column and comes up in another travels there; a new one comes in.
  const places = new Map();
  let loaded = false;

  // inSight is where a card is, or nothing when its list is scrolled away from it.
  function inSight(card) {
    const box = card.getBoundingClientRect(), list = card.closest('.cards').getBoundingClientRect();
    return box.bottom > list.top && box.top < list.bottom ? box : null;
  }

  function remember(root) {
    for (const card of $('.card', root)) places.set(card.id, { box: inSight(card), column: card.closest('.column').dataset.column });
  }

  function travel(root) {
    const column = root.dataset.column;
    if (!column) return;
    for (const card of $('.card', root)) {
      const from = places.get(card.id);
      if (!loaded || from && from.column === column) continue;
      card.classList.add('arrived');
      if (!still.matches) from ? fly(card, from.box) : card.animate([{ opacity: 0 }, { opacity: 1 }], 300);
    }
    remember(root);
    if (places.size > 500) for (const id of places.keys()) if (!document.getElementById(id)) places.delete(id);
  }

  // fly lets a copy of the card cross the page, because a list shows nothing outside of itself.
  function fly(card, from) {
    const to = inSight(card);
    if (!from || !to) return;
    const copy = card.cloneNode(true);
    copy.removeAttribute('id');
    copy.setAttribute('aria-hidden', 'true');
    copy.inert = true;
    copy.classList.add('flying');
    copy.style.setProperty('--tone', getComputedStyle(card).getPropertyValue('--tone'));
    Object.assign(copy.style, { left: to.left + 'px', top: to.top + 'px', width: to.width + 'px' });
    document.body.append(copy);
    card.style.opacity = '0'; // seen or not, its button works
    copy.animate([{ transform: `translate(${from.left - to.left}px, ${from.top - to.top}px)` }, { transform: 'none' }], { duration: 450, easing: 'cubic-bezier(.3,.7,.2,1)' })
      .finished.finally(() => { copy.remove(); card.style.opacity = ''; });
  }

  // The lamp.
  const missedAfter = 12000;
  let heard = 0, link = '';

  function setLink(state) {
    const lamp = document.getElementById('link');
    if (!lamp || link === state) return;
    link = state;
    lamp.dataset.state = state;
    lamp.querySelector('.words').textContent = { on: lamp.dataset.sayOn ?? 'live', off: lamp.dataset.sayOff ?? 'offline', wait: lamp.dataset.sayWait ?? 'connecting' }[state];
    document.body.classList.toggle('offline', state === 'off');
  }

  function alive() {
    heard = performance.now();
    setLink('on');
  }

  document.addEventListener('htmx:sseOpen', alive);
  document.addEventListener('htmx:sseError', () => setLink('off'));
  document.addEventListener('htmx:sseClose', () => setLink('off'));
  addEventListener('offline', () => setLink('off'));
  document.addEventListener('htmx:sseBeforeMessage', e => remember(e.target));
  document.addEventListener('htmx:sseMessage', e => {
    alive();
    const root = e.target;
    if (root.querySelector('#clock')) setClock();
    tick(root);
    runBars(root);
    travel(root);
    loaded = true;
  });

  // Buttons that need no server.
  document.addEventListener('click', e => {
    const close = e.target.closest('[data-close]'), copy = e.target.closest('[data-copy]');
    if (close) document.getElementById(close.dataset.close).replaceChildren();
    if (copy) navigator.clipboard.writeText(document.getElementById(copy.dataset.copy).textContent).then(() => { copy.textContent += ' ✓'; });
  });

  if (document.getElementById('link')) setLink('wait');
  if (navigator.clipboard) for (const b of $('[data-copy]')) b.hidden = false;
  setClock();
  runBars(document);
  remember(document);
  setInterval(() => {
    tick();
    if (link === 'on' && performance.now() - heard > missedAfter) setLink('off');
  }, 500);
})();
