// Two notes and one flash of the screen's edge when new work comes.
import { chime } from '../kit/bell.js';
import { is } from './settings.js';

// ring tells of new work.
export function ring() {
  if (is('sound')) chime();
  if (is('flash')) {
    const edge = document.getElementById('flash');
    edge.classList.remove('on');
    void edge.offsetWidth; // begins the animation anew
    edge.classList.add('on');
  }
}
