// What the browser adds to the dispatcher's page: a delivery is given to a driver by dragging it onto him, in the list or on
// the map; a pin on the map can be chosen; what is chosen is seen on the map. Without it, everything is done by forms.
(() => {
  'use strict';
  const desk = document.querySelector('[data-dispatch]');
  if (!desk) return;
  const slug = encodeURIComponent(desk.dataset.dispatch);
  let dragged = '';

  // What something is dragged from or dropped on: a row of the list, or a pin of the map.
  const order = e => e.closest?.('[data-order]')?.dataset.order || placed(e, 'order-');
  const driver = e => e.closest?.('[data-driver]')?.dataset.driver || placed(e, 'driver-');
  function placed(e, kind) {
    const place = e.closest?.('[data-place]')?.dataset.place || '';
    return place.startsWith(kind) ? place.slice(kind.length) : '';
  }
  const spot = e => e.closest?.('[data-driver], [data-place]');
  const clear = () => document.querySelectorAll('.over').forEach(e => e.classList.remove('over'));

  document.addEventListener('dragstart', e => {
    dragged = order(e.target);
    if (!dragged) return;
    e.dataTransfer.effectAllowed = 'move';
    e.dataTransfer.setData('text/plain', dragged);
    document.body.classList.add('dragging');
  });
  document.addEventListener('dragover', e => {
    clear();
    if (!dragged || !driver(e.target)) return;
    e.preventDefault();
    spot(e.target).classList.add('over');
  });
  document.addEventListener('drop', e => {
    const to = driver(e.target);
    if (!dragged || !to) return;
    e.preventDefault();
    htmx.ajax('POST', `/dispatch/${slug}/assign`, { target: '#toast', values: { order: dragged, driver: to } });
  });
  document.addEventListener('dragend', () => {
    dragged = '';
    clear();
    document.body.classList.remove('dragging');
  });
  // A map must not move while a pin is dragged away from it.
  document.addEventListener('pointerdown', e => { if (e.target.closest?.('.pin[draggable="true"]')) e.stopPropagation(); }, true);

  document.addEventListener('click', e => {
    const pin = e.target.closest?.('.pin[data-place]');
    if (!pin) return;
    const number = order(pin), who = driver(pin);
    if (number || who) htmx.ajax('GET', `/dispatch/${slug}/${number ? 'order' : 'driver'}/${encodeURIComponent(number || who)}`, '#chosen');
  });

  // What is chosen stands out in the lists and on the map.
  function mark() {
    const shown = document.querySelector('#chosen [data-shows]')?.dataset.shows || '';
    for (const e of document.querySelectorAll('[data-order], [data-driver]')) {
      e.classList.toggle('picked', shown !== '' && shown === (e.dataset.order ? 'order-' + e.dataset.order : 'driver-' + e.dataset.driver));
    }
    for (const e of document.querySelectorAll('.pin[data-place]')) e.classList.toggle('over', shown !== '' && shown === e.dataset.place);
  }
  document.addEventListener('htmx:afterSwap', e => {
    mark();
    if (e.target.id === 'chosen' && matchMedia('(max-width: 1099px)').matches) e.target.scrollIntoView({ block: 'nearest' });
  });
  document.addEventListener('htmx:sseMessage', mark);
  document.addEventListener('town:shown', mark);
  mark();
})();
