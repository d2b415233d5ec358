// What the browser adds to the pages of workflows: a fault leads to its line, lines are numbered while one writes, and a
// run that has ended says so to the rest of its page.
(() => {
  'use strict';
  const text = document.getElementById('text');

  function number() {
    const gutter = document.querySelector('.gutter');
    const lines = text.value.split('\n').length;
    gutter.textContent = Array.from({ length: lines }, (_, i) => i + 1).join('\n');
    gutter.scrollTop = text.scrollTop;
  }

  document.addEventListener('click', e => {
    const to = e.target.closest('[data-line]');
    if (!to || !text) return;
    const lines = text.value.split('\n'), n = Math.min(Number(to.dataset.line), lines.length);
    const start = lines.slice(0, n - 1).join('\n').length + (n > 1 ? 1 : 0);
    text.focus();
    text.setSelectionRange(start, start + lines[n - 1].length);
  });

  if (text) {
    text.addEventListener('input', number);
    text.addEventListener('scroll', () => { document.querySelector('.gutter').scrollTop = text.scrollTop; });
    number();
  }
})();
