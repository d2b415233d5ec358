// The dialog "more" of a card: rush, hold, fire, print, and making a unit again with the reason why.
import * as taps from '../kit/taps.js';

const dialog = document.getElementById('more');
let card = null, choice = null;

const act = name => dialog.querySelector(`[data-act="${name}"]`);

// units lists what can be made again: each line of an order, or each task in hand.
function units() {
  const list = [];
  for (const row of card.querySelectorAll('[data-line]')) {
    const line = Number(row.dataset.line);
    if (row.dataset.unit) list.push({ line, unit: Number(row.dataset.unit), text: `${row.dataset.item} ${row.dataset.unit}` });
    else for (let unit = 1; unit <= Number(row.dataset.units); unit++) list.push({ line, unit, text: Number(row.dataset.units) > 1 ? `${row.dataset.item} ${unit}` : row.dataset.item });
  }
  return list.filter((u, i) => list.findIndex(x => x.line === u.line && x.unit === u.unit) === i).slice(0, 12);
}

function button(u, i) {
  const b = document.createElement('button');
  b.type = 'button';
  b.textContent = u.text;
  b.setAttribute('aria-pressed', i === 0);
  b.addEventListener('click', () => {
    choice = u;
    for (const x of b.parentElement.children) x.setAttribute('aria-pressed', x === b);
  });
  return b;
}

// more opens the dialog for a card.
export function more(of) {
  card = of;
  const { short, number, rush, held } = card.dataset;
  const title = document.getElementById('more-title');
  title.textContent = title.dataset.text.replace('%s', short);
  act('rush').hidden = rush === 'true';
  act('unrush').hidden = rush !== 'true';
  act('fire').hidden = held === 'false';
  act('print').href = document.body.dataset.print + encodeURIComponent(number);
  const list = units();
  choice = list[0];
  document.getElementById('units').replaceChildren(...list.map(button));
  dialog.querySelector('fieldset').hidden = !list.length;
  dialog.showModal();
}

// setUp lets the dialog's buttons work.
export function setUp() {
  dialog.addEventListener('click', e => {
    const order = Number(card?.dataset.order), b = e.target.closest('[data-act], [data-reason]');
    if (!b) return;
    if (b.dataset.reason) taps.tap({ do: 'remake', order, line: choice.line, unit: choice.unit, reason: b.textContent });
    else if (b.dataset.act !== 'print') taps.tap({ do: b.dataset.act, order });
    dialog.close();
  });
}
