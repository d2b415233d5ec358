// The keypad: by touch, by keyboard, by a bump bar whose keys are digits.
const input = document.getElementById('pin'), pad = document.getElementById('pad');
const form = input.form;
pad.hidden = false;
form.classList.add('padded');

function press(key) {
  if (key === 'go') form.requestSubmit();
  else if (key === '') input.value = input.value.slice(0, -1);
  else if (input.value.length < input.maxLength) input.value += key;
}

pad.addEventListener('click', e => {
  const key = e.target.closest('[data-digit]');
  if (key) press(key.dataset.digit);
});

// Keys count wherever the focus is, but for those that fields and buttons take themselves.
document.addEventListener('keydown', e => {
  if (e.target.closest('input, select, textarea') || e.ctrlKey || e.metaKey || e.altKey) return;
  if (/^[0-9]$/.test(e.key)) press(e.key);
  else if (e.key === 'Backspace') press('');
  else if (e.key === 'Enter' && !e.target.closest('button, a, summary')) press('go');
  else return;
  e.preventDefault();
});
