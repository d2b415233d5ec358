// A tablet that nobody touches locks itself. The server does so too: this only shows it.
const lock = document.getElementById('lock');
const idle = lock.dataset.idle * 1000;
let touched = performance.now();
for (const kind of ['pointerdown', 'keydown', 'touchstart']) addEventListener(kind, () => { touched = performance.now(); }, { passive: true, capture: true });
const watch = setInterval(() => {
  if (performance.now() - touched < idle || !navigator.onLine) return;
  clearInterval(watch);
  lock.requestSubmit();
}, 1000);
