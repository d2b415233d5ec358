// Two notes and one flash of the screen's edge when new work comes. Browsers let a page be heard only after it was touched.
import { is } from './settings.js';

let sound;

function wake() {
  sound ??= new AudioContext();
  if (sound.state === 'suspended') sound.resume();
}

addEventListener('pointerdown', wake);
addEventListener('keydown', wake);

function note(pitch, at) {
  const tone = sound.createOscillator(), volume = sound.createGain();
  tone.frequency.value = pitch;
  tone.connect(volume).connect(sound.destination);
  volume.gain.setValueAtTime(0.0001, at);
  volume.gain.exponentialRampToValueAtTime(0.4, at + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.35);
  tone.start(at);
  tone.stop(at + 0.4);
}

// ring tells of new work.
export function ring() {
  if (is('sound') && sound?.state === 'running') {
    note(880, sound.currentTime);
    note(1318, sound.currentTime + 0.16);
  }
  if (is('flash')) {
    const edge = document.getElementById('flash');
    edge.classList.remove('on');
    void edge.offsetWidth; // begins the animation anew
    edge.classList.add('on');
  }
}
