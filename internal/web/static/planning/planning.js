// What the browser adds to the planning pages: when the forecasts that are being made are there, the page reads itself again.
(() => {
  'use strict';
  document.addEventListener('htmx:sseMessage', e => {
    const told = e.target.querySelector('[data-run]'), page = document.getElementById('content');
    if (e.target.id !== 'state' || !told || !page || told.dataset.busy === 'true') return;
    if (told.dataset.run !== page.dataset.run) htmx.trigger(document.body, 'changed');
  });
})();
