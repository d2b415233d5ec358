// What of a kitchen screen depends on time: elapsed times, bars and what is late follow the product's clock.
import { hhmm, now, span, write } from '../kit/time.js';

function late(e, is) {
  if (e.classList.contains('over') === is) return;
  e.classList.toggle('over', is);
  const word = e.querySelector('.late');
  if (word) word.hidden = !is;
}

// tick brings everything in root that depends on time up to date.
export function tick(root = document) {
  const t = now();
  if (root === document) write(document.getElementById('clock'), hhmm(t));
  for (const e of root.querySelectorAll('[data-since]')) write(e, span(t - e.dataset.since));
  for (const row of root.querySelectorAll('.row.started')) {
    const start = Number(row.dataset.start), due = Number(row.dataset.due), part = due > start ? (t - start) / (due - start) : 1;
    write(row.querySelector('.run'), span(t - start));
    row.querySelector('.bar rect').style.transform = `scaleX(${Math.min(1, Math.max(0, part)).toFixed(2)})`;
    row.classList.toggle('soon', part >= .8 && part <= 1);
    late(row, part > 1);
  }
  for (const e of root.querySelectorAll('[data-promise]')) late(e, t > Number(e.dataset.promise));
}
