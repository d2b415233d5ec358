// What the browser adds to the shop: an item opens over the menu, no group takes more than it may, and a sheet prints.
(() => {
  'use strict';
  const sheet = document.getElementById('sheet');

  document.addEventListener('htmx:afterSwap', e => {
    const into = e.detail.target;
    if (!sheet || !into) return;
    if (into === sheet) sheet.showModal();
    if (into.id === 'cart' && sheet.open) sheet.close();
  });
  if (sheet) sheet.addEventListener('click', e => { if (e.target === sheet) sheet.close(); });

  // What was asked of a cart that is being ordered comes too late: its answer must not bring the cart back.
  const way = document.getElementById('way');
  if (way) way.addEventListener('submit', () => htmx.trigger(way, 'htmx:abort'));

  // What was filled in before the scripts were there, or by the browser itself, is asked about now.
  const differs = f => f.type === 'radio' ? f.checked !== f.defaultChecked : f.tagName === 'INPUT' && f.value !== f.defaultValue;
  addEventListener('load', () => {
    if (way && [...way.elements].some(differs)) way.dispatchEvent(new Event('change', { bubbles: true }));
  });

  document.addEventListener('change', e => {
    const group = e.target.closest && e.target.closest('fieldset[data-most]');
    if (!group || e.target.type !== 'checkbox') return;
    const full = group.querySelectorAll(':checked').length >= Number(group.dataset.most);
    for (const box of group.querySelectorAll('[type=checkbox]')) box.disabled = full && !box.checked;
  });

  for (const b of document.querySelectorAll('[data-print]')) {
    b.hidden = false;
    b.addEventListener('click', () => print());
  }
})();
