// How this one screen is set: sound, flash, keys and the size of its text. It stays in the tablet.
const name = key => 'brigade.screen.' + key;
const sizes = ['1', '1.2', '1.45', '0.85'];

export const is = key => localStorage.getItem(name(key)) !== 'off';

function show() {
  for (const b of document.querySelectorAll('[data-set]')) b.setAttribute('aria-pressed', is(b.dataset.set));
  document.body.classList.toggle('numbered', is('keys'));
  document.documentElement.style.setProperty('--size', localStorage.getItem(name('size')) || sizes[0]);
}

// setUp lets the buttons of the settings work; changed is called with the setting's name.
export function setUp(changed) {
  document.addEventListener('click', e => {
    const b = e.target.closest('[data-set]');
    if (!b) return;
    localStorage.setItem(name(b.dataset.set), is(b.dataset.set) ? 'off' : 'on');
    show();
    changed(b.dataset.set);
  });
  show();
}

// nextSize makes the text larger, and after the largest small again.
export function nextSize() {
  const now = localStorage.getItem(name('size')) || sizes[0];
  localStorage.setItem(name('size'), sizes[(sizes.indexOf(now) + 1) % sizes.length]);
  show();
}
