// What the browser adds to the shop: an item opens over the menu, no group takes more than it may, and a sheet prints.
(() => {
  'use strict';
  const sheet = document.getElementById('sheet');

  document.addEventListener('htmx:afterSwap', e => {
    if (!sheet) return;
    if (e.target === sheet) sheet.showModal();
    if (e.target.id === 'cart' && sheet.open) sheet.close();
  });
  if (sheet) sheet.addEventListener('click', e => { if (e.target === sheet) sheet.close(); });

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
