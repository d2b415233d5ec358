// Two notes. Browsers let a page be heard only after it was touched.
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

// chime is heard where the page may be.
export function chime() {
  if (sound?.state !== 'running') return;
  note(880, sound.currentTime);
  note(1318, sound.currentTime + 0.16);
}
