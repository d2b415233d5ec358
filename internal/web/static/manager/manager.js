// The line that shows now moves on between two messages of the feed, by the clock that the page shows.
(() => {
  'use strict';
  let base = 0, scale = 1, at = 0;

  function setClock() {
    const clock = document.getElementById('clock');
    if (!clock || Number(clock.dataset.now) === base) return;
    base = Number(clock.dataset.now);
    scale = Number(clock.dataset.scale) || 1;
    at = performance.now();
  }

  function move() {
    setClock();
    const axis = document.querySelector('.ticks[data-from]');
    const line = axis && axis.querySelector('.now');
    if (!line) return;
    const from = Number(axis.dataset.from), to = Number(axis.dataset.to);
    const x = 100 * (base + (performance.now() - at) * scale - from) / (to - from) + '%';
    line.setAttribute('x1', x);
    line.setAttribute('x2', x);
  }

  move();
  setInterval(move, 1000);
  document.addEventListener('htmx:sseMessage', move);
})();
